package main

import (
	"math"
	"strconv"
	"strings"
)

type token struct {
	text string
	tone Color
}

// source is the program that the programming video types. It compiles, and prints what the terminal shows.
const source = `package main

import "fmt"

// 一群地鼠排队过河
func main() {
	boats := make(chan string)
	for i := range 3 {
		go func() {
			boats <- fmt.Sprint("gopher ", i)
		}()
	}
	for range 3 {
		fmt.Println(<-boats, "crossed")
	}
}`

var keywords = map[string]bool{
	"package": true, "import": true, "func": true, "for": true, "range": true, "go": true,
	"chan": true, "make": true,
}

func highlight(line string) []token {
	if strings.HasPrefix(line, "//") {
		return []token{{line, hex(0x7d8fb3)}}
	}
	var out []token
	var word strings.Builder
	flush := func() {
		w := word.String()
		word.Reset()
		if w == "" {
			return
		}
		tone := hex(0xdfe6f5)
		switch {
		case keywords[w]:
			tone = hex(0xff7ab2)
		case strings.ContainsAny(w[:1], "0123456789"):
			tone = hex(0xffc777)
		case w == "fmt" || w == "string":
			tone = hex(0x65d8e8)
		case w == "main" || w == "Sprint" || w == "Println":
			tone = hex(0x8fd46f)
		}
		out = append(out, token{w, tone})
	}
	quoted := false
	for _, r := range line {
		if r == '"' {
			if !quoted {
				flush()
				word.WriteRune(r)
			} else {
				word.WriteRune(r)
				out = append(out, token{word.String(), hex(0xf2c46d)})
				word.Reset()
			}
			quoted = !quoted
			continue
		}
		if quoted || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			word.WriteRune(r)
			continue
		}
		flush()
		out = append(out, token{string(r), hex(0xa9b7d6)})
	}
	if quoted {
		return append(out, token{word.String(), hex(0xf2c46d)})
	}
	flush()
	return out
}

func paintCode(face Faces) func(*Canvas, float64) {
	lines := strings.Split(strings.ReplaceAll(source, "\t", "    "), "\n")
	return func(c *Canvas, t float64) {
		c.Still("code", func() {
			c.Sky(hex(0x1b1440), hex(0x2b1f63), hex(0x14305c))
			c.Glow(250, 120, 560, hex(0xff5fa2), 0.45)
			c.Glow(1440, 820, 620, hex(0x25d0e8), 0.45)
			c.Box(128, 78, 1364, 772, 26, flat(black.Fade(0.3)))
			c.Box(120, 64, 1360, 772, 22, flat(hex(0x151a30)))
			c.Box(120, 64, 1360, 56, 22, flat(hex(0x222a4a)))
			c.Rect(120, 96, 1360, 24, flat(hex(0x222a4a)))
			for i, tone := range []Color{hex(0xff6159), hex(0xffbd2e), hex(0x28c941)} {
				c.Circle(158+float64(i)*34, 92, 10, flat(tone))
			}
			c.Box(280, 76, 190, 44, 10, flat(hex(0x151a30)))
			c.Write(face.Mono, "ferry.go", 316, 106, 24, 0, flat(hex(0xdfe6f5)))
			c.Rect(1010, 120, 3, 716, flat(hex(0x2a3358)))
		})
		typed := int(ramp01(0.2, 11, t) * float64(len([]rune(strings.Join(lines, "\n")))))
		const size, lead = 27.0, 40.5
		step := size * 0.602
		row, caret := 0, Point{}
		for i, line := range lines {
			r := []rune(line)
			if typed < 0 {
				break
			}
			shown := min(len(r), typed)
			y := 170 + float64(i)*lead
			c.Write(face.Mono, strconv.Itoa(i+1), 190, y, 21, 1, flat(hex(0x4d5a86)))
			x := 222.0
			for _, tk := range highlight(string(r[:shown])) {
				if f := face.Mono; len(tk.text) > 0 {
					for _, ch := range tk.text {
						wide := step
						g := f
						if ch > 0x2000 {
							g, wide = face.Serif, size
						}
						if ch != ' ' {
							c.Write(g, string(ch), x, y, size, 0, flat(tk.tone))
						}
						x += wide
					}
				}
			}
			row, caret = i, Point{x, y}
			typed -= len(r) + 1
		}
		if t < 11.2 || wave(t, 1, 0) > 0.5 {
			c.Rect(120, 170+float64(row)*lead-30, 890, lead, flat(white.Fade(0.04)))
			c.Rect(caret.X+2, caret.Y-24, 13, 31, flat(hex(0x65d8e8)))
		}
		terminal(c, face, t)
	}
}

func ramp01(a, b, v float64) float64 { return clamp((v - a) / (b - a)) }

