package main

import "math"

func paper(c *Canvas, a, b Color) {
	c.Sky(a, b)
	c.Field(10, 0, High, Multiply, func(x, y float64) Color {
		v := 0.955 + 0.045*fbm(x/170, y/130, 3, 3)
		return Color{v, v, v * 0.985, 1}
	})
}

// seal is the red stamp of a painter: up to four characters in a square.
func seal(c *Canvas, face *Typeface, x, y, s float64, text string) {
	red := hex(0xb5302a)
	c.Box(x, y, s, s, s*0.12, flat(red))
	r := []rune(text)
	if len(r) == 1 {
		c.Write(face, text, x+s/2, y+s*0.8, s*0.8, 0.5, flat(hex(0xfbf1e2)))
		return
	}
	for i, ch := range r {
		cx, cy := x+s*0.73-float64(i/2)*s*0.46, y+s*0.44+float64(i%2)*s*0.44
		c.Write(face, string(ch), cx, cy, s*0.42, 0.5, flat(hex(0xfbf1e2)))
	}
}

func paintInk(face Faces) func(*Canvas, float64) {
	return func(c *Canvas, t float64) {
		c.Still("ink", func() {
			paper(c, hex(0xf4ead8), hex(0xeadcc4))
			c.Circle(1180, 210, 74, flat(hex(0xc8402f).Fade(0.88)))
		})
		bloom := ramp(-3, 7, t)
		for i := 0; i < 5; i++ {
			f := float64(i)
			pan := t*(2+f*3.2) + f*911
			y := 400 + f*78
			tone := through(f/4, []Color{hex(0xb9bfc0), hex(0x8f999c), hex(0x606d73), hex(0x3a474e), hex(0x1c262c)})
			h := func(x float64) float64 {
				u := (x + pan) / (300 - f*22)
				peak := math.Pow(fbm(u, f*5, 0, 5), 1.75) * (600 - f*62)
				return y + 70 - peak*(0.5+0.5*bloom)*(0.55+0.45*math.Abs(math.Sin(x/700+f*1.3)))
			}
			c.Ridge(5, h, graded(tone.Fade(0.92), hex(0xefe3cd).Fade(0.1), y-150, y+120))
			p := curve(300, func(k float64) Point { x := k*1700 - 50; return Point{x, h(x) + 2} })
			c.Fill(ribbon(p, func(k float64) float64 {
				return (1.5 + f) * (0.5 + 1.6*noise(k*30+pan/140, f, 0))
			}), flat(mix(tone, black, 0.35).Fade(0.65)))
		}
		c.Field(16, 420, 900, Over, func(x, y float64) Color {
			m := ramp(0.42, 0.8, fbm(x/330-t*0.05, y/95, t*0.04, 3)) * ramp(420, 560, y)
			return hex(0xf1e6d2).Fade(0.8 * m)
		})
		for i := 0; i < 10; i++ {
			y := 742 + float64(i)*15
			x := 240 + 1100*dice(70, i) + 26*math.Sin(t*0.4+float64(i))
			c.Oval(x, y, 90+90*dice(71, i), 1.4, 0, flat(hex(0x5b676c).Fade(0.35)))
		}
		bx, by := 420+t*11, 770+3*math.Sin(t*1.2)
		ink := flat(hex(0x1a2024))
		c.Fill((&Path{}).Move(bx-96, by-12).Quad(bx, by+34, bx+104, by-18).Quad(bx, by+10, bx-96, by-12).Close(), ink)
		c.Fill((&Path{}).Move(bx-48, by+4).Quad(bx-10, by-50, bx+34, by+2).Close(), ink)
		c.Stroke([]Point{{bx + 62, by + 2}, {bx + 60, by - 40}}, 9, ink)
		c.Fill(polygon(Point{bx + 42, by - 42}, Point{bx + 61, by - 60}, Point{bx + 80, by - 42}), ink)
		c.Stroke([]Point{{bx + 66, by - 26}, {bx + 100 + 8*math.Sin(t*1.2), by + 30}}, 3, ink)
		c.Oval(bx, by+24, 110, 5, 0, flat(hex(0x1a2024).Fade(0.16)))
		for i := 0; i < 5; i++ {
			bird(c, 880+t*12+float64(i)*36, 250-float64(i%3)*22+6*math.Sin(t+float64(i)), 14, math.Sin(t*5+float64(i)),
				ink)
		}
		branch(c, t)
		seal(c, face.Serif, 1450, 700, 74, "墨间山水")
	}
}

