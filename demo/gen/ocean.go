package main

import "math"

func paintLighthouse(c *Canvas, t float64) {
	horizon := 520.0
	c.Still("lighthouse", func() {
		c.Sky(hex(0x14204a), hex(0x2f3f7c), hex(0x8a5f9a), hex(0xf08f86), hex(0xffc58f), hex(0xffc58f))
		stars(c, 5, 70, 260)
		for i := 0; i < 9; i++ {
			x, y := dice(31, i, 1)*1700-50, 300+170*dice(31, i, 2)
			w := 110 + 190*dice(31, i, 3)
			c.Oval(x, y, w, 9+8*dice(31, i, 4), 0, flat(hex(0xffb9a0).Fade(0.35)))
			c.Oval(x+w*0.3, y-9, w*0.55, 8, 0, flat(hex(0xffd9bd).Fade(0.3)))
		}
		c.Glow(520, horizon, 430, hex(0xffe0a0), 0.7)
		c.Circle(520, horizon-14, 66, flat(hex(0xfff0c4)))
	})
	turn := t * 2 * math.Pi / 8
	lampX, lampY := 1214.0, 268.0
	beam := func(a float64) {
		reach, facing := math.Cos(a), math.Sin(a)
		far := 1500 * reach
		half := 26 + 120*math.Abs(reach)
		c.Fill(polygon(Point{lampX, lampY - 5}, Point{lampX + far, lampY - half + 40*facing},
			Point{lampX + far, lampY + half + 40*facing}, Point{lampX, lampY + 5}),
			Ink{Mode: Screen, Shade: func(x, y float64) Color {
				return hex(0xfff0c0).Fade(0.62 * math.Exp(-math.Abs(x-lampX)/520) * math.Abs(reach))
			}})
		if facing > 0 {
			c.Glow(lampX, lampY, 60+190*facing, hex(0xfff4d0), 0.3+0.6*facing*facing)
		}
	}
	beam(turn)
	beam(turn + math.Pi)
	for i := 0; i < 7; i++ {
		f := float64(i)
		y := horizon + 8 + f*f*6 + f*16
		if i == 4 {
			cliff(c, lampX, lampY)
		}
		tone := through(f/6, []Color{hex(0xd98b8c), hex(0x8d6a98), hex(0x4a5490), hex(0x273a74), hex(0x142552)})
		amp := 4 + f*5
		h := func(x float64) float64 {
			return y + amp*math.Sin(x/(70+f*34)+t*(0.9+0.1*f)+f*2) + amp*0.5*math.Sin(x/(41+f*15)-t*0.7+f)
		}
		c.Ridge(10, h, graded(mix(tone, hex(0xffd9b0), 0.22), tone, y-amp, y+50+f*8))
		p := curve(160, func(k float64) Point { x := k * Wide; return Point{x, h(x)} })
		c.Fill(ribbon(p, func(k float64) float64 {
			return (0.5 + f*0.5) * (0.4 + math.Sin(k*40+f*4+t*0.4))
		}), flat(hex(0xffe9d6).Fade(0.5)))
		for j := 0; j < 5; j++ {
			w := (60 - f*4) * (0.5 + dice(i, j, 5))
			gx := 520 + (dice(i, j, 4)-0.5)*(120+f*30)
			c.Oval(gx, h(gx)+14+f*3, w*wave(t, 2.4, dice(i, j)), 2+f*0.3, 0, flat(hex(0xffe3b0).Fade(0.55)))
		}
	}
	for i := 0; i < 4; i++ {
		x := wrap(300+t*24+float64(i)*70, -50, 1650)
		bird(c, x, 220+30*math.Sin(float64(i)*2)+10*math.Sin(t+float64(i)), 18, math.Sin(t*4+float64(i)*2),
			flat(hex(0x231f45)))
	}
}