// terminal shows a run of the program: three gophers cross a river in the order in which the channel gives them.
func terminal(c *Canvas, face Faces, t float64) {
	c.Write(face.Mono, "$ go run ferry.go"[:int(ramp01(11.4, 12.6, t)*17)], 1040, 176, 24, 0, flat(hex(0x8fd46f)))
	for i, who := range []string{"2", "0", "1"} {
		if t > 13.2+float64(i)*1.5 {
			c.Write(face.Mono, "gopher "+who+" crossed", 1040, 222+float64(i)*40, 24, 0, flat(hex(0xdfe6f5)))
		}
	}
	c.Box(1034, 400, 424, 412, 16, flat(hex(0x10304a)))
	for i := 0; i < 6; i++ {
		f := float64(i)
		pts := curve(30, func(k float64) Point { return Point{1040 + k*412, 560 + f*44 + 6*math.Sin(k*16+t*2+f*2)} })
		c.Fill(ribbon(pts, even(4)), flat(hex(0x3f9fd0).Fade(0.55)))
	}
	c.Box(1034, 400, 424, 100, 16, flat(hex(0x4f9a5f)))
	c.Box(1034, 762, 424, 50, 16, flat(hex(0x4f9a5f)))
	for i := 0; i < 3; i++ {
		start := 12.6 + []float64{1.5, 3, 0}[i]
		k := ramp(start, start+1.8, t)
		x := 1110 + float64(i)*136
		y := lerp(730, 470, k) + 5*math.Sin(t*3+float64(i)*2)
		c.Fill((&Path{}).Move(x-54, y+26).Line(x+54, y+26).Quad(x+40, y+60, x, y+60).Quad(x-40, y+60, x-54, y+26).
			Close(), flat([]Color{hex(0xe2704a), hex(0xf2c14e), hex(0xd95d8c)}[i]))
		blue := hex(0x6fd3e8)
		c.Circle(x-25, y-26, 11, flat(blue))
		c.Circle(x+25, y-26, 11, flat(blue))
		c.Box(x-32, y-34, 64, 68, 30, flat(blue))
		for _, s := range []float64{-1, 1} {
			c.Circle(x+s*14, y-12, 13, flat(white))
			c.Circle(x+s*14+3*math.Sin(t*1.3), y-12, 5.5, flat(hex(0x14161f)))
		}
		c.Oval(x, y+5, 8, 5.5, 0, flat(hex(0x2c1d1a)))
		c.Box(x-5, y+8, 10, 12, 3, flat(white))
	}
}

func paintBauhaus(c *Canvas, t float64) {
	cream, red, yellow, blue, ink := hex(0xf3e9d7), hex(0xd8402f), hex(0xf2b632), hex(0x21559b), hex(0x1c1b1e)
	tones := []Color{red, yellow, blue, ink, cream}
	const beat = 2.0
	c.Sky(cream, cream)
	step := int(t / beat)
	k := ramp(0.1, 0.6, math.Mod(t, beat)/beat)
	const size = 200.0
	for i := 0; i < 8; i++ {
		for j := 0; j < 5; j++ {
			x, y := float64(i)*size, float64(j)*size-50
			// Few tiles move on a beat, so that the eye can follow. A tile that moves makes a quarter turn.
			turn := 0.0
			for b := 0; b <= step; b++ {
				if dice(201, i, j, b) > 0.87 {
					if b == step {
						turn += k
					} else {
						turn++
					}
				}
			}
			ground := tones[int(dice(202, i, j)*5)]
			shape := tones[(int(dice(202, i, j)*5)+1+int(dice(203, i, j)*3.99))%5]
			c.Rect(x, y, size+1, size+1, flat(ground))
			c.Push(x+size/2, y+size/2, turn*math.Pi/2, 1, 1)
			h := size / 2
			switch int(dice(204, i, j) * 6) {
			case 0:
				p := (&Path{}).Move(-h, -h).Line(h, -h).Cube(h, h*0.1046, h*0.1046, h, -h, h).Close()
				c.Fill(p, flat(shape))
			case 1:
				c.Circle(0, 0, h*0.8, flat(shape))
				c.Fill((&Path{}).Move(-h*0.8, 0).Cube(-h*0.8, -h*1.06, h*0.8, -h*1.06, h*0.8, 0).Close(),
					flat(mix(shape, black, 0.25)))
			case 2:
				c.Fill(polygon(Point{-h, h}, Point{h, h}, Point{-h, -h}), flat(shape))
			case 3:
				for b := 0; b < 4; b++ {
					c.Rect(-h, -h+float64(b)*size/4, size, size/8, flat(shape))
				}
			case 4:
				c.Ring(0, 0, h*0.6, h*0.36, flat(shape))
				c.Circle(0, 0, h*0.22, flat(shape))
			case 5:
				for q := 0; q < 3; q++ {
					r := h * 2 * (1 - float64(q)*0.32)
					tone := shape
					if q == 1 {
						tone = ground
					}
					c.Fill((&Path{}).Move(-h, -h).Line(-h+r, -h).Cube(-h+r, -h+r*0.5523, -h+r*0.5523, -h+r, -h, -h+r).
						Close(), flat(tone))
				}
			}
			c.Pop()
		}
	}
	// One big compass moves over the grid and connects the beats.
	from, to := Point{300 + 1000*dice(205, step), 250 + 400*dice(206, step)}, Point{
		300 + 1000*dice(205, step+1),
		250 + 400*dice(206, step+1),
	}
	x, y := lerp(from.X, to.X, k), lerp(from.Y, to.Y, k)
	c.Circle(x, y, 150, flat(cream))
	c.Push(x, y, (float64(step)+k)*math.Pi/2, 1, 1)
	c.Fill((&Path{}).Move(-150, 0).Cube(-150, -199, 150, -199, 150, 0).Close(), flat(red))
	c.Circle(0, 75, 42, flat(ink))
	c.Circle(0, -62, 42, flat(yellow))
	c.Pop()
}

