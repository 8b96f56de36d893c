package main

import "math"

func paintMooncake(c *Canvas, t float64) {
	c.Still("mooncake", func() {
		c.Sky(hex(0x0d1238), hex(0x1b1f57), hex(0x3a2f74), hex(0x6a4284), hex(0x9c5a82))
		stars(c, 171, 120, 700)
	})
	moonY := lerp(520, 400, ramp(0, 20, t))
	c.Glow(800, moonY, 700, hex(0xffd98a), 0.5)
	c.Circle(800, moonY, 372, graded(hex(0xfff4cf), hex(0xffd684), moonY-372, moonY+372))
	for i := 0; i < 7; i++ {
		c.Circle(800+440*(dice(172, i)-0.5), moonY+440*(dice(173, i)-0.5), 22+50*dice(174, i),
			flat(hex(0xf3c373).Fade(0.3)))
	}
	turn := 0.05 * t
	c.Push(800, moonY+30, turn, 1, 1)
	scallop := func(r float64, ink Ink) {
		p := &Path{}
		for i := 0; i <= 240; i++ {
			a := float64(i) * math.Pi / 120
			rr := r * (1 + 0.045*math.Abs(math.Cos(a*6)))
			if i == 0 {
				p.Move(rr*math.Cos(a), rr*math.Sin(a))
			} else {
				p.Line(rr*math.Cos(a), rr*math.Sin(a))
			}
		}
		c.Fill(p.Close(), ink)
	}
	c.Push(10, 22, 0, 1, 1)
	scallop(262, flat(hex(0x3a1408).Fade(0.5)))
	c.Pop()
	scallop(258, flat(hex(0x8a3f14)))
	scallop(246, flat(hex(0xc9722a)))
	scallop(226, flat(hex(0xdf9040)))
	draw := ramp(0.5, 6, t)
	dark, light := hex(0x8a3f14), hex(0xf7c372)
	arc := func(r, from, to, w float64) {
		k := to
		if k <= from {
			return
		}
		pts := curve(60, func(q float64) Point {
			a := lerp(from, k, q)
			return Point{r * math.Cos(a), r * math.Sin(a)}
		})
		c.Fill(ribbon(pts, even(w+4)), flat(dark))
		c.Push(-2, -3, 0, 1, 1)
		c.Fill(ribbon(pts, even(w)), flat(light))
		c.Pop()
	}
	arc(204, 0, 2*math.Pi*draw, 7)
	arc(96, 0, 2*math.Pi*draw, 7)
	for i := 0; i < 12; i++ {
		f := float64(i)
		show := ramp(f/14, f/14+0.25, ramp(1.5, 9, t))
		if show <= 0 {
			continue
		}
		c.Push(0, 0, f*math.Pi/6, show, show)
		c.Fill((&Path{}).Move(104, 0).Quad(150, -48, 194, 0).Quad(150, 48, 104, 0).Close(), flat(dark))
		c.Fill((&Path{}).Move(110, -3).Quad(150, -42, 188, -3).Quad(150, 36, 110, -3).Close(), flat(light))
		c.Fill((&Path{}).Move(122, -2).Quad(150, -24, 178, -2).Quad(150, 20, 122, -2).Close(), flat(hex(0xd98638)))
		c.Pop()
	}
	for i := 0; i < 8; i++ {
		f := float64(i)
		show := ramp(f/10, f/10+0.25, ramp(6, 11, t))
		c.Push(0, 0, f*math.Pi/4, show, show)
		c.Oval(48, 0, 34, 17, 0, flat(dark))
		c.Oval(47, -2, 31, 14, 0, flat(light))
		c.Oval(50, -2, 18, 5, 0, flat(hex(0xd98638)))
		c.Pop()
	}
	c.Circle(0, 0, 22, flat(dark))
	c.Circle(-1, -2, 19, flat(hex(0xffe0a0)))
	c.Pop()
	for i := 0; i < 4; i++ {
		f := float64(i)
		y := 730 + f*44
		tone := through(f/3, []Color{hex(0xd2a0b4), hex(0x9c6f9f), hex(0x5c4583), hex(0x2b2459)})
		for k := 0; k < 9; k++ {
			x := wrap(float64(k)*230+f*90+t*(6+f*5), -200, 1870)
			r := 100 + 26*dice(175, i, k)
			c.Circle(x, y+64, r, flat(tone))
			c.Ring(x, y+64, r-18, 4, flat(mix(tone, white, 0.35)))
			c.Ring(x, y+64, r-38, 3, flat(mix(tone, white, 0.3)))
		}
		c.Rect(-10, y+70, 1620, 200, flat(tone))
	}
	for i := 0; i < 22; i++ {
		k := math.Mod(t/10+dice(176, i), 1)
		x := 1600*dice(177, i) + 120*k + 24*math.Sin(t+float64(i))
		y := -30 + 960*k
		for p := 0; p < 4; p++ {
			a := float64(p)*math.Pi/2 + t*0.8 + float64(i)
			c.Oval(x+6*math.Cos(a), y+6*math.Sin(a), 6, 4, a, flat(hex(0xffc84d).Fade(0.9)))
		}
	}
	lantern(c, 170, -10, 1.5, 0.05*math.Sin(t), 0.9, true)
	lantern(c, 1430, -40, 1.7, 0.05*math.Sin(t+1.4), 0.9, true)
}