func branch(c *Canvas, t float64) {
	sway := 5 * math.Sin(t*0.6)
	ink := flat(hex(0x191e21))
	arm := func(x0, y0, bend, x1, y1, w float64) {
		pts := curve(14, func(k float64) Point {
			return Point{lerp(x0, x1, k) + sway*k*k, lerp(y0, y1, k) + bend*math.Sin(k*math.Pi) + sway*k}
		})
		c.Fill(ribbon(pts, func(k float64) float64 { return w * (1 - 0.85*k) * (0.85 + 0.3*noise(k*9, y0, 0)) }), ink)
	}
	arm(-30, 60, 60, 470, 190, 40)
	arm(180, 140, -30, 400, 70, 18)
	arm(300, 190, 24, 420, 320, 14)
	arm(90, 120, 30, 190, 300, 14)
	for i, p := range []Point{
		{470, 190},
		{430, 176},
		{400, 72},
		{360, 92},
		{420, 318},
		{396, 270},
		{190, 298},
		{172, 244},
		{300, 128},
		{250, 150},
	} {
		x, y := p.X+sway, p.Y+sway*0.6
		r := 13 + 7*dice(72, i)
		for k := 0; k < 5; k++ {
			a := float64(k)*1.2566 + dice(73, i)*3
			c.Oval(x+r*0.62*math.Cos(a), y+r*0.62*math.Sin(a), r*0.6, r*0.48, a, flat(hex(0xcc3b4a).Fade(0.85)))
		}
		c.Circle(x, y, r*0.22, flat(hex(0x5a0f1c)))
	}
	for i := 0; i < 7; i++ {
		k := math.Mod(t/11+dice(74, i), 1)
		c.Oval(200+300*dice(75, i)+260*k+30*math.Sin(t+float64(i)), 150+700*k, 8, 4.5, t*1.3+float64(i),
			flat(hex(0xcc3b4a).Fade(0.8*(1-k*k))))
	}
}

// The eight strokes of the character for eternity, in writing order, on a 1000-unit square.
var eternity = []struct {
	zh, en string
	pts    []Point
	width  []float64
}{
	{"点", "dot", []Point{{452, 120}, {500, 160}, {545, 225}}, []float64{10, 46, 62}},
	{"横", "horizontal", []Point{{300, 330}, {400, 338}, {505, 318}}, []float64{44, 34, 48}},
	{"竖", "vertical", []Point{{505, 318}, {512, 520}, {505, 760}, {500, 835}}, []float64{48, 40, 44, 46}},
	{"钩", "hook", []Point{{500, 835}, {470, 850}, {405, 775}}, []float64{46, 44, 3}},
	{"提", "rise", []Point{{175, 505}, {290, 505}, {400, 448}}, []float64{46, 34, 8}},
	{"撇", "long fall", []Point{{400, 448}, {345, 590}, {250, 700}, {120, 790}}, []float64{38, 36, 26, 3}},
	{"短撇", "short fall", []Point{{780, 300}, {700, 385}, {560, 470}}, []float64{52, 38, 4}},
	{"捺", "press", []Point{{545, 455}, {620, 590}, {740, 715}, {860, 775}, {930, 770}}, []float64{14, 34, 58, 74, 6}},
}

func along(pts []Point, k float64) (Point, int, float64) {
	u := clamp(k) * float64(len(pts)-1)
	i := min(int(u), len(pts)-2)
	f := u - float64(i)
	a, b, d, e := pts[max(0, i-1)], pts[i], pts[i+1], pts[min(len(pts)-1, i+2)]
	cr := func(p0, p1, p2, p3 float64) float64 {
		return p1 + 0.5*f*(p2-p0+f*(2*p0-5*p1+4*p2-p3+f*(3*(p1-p2)+p3-p0)))
	}
	return Point{cr(a.X, b.X, d.X, e.X), cr(a.Y, b.Y, d.Y, e.Y)}, i, f
}

