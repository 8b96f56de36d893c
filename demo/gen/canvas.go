package main

import (
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// Every scene is drawn in a space of 1600 x 900 units, whatever the size of the picture, so that one function draws the
// thumbnail, the video and the 2160p rendition.
const (
	Wide = 1600.0
	High = 900.0
)

// Blend is how an ink is combined with what is already on the canvas.
type Blend int

const (
	Over     Blend = iota // covers
	Screen                // lightens, never clips: light, glow, mist
	Multiply              // darkens: ink on paper, shade
)

// Canvas is one opaque RGBA frame. It is not safe for concurrent use; each worker owns one.
type Canvas struct {
	W, H   int
	Pix    []uint8
	scale  float64
	matrix Affine
	saved  []Affine
	ras    vector.Rasterizer
	mask   []uint8
	stills map[string][]uint8
}

// NewCanvas makes a black canvas of w x h pixels. The ratio should be 16:9.
func NewCanvas(w, h int) *Canvas {
	s := float64(w) / Wide
	return &Canvas{
		W:      w,
		H:      h,
		Pix:    make([]uint8, w*h*4),
		scale:  s,
		matrix: Affine{s, 0, 0, s, 0, 0},
		stills: map[string][]uint8{},
	}
}

// Image returns an image that shares its pixels with the canvas.
func (c *Canvas) Image() *image.RGBA {
	return &image.RGBA{
		Pix:    c.Pix,
		Stride: c.W * 4,
		Rect:   image.Rect(0, 0, c.W, c.H),
	}
}

// Push moves, turns (in radians) and scales what is drawn until Pop.
func (c *Canvas) Push(x, y, turn, sx, sy float64) {
	c.saved = append(c.saved, c.matrix)
	sin, cos := math.Sincos(turn)
	c.matrix = c.matrix.Times(Affine{cos * sx, sin * sx, -sin * sy, cos * sy, x, y})
}

// Pop undoes the last Push.
func (c *Canvas) Pop() {
	c.matrix = c.saved[len(c.saved)-1]
	c.saved = c.saved[:len(c.saved)-1]
}

// Still paints a backdrop once for each canvas, and copies it afterwards. It must be the first call in a frame and must
// not depend on time.
func (c *Canvas) Still(name string, paint func()) {
	if kept, ok := c.stills[name]; ok {
		copy(c.Pix, kept)
		return
	}
	paint()
	c.stills[name] = append([]uint8(nil), c.Pix...)
}

// Fill paints the inside of a path.
func (c *Canvas) Fill(p *Path, ink Ink) {
	x0, y0, x1, y1 := p.bounds(c.matrix)
	left, top := max(0, int(math.Floor(x0))-1), max(0, int(math.Floor(y0))-1)
	right, bottom := min(c.W, int(math.Ceil(x1))+1), min(c.H, int(math.Ceil(y1))+1)
	if left >= right || top >= bottom {
		return
	}
	w, h := right-left, bottom-top
	c.ras.Reset(w, h)
	c.ras.DrawOp = draw.Src
	p.trace(&c.ras, c.matrix, float32(left), float32(top))
	if cap(c.mask) < w*h {
		c.mask = make([]uint8, w*h)
	}
	mask := &image.Alpha{
		Pix:    c.mask[:w*h],
		Stride: w,
		Rect:   image.Rect(0, 0, w, h),
	}
	c.ras.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	from, to := c.matrix.heightOf(ink.From), c.matrix.heightOf(ink.To)
	for y := 0; y < h; y++ {
		c.row(ink, left, top+y, mask.Pix[y*w:(y+1)*w], from, to)
	}
}

func (c *Canvas) row(ink Ink, left, y int, mask []uint8, from, to float64) {
	col := ink.Top
	if ink.graded {
		col = mix(ink.Top, ink.Bottom, clamp((float64(y)+0.5-from)/(to-from)))
	}
	r, g, b, a := col.bytes()
	at := (y*c.W + left) * 4
	if ink.Mode == Over && ink.Shade == nil {
		for i, m := range mask {
			if m == 0 {
				continue
			}
			d := c.Pix[at+i*4 : at+i*4+4 : at+i*4+4]
			if m == 255 && a == 256 {
				d[0] = uint8(r)
				d[1] = uint8(g)
				d[2] = uint8(b)
				continue
			}
			k := (int(m)*a + 127) / 255
			dr, dg, db := int(d[0]), int(d[1]), int(d[2])
			d[0] = uint8(dr + ((r-dr)*k+128)>>8)
			d[1] = uint8(dg + ((g-dg)*k+128)>>8)
			d[2] = uint8(db + ((b-db)*k+128)>>8)
		}
		return
	}
	for i, m := range mask {
		if m == 0 {
			continue
		}
		if ink.Shade != nil {
			r, g, b, a = ink.Shade((float64(left+i)+0.5)/c.scale, (float64(y)+0.5)/c.scale).bytes()
		}
		c.meet(at+i*4, ink.Mode, r, g, b, (int(m)*a+127)/255)
	}
}

// meet blends one pixel. The opacity a is 0..256.
func (c *Canvas) meet(at int, mode Blend, r, g, b, a int) {
	d := c.Pix[at : at+4 : at+4]
	dr, dg, db := int(d[0]), int(d[1]), int(d[2])
	switch mode {
	case Screen:
		r = dr + (255-dr)*r/255
		g = dg + (255-dg)*g/255
		b = db + (255-db)*b/255
	case Multiply:
		r = dr * r / 255
		g = dg * g / 255
		b = db * b / 255
	}
	d[0] = uint8(dr + ((r-dr)*a+128)>>8)
	d[1] = uint8(dg + ((g-dg)*a+128)>>8)
	d[2] = uint8(db + ((b-db)*a+128)>>8)
	d[3] = 255
}

// Sky fills the whole frame with a vertical gradient through evenly spaced colours.
func (c *Canvas) Sky(stops ...Color) {
	for y := 0; y < c.H; y++ {
		r, g, b, _ := through((float64(y)+0.5)/float64(c.H), stops).bytes()
		row := c.Pix[y*c.W*4 : (y+1)*c.W*4]
		for x := 0; x < len(row); x += 4 {
			row[x] = uint8(r)
			row[x+1] = uint8(g)
			row[x+2] = uint8(b)
			row[x+3] = 255
		}
	}
}

// Glow adds a soft round light of radius r around a point; strength is 0..1.
func (c *Canvas) Glow(x, y, r float64, col Color, strength float64) {
	if strength <= 0 || r <= 0 {
		return
	}
	px, py := c.matrix.Apply(x, y)
	pr := r * c.matrix.size()
	var fall [257]int
	for i := range fall {
		k := 1 - float64(i)/256
		fall[i] = int(256 * clamp(strength) * k * k * k)
	}
	cr, cg, cb, _ := col.bytes()
	for yy := max(0, int(py-pr)); yy < min(c.H, int(py+pr)+1); yy++ {
		dy := float64(yy) + 0.5 - py
		for xx := max(0, int(px-pr)); xx < min(c.W, int(px+pr)+1); xx++ {
			dx := float64(xx) + 0.5 - px
			d := (dx*dx + dy*dy) / (pr * pr)
			if d >= 1 {
				continue
			}
			if a := fall[int(d*256)]; a > 0 {
				c.meet((yy*c.W+xx)*4, Screen, cr, cg, cb, a)
			}
		}
	}
}

// Field paints the band top..bottom (in units) with a function that is sampled every step units and interpolated in
// between. It is a cheap way to draw clouds, water and curtains of light.
func (c *Canvas) Field(step, top, bottom float64, mode Blend, f func(x, y float64) Color) {
	cols, rows := int(Wide/step)+2, int((bottom-top)/step)+2
	grid := make([]Color, cols*rows)
	for j := 0; j < rows; j++ {
		for i := 0; i < cols; i++ {
			grid[j*cols+i] = f(float64(i)*step, top+float64(j)*step)
		}
	}
	// The rest uses fixed point, because this loop visits every pixel of the band in every frame.
	type fixed [4]int
	line := make([]fixed, cols)
	y0, y1 := max(0, int(top*c.scale)), min(c.H, int(math.Ceil(bottom*c.scale)))
	perPixel := int(65536 / (c.scale * step))
	for y := y0; y < y1; y++ {
		v := math.Max(0, ((float64(y)+0.5)/c.scale-top)/step)
		j := min(int(v), rows-2)
		fv := v - float64(j)
		for i := range line {
			col := mix(grid[j*cols+i], grid[(j+1)*cols+i], fv)
			line[i] = fixed{
				int(clamp(col.R) * 65280), int(clamp(col.G) * 65280), int(clamp(col.B) * 65280),
				int(clamp(col.A) * 65536),
			}
		}
		u := perPixel / 2
		for x := 0; x < c.W; x, u = x+1, u+perPixel {
			i := min(u>>16, cols-2)
			f := u >> 8 & 255
			p, q := &line[i], &line[i+1]
			if a := (p[3]*(256-f) + q[3]*f) >> 16; a > 0 {
				c.meet((y*c.W+x)*4, mode, (p[0]*(256-f)+q[0]*f)>>16, (p[1]*(256-f)+q[1]*f)>>16,
					(p[2]*(256-f)+q[2]*f)>>16, a)
			}
		}
	}
}

// Vignette darkens the corners by k (0..1).
func (c *Canvas) Vignette(k float64) {
	c.Field(40, 0, High, Over, func(x, y float64) Color {
		dx, dy := (x-Wide/2)/(Wide/2), (y-High/2)/(High/2)
		return black.Fade(k * clamp((dx*dx+dy*dy-0.5)*0.7))
	})
}