func cliff(c *Canvas, x, y float64) {
	c.Fill((&Path{}).Move(930, 690).Cube(1010, 650, 1020, 560, 1110, 545).Line(1150, 512).Line(1300, 516).
		Cube(1390, 530, 1430, 470, 1520, 480).
		Line(1640, 470).Line(1640, 760).Line(930, 760).Close(), graded(hex(0x3c315e), hex(0x171a3c), 480, 720))
	c.Fill((&Path{}).Move(1110, 545).Line(1150, 512).Line(1300, 516).Line(1240, 560).Line(1180, 640).Line(1130, 600).
		Close(), flat(hex(0x574377).Fade(0.8)))
	body := func(y0, y1, w0, w1 float64, ink Ink) {
		c.Fill(polygon(Point{x - w0, y0}, Point{x + w0, y0}, Point{x + w1, y1}, Point{x - w1, y1}), ink)
	}
	for i := 0; i < 5; i++ {
		k0, k1 := float64(i)/5, float64(i+1)/5
		tone := hex(0xf6e8e2)
		if i%2 == 1 {
			tone = hex(0xd84f55)
		}
		body(lerp(300, 518, k0), lerp(300, 518, k1), lerp(27, 43, k0), lerp(27, 43, k1), flat(tone))
	}
	c.Fill(polygon(Point{x + 6, 300}, Point{x + 27, 300}, Point{x + 43, 518}, Point{x + 10, 518}),
		flat(hex(0x2a1d4d).Fade(0.35)))
	c.Rect(x-40, 292, 80, 9, flat(hex(0x2c2450)))
	c.Rect(x-19, y-22, 38, 46, flat(hex(0xfff2bd)))
	c.Rect(x-2, y-22, 4, 46, flat(hex(0x2c2450)))
	c.Fill((&Path{}).Move(x-27, y-20).Quad(x, y-66, x+27, y-20).Close(), flat(hex(0xb93b4a)))
	c.Rect(x-2, y-68, 4, 26, flat(hex(0x2c2450)))
	c.Box(x+62, 466, 92, 52, 2, flat(hex(0xeaded9)))
	c.Fill(polygon(Point{x + 52, 470}, Point{x + 108, 432}, Point{x + 164, 470}), flat(hex(0x8f3347)))
	c.Box(x+80, 482, 18, 18, 2, flat(hex(0xffd479)))
	c.Box(x+116, 482, 18, 18, 2, flat(hex(0xffd479)))
}

// shafts draws sunbeams as seen from under water.
func shafts(c *Canvas, t float64, col Color, strength float64) {
	for i := 0; i < 6; i++ {
		f := float64(i)
		x := 180 + f*260 + 60*math.Sin(t*0.17+f*2)
		w := 50 + 46*dice(90, i) + 16*math.Sin(t*0.3+f)
		lean := 210 - f*50
		a := strength * (0.55 + 0.45*math.Sin(t*0.5+f*1.7))
		p := polygon(Point{x - w*0.4, -20}, Point{x + w*0.4, -20}, Point{x + lean*2 + w*2.1, 900},
			Point{x + lean*2 - w*1.2, 900})
		c.Fill(p, Ink{
			Mode:   Screen,
			Top:    col.Fade(a),
			Bottom: col.Fade(0),
			From:   0,
			To:     820,
			graded: true,
		})
	}
}

