package formvalue

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Row returns the value that the n-th row of a form has in a field, without the space around it; "" where there is
// none.
func Row(values url.Values, field string, n int) string {
	if n >= len(values[field]) {
		return ""
	}
	return strings.TrimSpace(values[field][n])
}

// PressRow does what the button of a form with rows asks for: "add" appends a row unless there are most already, and
// "remove-<n>" removes row n, counted from 0. It reports whether the button was one of them; any other saves the form.
func PressRow[T any](rows *[]T, button string, most int, row T) bool {
	if button == "add" {
		if len(*rows) < most {
			*rows = append(*rows, row)
		}
		return true
	}
	number, ok := strings.CutPrefix(button, "remove-")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 0 || n >= len(*rows) {
		return false
	}
	*rows = slices.Delete(*rows, n, n+1)
	return true
}
