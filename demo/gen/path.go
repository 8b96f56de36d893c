package main

import (
	"math"

	"golang.org/x/image/vector"
)

// Affine maps x, y to a*x + c*y + e, b*x + d*y + f.
type Affine [6]float64

// Times applies n first, then m.
func (m Affine) Times(n Affine) Affine {
	return Affine{
		m[0]*n[0] + m[2]*n[1], m[1]*n[0] + m[3]*n[1],
		m[0]*n[2] + m[2]*n[3], m[1]*n[2] + m[3]*n[3],
		m[0]*n[4] + m[2]*n[5] + m[4], m[1]*n[4] + m[3]*n[5] + m[5],
	}
}

// Apply maps a point.
func (m Affine) Apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

func (m Affine) heightOf(y float64) float64 { return m[3]*y + m[5] }
func (m Affine) size() float64              { return math.Sqrt(math.Abs(m[0]*m[3] - m[1]*m[2])) }

// Point is a place in scene units.
type Point struct{ X, Y float64 }

type segment struct {
	kind byte // M, L, Q, C, Z
	p    [3]Point
}

// Path is a closed outline, or several.
type Path struct{ segs []segment }

func (p *Path) add(kind byte, pts ...Point) *Path {
	s := segment{kind: kind}
	copy(s.p[:], pts)
	p.segs = append(p.segs, s)
	return p
}

func (p *Path) Move(x, y float64) *Path { return p.add('M', Point{x, y}) }
func (p *Path) Line(x, y float64) *Path { return p.add('L', Point{x, y}) }
func (p *Path) Quad(bx, by, x, y float64) *Path {
	return p.add('Q', Point{bx, by}, Point{x, y})
}

func (p *Path) Cube(bx, by, cx, cy, x, y float64) *Path {
	return p.add('C', Point{bx, by}, Point{cx, cy}, Point{x, y})
}
func (p *Path) Close() *Path { return p.add('Z') }

func (p *Path) bounds(m Affine) (x0, y0, x1, y1 float64) {
	x0 = math.Inf(1)
	y0 = math.Inf(1)
	x1 = math.Inf(-1)
	y1 = math.Inf(-1)
	for i := range p.segs {
		s := &p.segs[i]
		n := 1
		switch s.kind {
		case 'Q':
			n = 2
		case 'C':
			n = 3
		case 'Z':
			n = 0
		}
		for _, pt := range s.p[:n] {
			x, y := m.Apply(pt.X, pt.Y)
			x0 = math.Min(x0, x)
			y0 = math.Min(y0, y)
			x1 = math.Max(x1, x)
			y1 = math.Max(y1, y)
		}
	}
	return
}

func (p *Path) trace(r *vector.Rasterizer, m Affine, left, top float32) {
	at := func(pt Point) (float32, float32) {
		x, y := m.Apply(pt.X, pt.Y)
		return float32(x) - left, float32(y) - top
	}
	for i := range p.segs {
		s := &p.segs[i]
		ax, ay := at(s.p[0])
		switch s.kind {
		case 'M':
			r.ClosePath()
			r.MoveTo(ax, ay)
		case 'L':
			r.LineTo(ax, ay)
		case 'Q':
			bx, by := at(s.p[1])
			r.QuadTo(ax, ay, bx, by)
		case 'C':
			bx, by := at(s.p[1])
			cx, cy := at(s.p[2])
			r.CubeTo(ax, ay, bx, by, cx, cy)
		case 'Z':
			r.ClosePath()
		}
	}
	r.ClosePath()
}

// Ellipse adds a rotated ellipse.
func (p *Path) Ellipse(x, y, rx, ry, turn float64) *Path {
	const k = 0.5522847498
	sin, cos := math.Sincos(turn)
	at := func(u, v float64) Point {
		return Point{x + u*rx*cos - v*ry*sin, y + u*rx*sin + v*ry*cos}
	}
	p.add('M', at(1, 0))
	p.add('C', at(1, k), at(k, 1), at(0, 1))
	p.add('C', at(-k, 1), at(-1, k), at(-1, 0))
	p.add('C', at(-1, -k), at(-k, -1), at(0, -1))
	p.add('C', at(k, -1), at(1, -k), at(1, 0))
	return p.Close()
}