func paintJellyfish(c *Canvas, t float64) {
	c.Still("jelly", func() { c.Sky(hex(0x1b5fa8), hex(0x173f8c), hex(0x1b2468), hex(0x150f45), hex(0x0b0728)) })
	shafts(c, t, hex(0x8fd6ff), 0.28)
	for i := 0; i < 40; i++ {
		x := wrap(dice(41, i, 1)*1600+20*math.Sin(t*0.4+float64(i)), 0, 1600)
		y := wrap(dice(41, i, 2)*900-t*(5+9*dice(41, i, 3)), -10, 910)
		c.Circle(x, y, 1.2+2.4*dice(41, i, 4), flat(hex(0xbfe6ff).Fade(0.35)))
	}
	jelly := func(i int, x, y, r float64, tone, rim Color, dim float64) {
		f := float64(i)
		beat := math.Pow(wave(t, 3.2, f*0.37), 1.5)
		x += 34 * math.Sin(t*0.23+f*2)
		y = wrap(y-t*(7+r*0.05)-14*beat, -r*4.4, 900+r*1.2)
		wide, tall := r*(1.05-0.17*beat), r*(0.78+0.2*beat)
		for k := 0; k < 9; k++ {
			g := float64(k)
			sx := x + (g-4)/4*wide*0.82
			long := r * (1.9 + 1.3*dice(i, k))
			pts := curve(22, func(q float64) Point {
				return Point{sx*(1-q*0.25) + x*q*0.25 + r*0.2*q*math.Sin(q*5-t*1.5+g*0.7+f), y + q*long}
			})
			c.Fill(ribbon(pts, func(q float64) float64 { return r * 0.024 * (1 - q*0.8) }), flat(rim.Fade(0.5*dim)))
		}
		for k := 0; k < 4; k++ {
			g := float64(k)
			pts := curve(20, func(q float64) Point {
				return Point{x + (g-1.5)*r*0.2 + r*0.16*(0.3+q)*math.Sin(q*7-t*1.8+g*1.3), y - r*0.1 + q*r*1.75}
			})
			c.Fill(ribbon(pts, func(q float64) float64 {
				return r * 0.17 * (1 - q) * (1 + 0.35*math.Sin(q*26+g))
			}), flat(mix(tone, white, 0.45).Fade(0.45*dim)))
		}
		bell := (&Path{}).Move(x-wide, y+r*0.1).Cube(x-wide*1.06, y-tall*1.3, x+wide*1.06, y-tall*1.3, x+wide, y+r*0.1)
		for k := 0; k < 6; k++ {
			a, b := wide*(1-float64(k)/3), wide*(1-float64(k+1)/3)
			bell.Quad(x+(a+b)/2, y-r*0.12, x+b, y+r*0.1)
		}
		c.Glow(x, y-tall*0.3, r*2.1, tone, 0.32*dim)
		c.Fill(bell.Close(), graded(mix(tone, white, 0.55).Fade(0.82*dim), tone.Fade(0.4*dim), y-tall, y+r*0.1))
		c.Oval(x, y-tall*0.38, wide*0.62, tall*0.4, 0, flat(mix(rim, white, 0.3).Fade(0.25*dim)))
		for k := -1; k < 3; k++ {
			c.Oval(x+(float64(k)-0.5)*wide*0.33, y-tall*0.34, wide*0.11, tall*0.2, 0, flat(rim.Fade(0.5*dim)))
		}
		c.Oval(x-wide*0.36, y-tall*0.66, wide*0.2, tall*0.07, -0.5, flat(white.Fade(0.55*dim)))
	}
	jelly(1, 1330, 380, 46, hex(0x4f7df0), hex(0x9fc8ff), 0.6)
	jelly(2, 250, 720, 58, hex(0x5a6ff0), hex(0xa9b8ff), 0.65)
	jelly(3, 1130, 940, 96, hex(0xc45be0), hex(0xf0b0ff), 0.9)
	jelly(4, 520, 470, 150, hex(0xff5fa2), hex(0xffc0de), 1)
	jelly(5, 1450, 1220, 110, hex(0xff8a5c), hex(0xffd9b8), 0.95)
}