func paintStrokes(face Faces) func(*Canvas, float64) {
	return func(c *Canvas, t float64) {
		ox, oy, s := 480.0, 90.0, 0.72
		c.Still("strokes", func() {
			paper(c, hex(0xf3e7d0), hex(0xe7d5b6))
			red := flat(hex(0xb5302a).Fade(0.5))
			x0, y0, w := ox, oy, 720.0
			for _, r := range [][4]float64{
				{x0, y0, w, 5},
				{x0, y0 + w - 5, w, 5},
				{x0, y0, 5, w},
				{x0 + w - 5, y0, 5, w},
			} {
				c.Rect(r[0], r[1], r[2], r[3], red)
			}
			for i := 0; i < 30; i++ {
				k := float64(i) * w / 30
				c.Rect(x0+k, y0+w/2-1, w/60, 2, red)
				c.Rect(x0+w/2-1, y0+k, 2, w/60, red)
				c.Stroke([]Point{{x0 + k, y0 + k}, {x0 + k + w/70, y0 + k + w/70}}, 1.6, red)
				c.Stroke([]Point{{x0 + w - k, y0 + k}, {x0 + w - k - w/70, y0 + k + w/70}}, 1.6, red)
			}
		})
		var tip Point
		now, lifted := -1, 1.0
		for i, st := range eternity {
			k := ramp(0, 1, (t-0.6-float64(i)*1.95)/1.5)
			if t < 0.6+float64(i)*1.95 {
				break
			}
			now = i
			pts := curve(44, func(q float64) Point {
				p, _, _ := along(st.pts, q*k)
				return Point{ox + p.X*s, oy + p.Y*s}
			})
			c.Fill(ribbon(pts, func(q float64) float64 {
				u := q * k * float64(len(st.width)-1)
				j := min(int(u), len(st.width)-2)
				return s * lerp(st.width[j], st.width[j+1], u-float64(j)) * (0.95 + 0.1*noise(q*14*k, float64(i), 0))
			}), flat(hex(0x15181b)))
			c.Circle(pts[0].X, pts[0].Y, s*st.width[0]*0.5, flat(hex(0x15181b)))
			end := pts[len(pts)-1]
			u := k * float64(len(st.width)-1)
			j := min(int(u), len(st.width)-2)
			c.Circle(end.X, end.Y, s*lerp(st.width[j], st.width[j+1], u-float64(j))*0.5, flat(hex(0x15181b)))
			tip, lifted = end, ramp(0.8, 1, k)
		}
		for i, st := range eternity {
			a := 0.22
			if i < now {
				a = 0.55
			} else if i == now {
				a = 1
			}
			y := 190 + float64(i)*76
			if i == now {
				c.Circle(210, y-14, 32, flat(hex(0xb5302a)))
				c.Write(face.Serif, st.zh[:3], 210, y+1, 38, 0.5, flat(hex(0xfbf1e2)))
			} else {
				c.Write(face.Serif, st.zh[:3], 210, y+1, 38, 0.5, flat(hex(0x2a2522).Fade(a)))
			}
			c.Write(face.Serif, st.en, 262, y-3, 25, 0, flat(hex(0x2a2522).Fade(a)))
		}
		if now >= 0 && t < 16.6 {
			rise := 60 * lifted
			brush(c, tip.X+rise*0.5, tip.Y-rise, 0.5)
		}
		if a := ramp(16.6, 17.2, t); a > 0 {
			c.Push(1360, 690, 0, 2-a, 2-a)
			seal(c, face.Serif, -60, -60, 120, "永字八法")
			c.Pop()
		}
		c.Push(1365, 0, 0, 1, 1)
		for i, r := range []rune("侧勒努趯策掠啄磔") {
			c.Write(face.Serif, string(r), 0, 170+float64(i)*54, 38, 0.5,
				flat(hex(0x2a2522).Fade(0.3+0.6*ramp(0.6+float64(i)*1.95, 1.4+float64(i)*1.95, t))))
		}
		c.Pop()
	}
}

func brush(c *Canvas, x, y, turn float64) {
	c.Push(x+30, y+26, turn, 1, 1)
	c.Fill((&Path{}).Move(-8, 4).Cube(-30, -60, -26, -100, -20, -126).Line(20, -126).Cube(26, -100, 30, -60, 8, 4).
		Close(), flat(black.Fade(0.1)))
	c.Pop()
	c.Push(x, y, turn, 1, 1)
	c.Fill((&Path{}).Move(0, 6).Cube(-26, -50, -24, -96, -19, -124).Line(19, -124).Cube(24, -96, 26, -50, 0, 6).Close(),
		graded(hex(0x3d3833), hex(0x121212), -120, -30))
	c.Box(-21, -156, 42, 36, 5, flat(hex(0xcaa45a)))
	c.Fill(polygon(Point{-17, -154}, Point{17, -154}, Point{12, -620}, Point{-12, -620}),
		graded(hex(0x9c5a34), hex(0x6e3520), -620, -150))
	c.Fill(polygon(Point{-10, -154}, Point{-4, -154}, Point{-3, -620}, Point{-8, -620}), flat(white.Fade(0.22)))
	c.Pop()
}