// polygon joins points with straight lines.
func polygon(pts ...Point) *Path {
	p := &Path{}
	for i, q := range pts {
		if i == 0 {
			p.Move(q.X, q.Y)
		} else {
			p.Line(q.X, q.Y)
		}
	}
	return p.Close()
}

// ribbon is a stroke along points whose width (units) may change; k runs 0..1 along it.
func ribbon(pts []Point, width func(k float64) float64) *Path {
	n := len(pts)
	left, right := make([]Point, n), make([]Point, n)
	for i, q := range pts {
		a, b := pts[max(0, i-1)], pts[min(n-1, i+1)]
		dx, dy := b.X-a.X, b.Y-a.Y
		l := math.Max(1e-9, math.Hypot(dx, dy))
		w := width(float64(i)/float64(max(1, n-1))) / 2
		left[i] = Point{q.X - dy/l*w, q.Y + dx/l*w}
		right[n-1-i] = Point{q.X + dy/l*w, q.Y - dx/l*w}
	}
	return polygon(append(left, right...)...)
}

func even(w float64) func(float64) float64 { return func(float64) float64 { return w } }

// curve samples f(k), k = 0..1, into n+1 points.
func curve(n int, f func(k float64) Point) []Point {
	pts := make([]Point, n+1)
	for i := range pts {
		pts[i] = f(float64(i) / float64(n))
	}
	return pts
}

// Circle, Oval, Rect, Box (rounded), Stroke and Ridge draw common shapes.
func (c *Canvas) Circle(x, y, r float64, ink Ink) { c.Fill((&Path{}).Ellipse(x, y, r, r, 0), ink) }

// Oval fills a rotated ellipse.
func (c *Canvas) Oval(x, y, rx, ry, turn float64, ink Ink) {
	c.Fill((&Path{}).Ellipse(x, y, rx, ry, turn), ink)
}

// Rect fills a rectangle by its corner and size.
func (c *Canvas) Rect(x, y, w, h float64, ink Ink) {
	c.Fill(polygon(Point{x, y}, Point{x + w, y}, Point{x + w, y + h}, Point{x, y + h}), ink)
}

// Box fills a rectangle with corners rounded by r.
func (c *Canvas) Box(x, y, w, h, r float64, ink Ink) {
	r = math.Min(r, math.Min(w, h)/2)
	p := (&Path{}).Move(x+r, y).Line(x+w-r, y).Quad(x+w, y, x+w, y+r).Line(x+w, y+h-r).Quad(x+w, y+h, x+w-r, y+h)
	c.Fill(p.Line(x+r, y+h).Quad(x, y+h, x, y+h-r).Line(x, y+r).Quad(x, y, x+r, y).Close(), ink)
}

// Ring strokes a circle.
func (c *Canvas) Ring(x, y, r, width float64, ink Ink) {
	p := (&Path{}).Ellipse(x, y, r+width/2, r+width/2, 0)
	c.Fill(p.Ellipse(x, y, r-width/2, -(r-width/2), 0), ink)
}

// Stroke draws a line of even width with round ends.
func (c *Canvas) Stroke(pts []Point, width float64, ink Ink) {
	c.Fill(ribbon(pts, even(width)), ink)
	for _, q := range []Point{pts[0], pts[len(pts)-1]} {
		c.Circle(q.X, q.Y, width/2, ink)
	}
}

// Ridge fills everything below a skyline.
func (c *Canvas) Ridge(step float64, height func(x float64) float64, ink Ink) {
	p := (&Path{}).Move(-60, High+60)
	for x := -60.0; x <= Wide+60; x += step {
		p.Line(x, height(x))
	}
	c.Fill(p.Line(Wide+60, High+60).Close(), ink)
}
