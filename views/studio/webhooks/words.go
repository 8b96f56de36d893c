// Package webhooks draws a creator's webhooks: the addresses, their secret when it is new, and what was sent there.
// It takes endpoints and messages as the business hands them out and decides how they read; it refuses to ask for
// anything itself.
package webhooks

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"videomall/mall/webhook"
	"videomall/views/text"
	"videomall/views/ui"
)

// base is where the pages lie.
const base = "/studio/webhooks"

// URL is the page of an endpoint.
func URL(id int64) string { return base + "/" + strconv.FormatInt(id, 10) }

// DeliveryURL is the page of a message.
func DeliveryURL(id, deliveryID int64) string {
	return URL(id) + "/deliveries/" + strconv.FormatInt(deliveryID, 10)
}

var stateTones = map[webhook.State]ui.Tone{webhook.On: ui.Success, webhook.Failed: ui.Error, webhook.Gone: ui.Error}

var deliveryTones = map[webhook.DeliveryState]ui.Tone{
	webhook.Pending: ui.Info, webhook.Delivered: ui.Success,
	webhook.Dead: ui.Error,
}

// outcome is what came of a try, in words: the status, or why there was none.
func outcome(t *text.Printer, status int, failure string) string {
	switch {
	case status != 0 && http.StatusText(status) != "":
		return strconv.Itoa(status) + " " + http.StatusText(status)
	case status != 0:
		return strconv.Itoa(status)
	case failure != "":
		return t.T("webhooks.failure." + failure)
	}
	return "–"
}

// took writes a length of time in the unit in which it is read best.
func took(d time.Duration) string {
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
}

// pretty indents JSON; what is none stays as it is.
func pretty(s string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(s), "", "  ") != nil {
		return s
	}
	return out.String()
}

// headerLines lists headers as they travel, by name.
func headerLines(h map[string]string) string {
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(h)) {
		out.WriteString(name + ": " + h[name] + "\n")
	}
	return out.String()
}