func paintKoi(c *Canvas, t float64) {
	c.Still("koi", func() {
		c.Sky(hex(0x0f5a5e), hex(0x0b4a55), hex(0x0a3a4a))
		for i := 0; i < 50; i++ {
			x, y, r := dice(51, i, 1)*1600, dice(51, i, 2)*900, 20+50*dice(51, i, 3)
			c.Oval(x, y, r, r*0.7, dice(51, i, 4)*3, flat(hex(0x062f3c).Fade(0.35)))
		}
		c.Field(12, 0, High, Screen, func(x, y float64) Color {
			u := noise(x/190, y/150, 0.4) - noise(x/170, y/160, 9.7)
			return hex(0x7fe0d0).Fade(0.2 * math.Pow(1-math.Min(1, math.Abs(u)*3), 3))
		})
	})
	type fish struct {
		cx, cy, rx, ry, speed, phase, size float64
		body, patch                        Color
	}
	shoal := []fish{
		{760, 440, 430, 230, 0.26, 0.4, 1.25, hex(0xfff4ea), hex(0xf0522d)},
		{860, 470, 520, 260, 0.22, 2.2, 1.1, hex(0xff8a3c), hex(0xfff1e0)},
		{700, 430, 380, 290, -0.24, 4.3, 1.0, hex(0xfff6ee), hex(0x23252e)},
		{900, 450, 560, 210, 0.25, 3.6, 0.95, hex(0xffd25c), hex(0xfff3cc)},
		{820, 480, 300, 170, -0.3, 1.1, 0.85, hex(0xf4452e), hex(0xfff4ea)},
		{740, 420, 610, 320, 0.2, 5.4, 1.05, hex(0xfdf3ea), hex(0xe63b25)},
	}
	for n, k := range shoal {
		spine := curve(16, func(q float64) Point {
			a := k.phase + 0.8*k.speed*t - math.Copysign(q*0.46*k.size*(430/k.rx), k.speed)
			wag := 9 * k.size * q * q * 3 * math.Sin(t*3.4-q*5+k.phase)
			x, y := k.cx+k.rx*math.Cos(a), k.cy+k.ry*math.Sin(a*1.0)+40*math.Sin(a*2)
			nx, ny := math.Cos(a), math.Sin(a)
			return Point{x + nx*wag, y + ny*wag}
		})
		koi(c, spine, k.size, k.body, k.patch, n, t)
	}
	for i := 0; i < 4; i++ {
		life := math.Mod(t/5+float64(i)*0.25, 1)
		x, y := 300+1000*dice(52, i), 200+520*dice(53, i)
		for r := 0; r < 3; r++ {
			rad := life*210 - float64(r)*34
			if rad > 4 {
				c.Ring(x, y, rad, 3, flat(hex(0xd8fff4).Fade(0.4*(1-life))))
			}
		}
	}
	for i := 0; i < 9; i++ {
		x := []float64{90, 240, 60, 1490, 1390, 1560, 1500, 130, 330}[i]
		y := []float64{120, 60, 300, 800, 860, 640, 90, 830, 850}[i]
		r := []float64{120, 70, 66, 130, 76, 70, 92, 104, 62}[i]
		pad(c, x, y, r, dice(54, i)*6)
		if i == 0 || i == 3 {
			lotus(c, x+r*0.15, y-r*0.1, r*0.55)
		}
	}
}

func koi(c *Canvas, spine []Point, size float64, body, patch Color, n int, t float64) {
	girth := func(q float64) float64 {
		return size * (74*math.Pow(math.Sin(math.Pi*math.Min(1, q*0.86+0.13)), 0.8) + 5) * (1 - 0.35*q)
	}
	shade := make([]Point, len(spine))
	for i, p := range spine {
		shade[i] = Point{p.X + 22, p.Y + 30}
	}
	c.Fill(ribbon(shade, girth), flat(hex(0x021c26).Fade(0.32)))
	at := func(i int) (Point, float64) {
		a, b := spine[max(0, i-1)], spine[min(len(spine)-1, i+1)]
		return spine[i], math.Atan2(b.Y-a.Y, b.X-a.X)
	}
	fin := func(i int, side, length, spread float64) {
		p, a := at(i)
		b := a + side*(0.75+0.25*math.Sin(t*3+float64(n)))
		w := girth(float64(i)/16) * 0.4
		x, y := p.X+math.Cos(a+side*1.57)*w, p.Y+math.Sin(a+side*1.57)*w
		c.Fill((&Path{}).Move(x, y).
			Quad(x+length*math.Cos(b+side*spread), y+length*math.Sin(b+side*spread), x+length*math.Cos(b),
				y+length*math.Sin(b)).
			Quad(x+length*0.8*math.Cos(b-side*spread), y+length*0.8*math.Sin(b-side*spread), x, y).Close(),
			flat(mix(body, white, 0.2).Fade(0.72)))
	}
	for _, s := range []float64{-1, 1} {
		fin(4, s, 66*size, 0.5)
		fin(10, s, 34*size, 0.5)
	}
	tail, a := at(16)
	for _, s := range []float64{-1, 1} {
		b := a + s*0.42 + 0.3*math.Sin(t*3.4-5)
		l := 92 * size
		c.Fill((&Path{}).Move(tail.X-6*math.Cos(a), tail.Y-6*math.Sin(a)).
			Quad(tail.X+l*0.7*math.Cos(b+s*0.35), tail.Y+l*0.7*math.Sin(b+s*0.35), tail.X+l*math.Cos(b),
				tail.Y+l*math.Sin(b)).
			Quad(tail.X+l*0.5*math.Cos(a), tail.Y+l*0.5*math.Sin(a), tail.X, tail.Y).Close(),
			flat(mix(body, white, 0.15).Fade(0.8)))
	}
	c.Fill(ribbon(spine, girth), flat(body))
	head, _ := at(0)
	c.Circle(head.X, head.Y, girth(0)/2, flat(body))
	for j, i := range []int{2, 6, 7, 11, 13} {
		p, a := at(i)
		off := (dice(n, j, 6) - 0.5) * girth(float64(i)/16) * 0.4
		c.Oval(p.X-math.Sin(a)*off, p.Y+math.Cos(a)*off, size*(13+15*dice(n, j, 7)),
			girth(float64(i)/16)*(0.24+0.14*dice(n, j, 8)), a, flat(patch))
	}
	c.Fill(ribbon(spine[5:12], func(k float64) float64 {
		return size * 7 * math.Sin(math.Pi*k)
	}), flat(white.Fade(0.5)))
	for _, s := range []float64{-1, 1} {
		p, a := at(1)
		c.Circle(p.X-math.Sin(a)*s*15*size, p.Y+math.Cos(a)*s*15*size, 3.4*size, flat(hex(0x15151c)))
	}
}

