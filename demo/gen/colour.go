package main

import "math"

// Color is straight (not premultiplied) sRGB with components 0..1.
type Color struct{ R, G, B, A float64 }

var (
	black = Color{0, 0, 0, 1}
	white = Color{1, 1, 1, 1}
)

func hex(v int) Color {
	return Color{float64(v>>16&255) / 255, float64(v>>8&255) / 255, float64(v&255) / 255, 1}
}

// Fade returns the same colour with an opacity of a.
func (c Color) Fade(a float64) Color { c.A = clamp(a); return c }

func (c Color) bytes() (r, g, b, a int) {
	return int(clamp(c.R)*255 + 0.5), int(clamp(c.G)*255 + 0.5), int(clamp(c.B)*255 + 0.5), int(clamp(c.A)*256 + 0.5)
}

func mix(a, b Color, k float64) Color {
	return Color{a.R + (b.R-a.R)*k, a.G + (b.G-a.G)*k, a.B + (b.B-a.B)*k, a.A + (b.A-a.A)*k}
}

// through interpolates between evenly spaced colours; k is 0..1.
func through(k float64, stops []Color) Color {
	if len(stops) == 1 {
		return stops[0]
	}
	k = clamp(k) * float64(len(stops)-1)
	i := min(int(k), len(stops)-2)
	return mix(stops[i], stops[i+1], k-float64(i))
}

// Ink is what a shape is filled with: a flat colour, a vertical gradient or a function of place.
type Ink struct {
	Top, Bottom Color
	From, To    float64 // heights of the gradient's ends, in the units of the current transform
	Mode        Blend
	Shade       func(x, y float64) Color // in untransformed units
	graded      bool
}

func flat(c Color) Ink { return Ink{Top: c} }

func graded(top, bottom Color, from, to float64) Ink {
	return Ink{
		Top:    top,
		Bottom: bottom,
		From:   from,
		To:     to,
		graded: true,
	}
}

// screened returns an ink that lightens what is below it.
func (i Ink) screened() Ink { i.Mode = Screen; return i }

func clamp(v float64) float64 { return math.Max(0, math.Min(1, v)) }

// ramp rises smoothly from 0 at a to 1 at b.
func ramp(a, b, v float64) float64 {
	k := clamp((v - a) / (b - a))
	return k * k * (3 - 2*k)
}

func lerp(a, b, k float64) float64 { return a + (b-a)*k }

// wave is a sine of period seconds, from 0 to 1.
func wave(t, period, phase float64) float64 {
	return 0.5 + 0.5*math.Sin(2*math.Pi*(t/period+phase))
}

// wrap maps v into lo..hi periodically.
func wrap(v, lo, hi float64) float64 {
	v = math.Mod(v-lo, hi-lo)
	if v < 0 {
		v += hi - lo
	}
	return v + lo
}