func bamboo(c *Canvas, x, w, lean float64, seed int, t float64, ink Ink) {
	sway := 8 * math.Sin(t*0.5+float64(seed))
	for i := 0; i < 7; i++ {
		y := 920 - float64(i)*150
		k := float64(i) / 7
		x0, x1 := x+(lean+sway)*k*k, x+(lean+sway)*(k+0.143)*(k+0.143)
		c.Fill(polygon(Point{x0 - w/2, y}, Point{x0 + w/2, y}, Point{x1 + w*0.46, y - 144},
			Point{x1 - w*0.46, y - 144}), ink)
		if i > 1 && dice(seed, i) > 0.3 {
			for l := 0; l < 5; l++ {
				a := -0.5 + float64(l)*0.45 + 0.05*math.Sin(t*0.9+float64(l+i))
				dir := 1.0
				if dice(seed, i, 2) > 0.5 {
					dir = -1
				}
				lx, ly := x1+dir*w*0.4, y-140
				long := 90 + 50*dice(seed, i, l)
				c.Oval(lx+dir*long*0.55*math.Cos(a), ly+long*0.55*math.Sin(a), long*0.5, 9, dir*a, ink)
			}
		}
	}
}

func paintTea(c *Canvas, t float64) {
	c.Still("tea", func() {
		c.Sky(hex(0xd9cfb4), hex(0xe8dcc0), hex(0xefe4cb))
		c.Circle(1110, 330, 250, graded(hex(0xf7e6b5), hex(0xf3c987), 80, 580))
	})
	for i, x := range []float64{170, 1405, 1530, 60} {
		bamboo(c, x, 26+8*dice(80, i), 60*(dice(81, i)-0.5), 82+i, t,
			flat(hex(0x6d8a5e).Fade([]float64{0.5, 0.42, 0.6, 0.75}[i])))
	}
	c.Rect(-10, 690, 1620, 230, graded(hex(0x7a4a30), hex(0x4b2a1e), 690, 900))
	c.Rect(-10, 690, 1620, 8, flat(hex(0xa56c45)))
	for i := 0; i < 9; i++ {
		c.Oval(dice(83, i)*1600, 720+170*dice(84, i), 170, 2, 0, flat(hex(0x2f1911).Fade(0.4)))
	}
	c.Oval(560, 776, 300, 26, 0, flat(hex(0x1f0f0a).Fade(0.4)))
	c.Oval(1120, 782, 190, 20, 0, flat(hex(0x1f0f0a).Fade(0.4)))
	tilt := ramp(1, 3, t) - ramp(13, 15.5, t)
	pouring := ramp(2.6, 3.2, t) - ramp(12.6, 13, t)
	fill := ramp(3, 13, t)
	cx, cy := 1090.0, 770.0
	if pouring > 0.02 {
		sx, sy := 988.0, 588.0
		pts := curve(20, func(k float64) Point {
			return Point{sx + 86*math.Sqrt(k), sy + (cy-40-sy)*k + 2*math.Sin(k*30-t*20)*k}
		})
		c.Fill(ribbon(pts, func(k float64) float64 {
			return (13 - 5*k) * pouring
		}), graded(hex(0xe2a24a), hex(0xb96a24), sy, cy))
	}
	clay := graded(hex(0x9a4d35), hex(0x5a261c), 470, 760)
	c.Push(610-20*tilt, 650-130*tilt, 0.42*tilt, 1, 1)
	c.Fill((&Path{}).Move(190, 20).Cube(290, 6, 290, -80, 380, -112).Line(404, -92).Cube(330, -40, 330, 70, 180, 92).
		Close(), clay)
	p := (&Path{}).Ellipse(-222, -6, 96, 92, 0)
	c.Fill(p.Ellipse(-222, -6, 66, -62, 0), clay)
	c.Fill((&Path{}).Move(-150, -96).Cube(-260, -40, -270, 90, -150, 122).Line(150, 122).
		Cube(270, 90, 260, -40, 150, -96).Close(), graded(hex(0xb0593c), hex(0x5a261c), -96, 122))
	c.Oval(-90, -20, 30, 62, 0.35, flat(hex(0xe89a73).Fade(0.35)))
	c.Fill((&Path{}).Move(-128, -92).Cube(-100, -146, 100, -146, 128, -92).Close(),
		graded(hex(0xa8523a), hex(0x7a3526), -146, -92))
	c.Circle(0, -144, 20, flat(hex(0x8a4030)))
	c.Rect(-136, -98, 272, 9, flat(hex(0x5a261c)))
	c.Pop()
	c.Oval(cx, cy-94, 116, 20, 0, flat(hex(0x5f6f63)))
	level := lerp(10, 78, fill)
	c.Oval(cx, cy-16-level, lerp(60, 108, fill), lerp(9, 17, fill), 0,
		graded(hex(0xd58e3c), hex(0xa75e20), cy-110, cy-60))
	c.Fill((&Path{}).Move(cx-118, cy-94).Cube(cx-112, cy-20, cx-74, cy, cx-46, cy+2).Line(cx+46, cy+2).
		Cube(cx+74, cy, cx+112, cy-20, cx+118, cy-94).
		Quad(cx, cy-58, cx-118, cy-94).Close(), graded(hex(0xb9cdbd), hex(0x74917f), cy-94, cy))
	c.Oval(cx-60, cy-46, 10, 28, 0.4, flat(white.Fade(0.4)))
	c.Box(cx-48, cy-2, 96, 14, 5, flat(hex(0x5d786a)))
	for i := 0; i < 12; i++ {
		k := math.Mod(t/6+float64(i)/12, 1)
		x := cx + 60*math.Sin(k*5+float64(i)*2.1+t*0.25)*(0.3+k)
		c.Glow(x, cy-120-360*k, 34+76*k, white, 0.4*fill*(1-k)*ramp(0, 0.2, k))
	}
	for i := 0; i < 5; i++ {
		k := math.Mod(t/14+dice(86, i), 1)
		c.Oval(1450*dice(87, i)+140*k, -20+760*k, 16, 4.5, t*0.9+float64(i)*2, flat(hex(0x718f5c).Fade(0.8)))
	}
}