func paintNebula(c *Canvas, t float64) {
	c.Sky(hex(0x06040f), hex(0x0a0620))
	c.Field(14, 0, High, Screen, func(x, y float64) Color {
		dx, dy := (x-800)/900, (y-450)/900
		z := 1 - t*0.008
		u, v := dx*z, dy*z
		warp := fbm(u*3+7, v*3, t*0.015, 3)
		d := fbm(u*3.2+warp*1.7, v*3.2+warp, 3+t*0.012, 4)
		e := fbm(u*2.3-warp*1.4+9, v*2.3+5, 8+t*0.012, 4)
		a, b := math.Pow(ramp(0.4, 0.88, d), 1.7), math.Pow(ramp(0.42, 0.88, e), 1.7)
		core := math.Exp(-(sq(dx-0.08) + sq(dy*1.5+0.02)) * 5)
		p, q := hex(0xe03a8c), hex(0x2f7bf0)
		return Color{
			p.R*a*1.1 + q.R*b + 1.0*core*d*0.75, p.G*a*0.8 + q.G*b*1.05 + 0.72*core*d*0.6,
			p.B*a + q.B*b*1.15 + 0.5*core*d*0.5, 1,
		}
	})
	for i := 0; i < 190; i++ {
		depth := math.Mod(dice(211, i, 1)+t*0.028, 1)
		z := 1.04 - depth
		x, y := 800+(dice(211, i, 2)-0.5)*1300/z*0.8, 450+(dice(211, i, 3)-0.5)*900/z*0.8
		if x < -20 || x > 1620 || y < -20 || y > 920 {
			continue
		}
		r := (0.7 + 1.5*dice(211, i, 4)) * (0.6 + depth*1.7)
		tone := []Color{hex(0xffffff), hex(0xbfd8ff), hex(0xffe2bf)}[i%3]
		c.Circle(x, y, r, flat(tone.Fade(ramp(0, 0.25, depth)*(0.5+0.5*depth))))
		if i%12 == 0 {
			c.Glow(x, y, r*13, tone, 0.55*depth)
			for _, a := range []float64{0, math.Pi / 2} {
				c.Oval(x, y, r*9, r*0.35, a, flat(tone.Fade(0.6*depth)))
			}
		}
	}
	px, py, r := lerp(1250, 1180, t/20), lerp(640, 610, t/20), lerp(170, 200, t/20)
	c.Glow(px-r*0.3, py-r*0.3, r*1.9, hex(0xffb27a), 0.25)
	ringHalf := func(front bool) {
		p := &Path{}
		side := -1.0
		if front {
			side = 1
		}
		for i := 0; i <= 60; i++ {
			a := math.Pi * float64(i) / 60
			p = arcPoint(p, i == 0, px, py, r*2.1*math.Cos(a), side*r*0.46*math.Sin(a))
		}
		for i := 60; i >= 0; i-- {
			a := math.Pi * float64(i) / 60
			p = arcPoint(p, false, px, py, r*1.38*math.Cos(a), side*r*0.28*math.Sin(a))
		}
		c.Fill(p.Close(), flat(hex(0xffdcb8).Fade(0.62)))
	}
	ringHalf(false)
	c.Circle(px, py, r, Ink{Shade: func(x, y float64) Color {
		u, v := (x-px)/r, (y-py)/r
		light := ramp(-0.75, 0.8, -(u*0.62+v*0.62)+0.35*math.Sqrt(math.Max(0, 1-u*u-v*v)))
		band := fbm(u*1.2+t*0.03, (v+u*0.25)*7, 1, 3)
		return mix(hex(0x180a26), mix(hex(0xd9704f), hex(0xffdfae), band), light)
	}})
	ringHalf(true)
	c.Vignette(0.5)
}

func arcPoint(p *Path, first bool, x, y, u, v float64) *Path {
	sin, cos := math.Sincos(-0.32)
	qx, qy := x+u*cos-v*sin, y+u*sin+v*cos
	if first {
		return p.Move(qx, qy)
	}
	return p.Line(qx, qy)
}