func pad(c *Canvas, x, y, r, turn float64) {
	leaf := func(dx, dy, r float64, ink Ink) {
		p := (&Path{}).Move(x+dx, y+dy)
		for i := 0; i <= 40; i++ {
			a := turn + 0.22 + (2*math.Pi-0.44)*float64(i)/40
			p.Line(x+dx+r*math.Cos(a), y+dy+r*math.Sin(a))
		}
		c.Fill(p.Close(), ink)
	}
	leaf(16, 24, r, flat(hex(0x021c26).Fade(0.35)))
	leaf(0, 0, r, graded(hex(0x5fae5f), hex(0x2c7a55), y-r, y+r))
	leaf(0, 0, r*0.9, graded(hex(0x6dbb66), hex(0x378a5b), y-r, y+r))
	for i := 0; i < 9; i++ {
		a := turn + 0.5 + float64(i)*0.66
		c.Stroke([]Point{{x, y}, {x + r*0.86*math.Cos(a), y + r*0.86*math.Sin(a)}}, 2, flat(hex(0xa5d98a).Fade(0.6)))
	}
}

func lotus(c *Canvas, x, y, r float64) {
	for ring, col := range []Color{hex(0xf58db4), hex(0xffb3cf), hex(0xffd8e6)} {
		n := 9 - ring*2
		l := r * (1 - 0.25*float64(ring))
		for i := 0; i < n; i++ {
			a := float64(i)*2*math.Pi/float64(n) + float64(ring)*0.4
			c.Oval(x+l*0.52*math.Cos(a), y+l*0.52*math.Sin(a), l*0.52, l*0.2, a,
				graded(mix(col, white, 0.25), col, y-l, y+l))
		}
	}
	c.Circle(x, y, r*0.17, flat(hex(0xffd95c)))
}