func paintCranes(c *Canvas, t float64) {
	c.Still("cranes", func() {
		c.Sky(hex(0xfde3d3), hex(0xfbd0cd), hex(0xe8bfd3), hex(0xbcaedb))
		c.Circle(820, 480, 330, graded(hex(0xfff6ea), hex(0xffd9c4), 150, 810))
		for i := 0; i < 7; i++ {
			x, y, s := dice(91, i, 1)*1600, 560+330*dice(91, i, 2), 0.8+0.9*dice(91, i, 3)
			for k := 0; k < 4; k++ {
				c.Circle(x+(float64(k)-1.5)*80*s, y-26*s*math.Sin(float64(k)*1.05), 74*s, flat(white.Fade(0.26)))
			}
		}
	})
	tones := []Color{
		hex(0xe8475f), hex(0xf7b32b), hex(0x2d9cdb), hex(0xfbfbfb), hex(0x6c5ce7), hex(0x1fa88a),
		hex(0xf78da7),
	}
	for i := 0; i < 15; i++ {
		depth := 0.24 + 0.76*math.Pow(float64(i)/14, 1.5)
		f := float64(i)
		x := wrap(dice(92, i, 1)*2100+t*(20+46*depth), -260, 1860)
		y := 140 + 620*dice(92, i, 2) + 26*math.Sin(t*0.7+f*2)
		if i == 14 {
			x, y = lerp(600, 980, t/20), 455+24*math.Sin(t*0.8)
		}
		crane(c, x, y, 0.92*depth, math.Sin(t*(2.6-depth)+f*1.4), tones[i%len(tones)], ramp(0.1, 0.7, depth))
	}
}

// crane draws a folded paper bird. Its planes differ only in brightness.
func crane(c *Canvas, x, y, s, flap float64, tone Color, near float64) {
	tone = mix(hex(0xf3cfd3), tone, 0.35+0.65*near)
	c.Push(x, y, -0.08, s, s)
	up := -150 - 70*flap
	back, front := mix(tone, black, 0.24), mix(tone, white, 0.16)
	c.Fill(polygon(Point{-30, -10}, Point{70, -6}, Point{-36, up * 1.02}), flat(mix(tone, black, 0.34)))
	c.Fill(polygon(Point{-60, 10}, Point{-236, -96}, Point{-20, -22}), flat(back))
	c.Fill(polygon(Point{-60, 10}, Point{-236, -96}, Point{-46, -8}), flat(mix(tone, black, 0.12)))
	c.Fill(polygon(Point{60, 8}, Point{196, -116}, Point{34, -24}), flat(front))
	c.Fill(polygon(Point{60, 8}, Point{196, -116}, Point{56, -6}), flat(mix(tone, black, 0.1)))
	c.Fill(polygon(Point{196, -116}, Point{258, -84}, Point{178, -97}), flat(back))
	c.Fill(polygon(Point{-84, 0}, Point{0, 62}, Point{80, 0}, Point{4, -34}), flat(tone))
	c.Fill(polygon(Point{0, 62}, Point{80, 0}, Point{4, -34}), flat(mix(tone, black, 0.14)))
	c.Fill(polygon(Point{-66, 4}, Point{66, 0}, Point{16, up}), flat(front))
	c.Fill(polygon(Point{6, 2}, Point{66, 0}, Point{16, up}), flat(mix(tone, white, 0.34)))
	c.Pop()
}
