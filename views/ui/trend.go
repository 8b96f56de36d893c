package ui

import (
	"strconv"
	"strings"

	"videomall/views/text"
)

// Change is a number beside that of the period before.
type Change struct {
	Now    int64
	Before int64
	Worse  bool // when it grows
	Points bool // both are shares in thousandths: what changed is said in points
}

// Say says how the number moved, in words, and the class of how it is to be taken.
func (c Change) Say(t *text.Printer) (words, tone string) {
	delta := c.Now - c.Before
	switch {
	case c.Now == 0 && c.Before == 0:
		return t.T("overview.no_change"), ""
	case delta == 0:
		return t.T("overview.same"), ""
	case c.Before == 0 && !c.Points:
		words = t.T("overview.from_nothing")
	case c.Points:
		words = signed(delta) + " " + t.T("overview.points")
	default:
		words = signed(delta*1000/c.Before) + "%"
	}
	if (delta > 0) != c.Worse {
		return words, "text-success"
	}
	return words, "text-error"
}

// signed writes thousandths of a whole as hundredths with their sign.
func signed(perMille int64) string {
	sign := "+"
	if perMille < 0 {
		sign, perMille = "−", -perMille
	}
	return sign + Tenths(perMille)
}

// Tenths writes thousandths of a whole as hundredths.
func Tenths(n int64) string {
	if n%10 == 0 || n >= 1000 {
		return strconv.FormatInt(n/10, 10)
	}
	return strconv.FormatInt(n/10, 10) + "." + strconv.FormatInt(n%10, 10)
}

// sparkWidth and sparkHeight are those of a sparkline's drawing, in units of its own.
const (
	sparkWidth  = 120
	sparkHeight = 28
)

// sparkPoints are the corners of a sparkline: the highest value touches the top, nought the foot.
func sparkPoints(values []int64) string {
	var top int64 = 1
	for _, v := range values {
		top = max(top, v)
	}
	step := float64(sparkWidth) / float64(max(len(values)-1, 1))
	points := make([]string, len(values))
	for n, v := range values {
		y := 1 + (sparkHeight-2)*(1-float64(max(v, 0))/float64(top))
		points[n] = strconv.FormatFloat(float64(n)*step, 'f', 1, 64) + "," + strconv.FormatFloat(y, 'f', 1, 64)
	}
	return strings.Join(points, " ")
}