func paintWhale(c *Canvas, t float64) {
	c.Still("whale", func() {
		c.Sky(hex(0xa6ece6), hex(0x4cc3d3), hex(0x1d8fb8), hex(0x11608f), hex(0x0b3b66), hex(0x082747))
	})
	c.Field(12, 0, 190, Screen, func(x, y float64) Color {
		u := noise(x/130+t*0.15, y/26, t*0.3) - noise(x/120-t*0.1, y/30, t*0.25+9)
		return white.Fade(0.5 * math.Pow(1-math.Min(1, math.Abs(u)*3.6), 2) * (1 - y/190))
	})
	shafts(c, t, hex(0xe2fff8), 0.36)
	for i := 0; i < 34; i++ {
		x := wrap(1300*dice(61, i, 1)+t*34+300, -60, 1660)
		y := 300 + 130*dice(61, i, 2) + 26*math.Sin(t*0.8+x/150)
		s := 6 + 5*dice(61, i, 3)
		c.Oval(x, y, s, s*0.36, -0.05, flat(hex(0x0c4f7c).Fade(0.8)))
		c.Fill(polygon(Point{x - s*0.8, y}, Point{x - s*1.7, y - s*0.5}, Point{x - s*1.7, y + s*0.5}),
			flat(hex(0x0c4f7c).Fade(0.8)))
	}
	whale(c, lerp(560, 820, t/20), 470+22*math.Sin(t*0.5), 1.15, t, hex(0x1b4a74), hex(0x0d2d52), hex(0xd6e8ea))
	whale(c, lerp(310, 520, t/20), 668+18*math.Sin(t*0.55+1), 0.5, t+1.4, hex(0x3f86ad), hex(0x22618c), hex(0xdff0f0))
	for i := 0; i < 26; i++ {
		k := math.Mod(t*0.11+dice(62, i, 1), 1)
		x := lerp(880, 1140, t/20) + 60*(dice(62, i, 2)-0.5) + 16*math.Sin(t*2+float64(i))
		c.Ring(x, 450-430*k, 3+8*dice(62, i, 3), 2, flat(white.Fade(0.6*(1-k))))
	}
	for i := 0; i < 3; i++ {
		f := float64(i)
		tone := through(f/2, []Color{hex(0x0a3158), hex(0x082443), hex(0x05172e)})
		c.Ridge(12, func(x float64) float64 { return 790 + f*44 - 60*fbm((x+t*(6+f*8)+f*300)/230, f*3, 0, 3) },
			flat(tone))
	}
}

func whale(c *Canvas, x, y, s, t float64, top, low, belly Color) {
	c.Push(x, y, -0.05+0.03*math.Sin(t*0.5), s, s)
	beat := math.Sin(t * 1.25)
	lift := func(q float64) float64 { return 46 * beat * q * q }
	p := (&Path{}).Move(330, 10).Cube(320, -60, 200, -112, 30, -108).Cube(-120, -104, -260, -60, -400, -26+lift(0.9)).
		Line(-430, -18+lift(1))
	p.Line(-430, 12+lift(1)).Cube(-300, 26+lift(0.6), -170, 80, 0, 96).Cube(150, 106, 310, 90, 330, 10).Close()
	fluke := (&Path{}).Move(-405, -4+lift(1)).Cube(-450, -20+lift(1.1), -500, -70+lift(1.4), -560, -64+lift(1.5)).
		Cube(-536, -28+lift(1.3), -510, -4+lift(1.2), -486, 2+lift(1.1)).
		Cube(-520, 14+lift(1.2), -540, 40+lift(1.3), -560, 66+lift(1.4)).
		Cube(-500, 62+lift(1.3), -450, 30+lift(1.1), -405, 14+lift(1)).Close()
	c.Fill(fluke, flat(low))
	c.Fill(p, graded(top, low, -110, 60))
	b := (&Path{}).Move(328, 22).Cube(240, 40, 120, 44, 0, 58).Cube(-90, 70, -160, 66, -220, 52).
		Cube(-150, 84, -60, 94, 10, 96).Cube(150, 106, 312, 92, 328, 22).Close()
	c.Fill(b, graded(belly, mix(belly, low, 0.4), 20, 104))
	for i := 0; i < 6; i++ {
		f := float64(i)
		c.Stroke(curve(14, func(k float64) Point {
			return Point{310 - f*6 - k*(270-f*14), 36 + f*10 + 14*math.Sin(k*2.2)}
		}), 2, flat(mix(low, belly, 0.35)))
	}
	flap := 0.35 + 0.3*math.Sin(t*0.9)
	c.Push(110, 74, flap, 1, 1)
	c.Fill((&Path{}).Move(30, -8).Cube(10, 60, -60, 150, -150, 176).Cube(-120, 110, -70, 20, -40, -10).Close(),
		graded(mix(top, white, 0.12), low, -10, 170))
	c.Pop()
	c.Fill((&Path{}).Move(-160, -66).Cube(-186, -116, -218, -128, -244, -124).Cube(-236, -100, -234, -80, -232, -50).
		Close(), flat(low))
	c.Circle(236, 4, 7, flat(hex(0x061a30)))
	c.Circle(238, 2, 2.2, flat(white.Fade(0.9)))
	c.Pop()
}
