package main

import "math"

func paintTrain(c *Canvas, t float64) {
	c.Sky(hex(0x3a4a86), hex(0x8a78ad), hex(0xf2a58f), hex(0xffd79a), hex(0xffe7bd), hex(0xffe7bd))
	c.Glow(1010, 430, 380, hex(0xfff0b8), 0.75)
	c.Circle(1010, 430, 50, flat(hex(0xfffbe6)))
	for i := 0; i < 7; i++ {
		x := wrap(dice(101, i, 1)*2100-t*10, -350, 1900)
		y, w := 150+210*dice(101, i, 2), 130+150*dice(101, i, 3)
		c.Oval(x, y, w, 15, 0, flat(hex(0xffd3b8).Fade(0.5)))
		c.Oval(x+40, y-14, w*0.5, 14, 0, flat(hex(0xffe6cf).Fade(0.5)))
	}
	land := func(y, size, span, speed, seed float64, oct int, top, low Color) func(float64) float64 {
		h := func(x float64) float64 { return y - size*fbm((x+t*speed)/span, seed, 0, oct) }
		c.Ridge(8, h, graded(top, low, y-size, y+60))
		return h
	}
	land(530, 210, 380, 12, 1, 4, hex(0xa583ad), hex(0xd9a3a3))
	fuji := wrap(500-t*12, -900, 2500)
	c.Fill((&Path{}).Move(fuji-430, 520).Quad(fuji-110, 420, fuji-54, 250).Line(fuji+54, 250).
		Quad(fuji+110, 420, fuji+430, 520).Close(), graded(hex(0x7d77b0), hex(0xcf9fb0), 250, 520))
	c.Fill((&Path{}).Move(fuji-54, 250).Line(fuji+54, 250).Quad(fuji+76, 315, fuji+98, 356).Line(fuji+50, 330).
		Line(fuji+24, 366).Line(fuji-8, 326).Line(fuji-42, 362).Line(fuji-96, 354).Quad(fuji-76, 315, fuji-54, 250).
		Close(), flat(hex(0xfff2ee)))
	land(560, 110, 260, 28, 5, 4, hex(0x7c6a95), hex(0xb98a92))
	mid := land(610, 90, 300, 56, 8, 3, hex(0x5b6e77), hex(0x7f9a7c))
	for i := 0; i < 12; i++ {
		x := wrap(dice(102, i, 1)*2400-t*56, -200, 2200)
		y := mid(x)
		s := 0.7 + 0.5*dice(102, i, 2)
		c.Box(x, y-26*s, 52*s, 40*s, 1, flat(hex(0xf3e3d2)))
		c.Fill(polygon(Point{x - 8*s, y - 24*s}, Point{x + 26*s, y - 50*s}, Point{x + 60*s, y - 24*s}),
			flat([]Color{hex(0x9d4a50), hex(0x4d5b80), hex(0x7a5a52)}[i%3]))
		c.Box(x+18*s, y-14*s, 12*s, 12*s, 1, flat(hex(0xffd27a)))
	}
	c.Ridge(20, func(float64) float64 { return 640 }, graded(hex(0x93a868), hex(0x47683f), 640, 860))
	for i := 0; i < 9; i++ {
		k := float64(i) / 9
		y := 645 + 180*k*k
		c.Rect(-10, y, 1620, 2+7*k, flat(hex(0xc9c777).Fade(0.5)))
	}
	for i := 0; i < 26; i++ {
		x := wrap(float64(i)*100-t*150, -200, 2400)
		c.Oval(x, 704, 40, 14, 0, flat(hex(0x35562f)))
	}
	for i := 0; i < 3; i++ {
		x := wrap(float64(i)*900-t*300, -300, 2400)
		c.Rect(x, 240, 13, 620, flat(hex(0x2b2236)))
		c.Rect(x-58, 284, 130, 9, flat(hex(0x2b2236)))
		c.Rect(x-40, 326, 94, 8, flat(hex(0x2b2236)))
		for _, w := range []float64{-52, 62, -34, 44} {
			y0 := 282.0
			if math.Abs(w) < 50 {
				y0 = 324
			}
			pts := curve(24, func(k float64) Point { return Point{x + w + 900*k, y0 + 4*34*k*(1-k)} })
			c.Fill(ribbon(pts, even(2.4)), flat(hex(0x2b2236).Fade(0.8)))
		}
	}
	carriage(c, t)
}

// carriage draws the frame of the landscape: a window, a table, a cup of tea, somebody's book.
func carriage(c *Canvas, t float64) {
	wall := graded(hex(0x3b2b3f), hex(0x1d1526), 0, 900)
	p := (&Path{}).Move(-10, -10).Line(1610, -10).Line(1610, 910).Line(-10, 910).Close()
	x0, y0, x1, y1, r := 130.0, 84.0, 1470.0, 716.0, 70.0
	p.Move(x0+r, y0).Quad(x0, y0, x0, y0+r).Line(x0, y1-r).Quad(x0, y1, x0+r, y1).Line(x1-r, y1).Quad(x1, y1, x1, y1-r).
		Line(x1, y0+r).Quad(x1, y0, x1-r, y0).Close()
	c.Fill(p, wall)
	q := (&Path{}).Move(x0+r, y0).Line(x1-r, y0).Quad(x1, y0, x1, y0+r).Line(x1, y1-r).Quad(x1, y1, x1-r, y1).
		Line(x0+r, y1).Quad(x0, y1, x0, y1-r).Line(x0, y0+r).Quad(x0, y0, x0+r, y0).Close()
	d := 16.0
	q.Move(x0+r, y0+d).Quad(x0+d, y0+d, x0+d, y0+r).Line(x0+d, y1-r).Quad(x0+d, y1-d, x0+r, y1-d).Line(x1-r, y1-d).
		Quad(x1-d, y1-d, x1-d, y1-r).Line(x1-d, y0+r).Quad(x1-d, y0+d, x1-r, y0+d).Close()
	c.Fill(q, flat(hex(0x8a6a5c)))
	c.Fill(polygon(Point{300, 100}, Point{430, 100}, Point{230, 700}, Point{146, 700}, Point{146, 560}),
		flat(white.Fade(0.07)))
	c.Fill(polygon(Point{480, 100}, Point{520, 100}, Point{310, 700}, Point{270, 700}), flat(white.Fade(0.06)))
	for _, s := range []float64{0, 1} {
		x := lerp(130, 1470, s)
		for i := 0; i < 5; i++ {
			cx := x + (1-2*s)*float64(i)*23 + 2*math.Sin(t*1.7+float64(i))
			c.Fill((&Path{}).Move(cx-16, 60).Line(cx+16, 60).Cube(cx+22, 300, cx+4, 520, cx+11, 732).Line(cx-12, 732).
				Cube(cx-8, 520, cx-22, 300, cx-16, 60).Close(),
				graded(mix(hex(0xb5544f), black, 0.1*float64(i%2)), mix(hex(0x6b2a3a), black, 0.12*float64(i%2)), 60,
					732))
		}
	}
	c.Box(60, 48, 1480, 20, 10, flat(hex(0xb08a5c)))
	c.Box(430, 770, 760, 34, 8, graded(hex(0xa87048), hex(0x6b4030), 770, 804))
	c.Rect(760, 804, 90, 120, flat(hex(0x2a1c2c)))
	shake := 1.2 * math.Sin(t*11) * wave(t, 2.2, 0)
	c.Push(0, shake, 0, 1, 1)
	c.Fill((&Path{}).Move(612, 690).Line(722, 690).Quad(716, 764, 690, 770).Line(644, 770).Quad(618, 764, 612, 690).
		Close(), graded(hex(0xf5efe4), hex(0xc9bcb0), 690, 770))
	ring := (&Path{}).Ellipse(732, 722, 24, 24, 0)
	c.Fill(ring.Ellipse(732, 722, 14, -14, 0), flat(hex(0xe2d8ca)))
	c.Oval(667, 691, 54, 8, 0, flat(hex(0x8a4a26)))
	c.Pop()
	c.Push(960, 770, -0.03, 1, 1)
	c.Box(-90, -22, 190, 22, 3, flat(hex(0x2f6f73)))
	c.Box(-86, -18, 184, 13, 2, flat(hex(0xf5ecd8)))
	c.Box(-70, -40, 170, 20, 3, flat(hex(0xd9773f)))
	c.Box(-66, -36, 164, 11, 2, flat(hex(0xf5ecd8)))
	c.Pop()
	for i := 0; i < 6; i++ {
		k := math.Mod(t/4+float64(i)/6, 1)
		c.Glow(667+22*math.Sin(k*6+float64(i)), 680-170*k, 18+34*k, white, 0.34*(1-k)*ramp(0, 0.2, k))
	}
}

func lantern(c *Canvas, x, y, s, swing, glow float64, red bool) {
	c.Push(x, y, swing, s, s)
	skin, deep := hex(0xff6a3d), hex(0xc22a2a)
	if !red {
		skin, deep = hex(0xffe2a0), hex(0xf0a040)
	}
	c.Stroke([]Point{{0, 0}, {0, 26}}, 2.5, flat(hex(0x1b1020)))
	c.Glow(0, 74, 190, skin, 0.5*glow)
	c.Box(-20, 22, 40, 11, 3, flat(hex(0x1e1218)))
	c.Box(-36, 31, 72, 94, 32, graded(mix(skin, hex(0xffe6a8), 0.5*glow), mix(deep, skin, 0.45*glow), 31, 125))
	for i := 1; i < 6; i++ {
		c.Rect(-35, 31+float64(i)*15.5, 70, 1.6, flat(deep.Fade(0.5)))
	}
	c.Oval(0, 80, 17, 30, 0, flat(hex(0xfff3c4).Fade(0.55*glow)))
	c.Box(-20, 122, 40, 11, 3, flat(hex(0x1e1218)))
	c.Stroke([]Point{{0, 133}, {0, 164}}, 4, flat(hex(0xd9a441)))
	c.Pop()
}

func pagoda(c *Canvas, x, y, s float64, ink, lit Ink) {
	c.Push(x, y, 0, s, s)
	c.Rect(-3, -560, 6, 130, ink)
	for i := 0; i < 5; i++ {
		c.Rect(-8, -520+float64(i)*16, 16, 4, ink)
	}
	for i := 0; i < 5; i++ {
		f := float64(i)
		w, top := 92+f*17, -430+f*88
		c.Fill((&Path{}).Move(-w*0.4, top).Line(w*0.4, top).Cube(w*0.6, top+26, w*0.9, top+34, w*1.25, top+28).
			Line(w*1.12, top+48).Line(-w*1.12, top+48).
			Line(-w*1.25, top+28).Cube(-w*0.9, top+34, -w*0.6, top+26, -w*0.4, top).Close(), ink)
		c.Rect(-w*0.62, top+48, w*1.24, 42, ink)
		for k := -2; k <= 2; k++ {
			c.Rect(float64(k)*w*0.23-6, top+58, 12, 22, lit)
		}
	}
	c.Pop()
}

func paintKyoto(c *Canvas, t float64) {
	c.Still("kyoto", func() {
		c.Sky(hex(0x14163f), hex(0x35296b), hex(0x7a3f82), hex(0xd0627f), hex(0xf5a07c), hex(0xf5a07c))
		stars(c, 111, 60, 330)
		c.Glow(800, 560, 560, hex(0xffb070), 0.55)
		c.Circle(980, 210, 64, flat(hex(0xfff1cf)))
		c.Ridge(10, func(x float64) float64 { return 600 - 120*fbm(x/380, 3, 0, 3) }, flat(hex(0x7c477f)))
		c.Ridge(10, func(x float64) float64 { return 640 - 90*fbm(x/260, 7, 0, 3) }, flat(hex(0x54336f)))
		pagoda(c, 800, 742, 1.02, flat(hex(0x2b1b46)), flat(hex(0xffc46b)))
		c.Fill(polygon(Point{640, 742}, Point{960, 742}, Point{1300, 910}, Point{300, 910}),
			graded(hex(0x8a5673), hex(0x3a2340), 742, 900))
		for i := 0; i < 11; i++ {
			k := math.Pow(float64(i)/11, 1.6)
			y := 744 + 156*k
			half := 160 + 340*k
			c.Rect(800-half, y, half*2, 2+3*k, flat(hex(0x2b1833).Fade(0.5)))
		}
		for side := -1.0; side <= 1; side += 2 {
			for i := 4; i >= 0; i-- {
				f := float64(i)
				near := 1 / (1 + f*0.55)
				x := 800 + side*(700*near+90)
				w, y := 430*near, 742+150*near
				h := 470 * near
				wall := mix(hex(0x1d1030), hex(0x6b3a6b), f/5)
				c.Rect(math.Min(x, x+side*w), y-h, w, h+120, flat(wall))
				ex := x - side*46*near
				c.Fill((&Path{}).Move(ex, y-h+14*near).Quad(x+side*w*0.3, y-h-24*near, x+side*w, y-h-120*near).
					Line(x+side*w, y-h+30*near).Line(ex, y-h+40*near).Close(), flat(mix(wall, black, 0.4)))
				ex = x - side*40*near
				c.Fill(polygon(Point{ex, y - h*0.52}, Point{x + side*w, y - h*0.62}, Point{x + side*w, y - h*0.5},
					Point{ex, y - h*0.47}), flat(mix(wall, black, 0.4)))
				for k := 0; k < 3; k++ {
					wx := x + side*(30+float64(k)*110)*near
					if side < 0 {
						wx -= 86 * near
					}
					c.Rect(wx, y-h*0.86, 86*near, h*0.26, graded(hex(0xffd98a), hex(0xf09a4a), y-h*0.86, y-h*0.6))
					c.Rect(wx, y-h*0.4, 86*near, h*0.34, graded(hex(0xffc873), hex(0xd9743d), y-h*0.4, y-h*0.06))
					for b := 1; b < 5; b++ {
						c.Rect(wx+float64(b)*17*near, y-h*0.86, 2.6*near, h*0.26, flat(wall))
						c.Rect(wx+float64(b)*17*near, y-h*0.4, 2.6*near, h*0.34, flat(wall))
					}
				}
			}
		}
	})
	for i := 5; i >= 0; i-- {
		f := float64(i)
		near := 1 / (1 + f*0.5)
		for side := -1.0; side <= 1; side += 2 {
			x := 800 + side*(660*near+70)
			y := 742 + 150*near - 390*near
			lantern(c, x, y, 1.25*near, 0.07*math.Sin(t*1.2+f+side), 0.75+0.25*wave(t, 2.7, f*0.3+side), i%2 == 0)
		}
	}
	walker := func(x, y, s float64, robe, umbrella Color, phase float64) {
		c.Push(x, y+2*math.Sin(t*5+phase), 0, s, s)
		c.Fill((&Path{}).Move(-17, -86).Line(17, -86).Line(24, 0).Line(-24, 0).Close(), flat(robe))
		c.Rect(-19, -62, 38, 15, flat(mix(robe, white, 0.5)))
		c.Circle(0, -98, 13, flat(hex(0x1a0f20)))
		c.Rect(-1.5, -150, 3, 60, flat(hex(0x1a0f20)))
		c.Fill((&Path{}).Move(-70, -122).Quad(0, -206, 70, -122).Quad(35, -132, 0, -120).Quad(-35, -132, -70, -122).
			Close(), flat(umbrella))
		for k := -2; k <= 2; k++ {
			c.Stroke([]Point{{0, -163}, {float64(k) * 27, -126}}, 1.8, flat(mix(umbrella, black, 0.35)))
		}
		c.Pop()
	}
	k := t / 20
	walker(lerp(830, 806, k), lerp(850, 776, k), lerp(0.92, 0.46, k), hex(0x35508f), hex(0xe8475f), 0)
	walker(lerp(742, 778, k), lerp(862, 780, k), lerp(0.96, 0.48, k), hex(0x7a2f55), hex(0xf5c04e), 1.5)
	for i := 0; i < 34; i++ {
		d := 0.4 + 0.6*dice(112, i, 1)
		x := wrap(dice(112, i, 2)*1700+t*34*d+30*math.Sin(t*0.8+float64(i)), -30, 1630)
		y := wrap(dice(112, i, 3)*940+t*46*d, -20, 920)
		c.Oval(x, y, 9*d, 5*d, t*1.2+float64(i), flat(hex(0xffc4d6).Fade(0.85)))
	}
}

func paintNeon(c *Canvas, t float64) {
	c.Still("neon", func() {
		c.Sky(hex(0x0a0b22), hex(0x141338), hex(0x241846), hex(0x160f30), hex(0x090715))
		for i := 0; i < 5; i++ {
			x := float64(i)*360 - 40
			c.Rect(x, 90+140*dice(121, i), 250, 900, flat(hex(0x0c0b22).Fade(0.7)))
		}
	})
	tones := []Color{hex(0xff2e88), hex(0x19d3ff), hex(0xffb02e), hex(0x9b5cff), hex(0x3dffa8), hex(0xff5c4d)}
	// Out of focus, every lamp is a disc. The far lamps don't move; the near ones are passing cars.
	for i := 0; i < 30; i++ {
		x, y := dice(122, i, 1)*1600, 60+470*dice(122, i, 2)
		r := 22 + 46*dice(122, i, 3)
		tone := tones[i%6]
		a := 0.2 + 0.26*dice(122, i, 4)
		if i%6 == 0 {
			a = 0.2 + 0.3*wave(t, 3+4*dice(122, i, 4), dice(122, i, 5))
		}
		c.Circle(x, y, r, flat(tone.Fade(a)).screened())
		c.Ring(x, y, r, 3, flat(mix(tone, white, 0.3).Fade(a*0.8)).screened())
	}
	sign := func(x, y, w, h float64, tone Color, beat float64) {
		a := 0.85 + 0.15*math.Sin(t*beat)
		c.Glow(x+w/2, y+h/2, math.Max(w, h)*1.15, tone, 0.45)
		p := (&Path{}).Move(x, y).Line(x+w, y).Line(x+w, y+h).Line(x, y+h).Close()
		p.Move(x+11, y+11).Line(x+11, y+h-11).Line(x+w-11, y+h-11).Line(x+w-11, y+11).Close()
		c.Fill(p, flat(mix(tone, white, 0.45).Fade(a)).screened())
		n := int(h / 62)
		for i := 0; i < n; i++ {
			cy := y + 34 + float64(i)*(h-68)/math.Max(1, float64(n-1))
			c.Ring(x+w/2, cy, w*0.2, 8, flat(mix(tone, white, 0.5).Fade(a)).screened())
		}
	}
	sign(210, 90, 96, 330, hex(0xff2e88), 1.1)
	sign(1290, 60, 110, 410, hex(0x19d3ff), 0.9)
	sign(1090, 190, 84, 210, hex(0xffb02e), 1.6)
	for i := 0; i < 6; i++ {
		dir := 1.0
		tone := hex(0xff4a3d)
		y := 610.0
		if i%2 == 0 {
			dir = -1
			tone = hex(0xfff0cf)
			y = 655
		}
		x := wrap(dice(123, i)*2000+dir*t*(60+26*dice(124, i)), -160, 1760)
		for k := -1.0; k <= 1; k += 2 {
			c.Circle(x+k*46, y, 34, flat(tone.Fade(0.5)).screened())
			c.Ring(x+k*46, y, 34, 4, flat(tone.Fade(0.5)).screened())
			c.Oval(x+k*46, y+150, 20, 110, 0, flat(tone.Fade(0.13)).screened())
		}
	}
	for i := 0; i < 9; i++ {
		c.Oval(dice(125, i)*1600, 800, 34, 130, 0, flat(tones[i%6].Fade(0.13)).screened())
	}
	drop := func(x, y, r float64) {
		c.Oval(x, y, r, r*1.18, 0, flat(hex(0x070716).Fade(0.5)))
		c.Oval(x, y+r*0.2, r*0.86, r*0.9, 0, graded(hex(0x101030).Fade(0.1), tones[int(x/270)%6].Fade(0.75), y-r, y+r))
		c.Oval(x-r*0.3, y-r*0.45, r*0.26, r*0.2, 0.5, flat(white.Fade(0.85)))
	}
	for i := 0; i < 90; i++ {
		drop(dice(127, i, 1)*1600, dice(127, i, 2)*900, 2.5+8*math.Pow(dice(127, i, 3), 3))
	}
	for i := 0; i < 13; i++ {
		speed := 30 + 60*dice(128, i, 1)
		y := wrap(dice(128, i, 2)*1300+t*speed+40*math.Sin(t*0.9+float64(i)*2), -200, 1100)
		x := 40 + 1520*dice(128, i, 3) + 8*math.Sin(y/60+float64(i))
		r := 9 + 7*dice(128, i, 4)
		c.Fill(ribbon(curve(12, func(k float64) Point {
			return Point{40 + 1520*dice(128, i, 3) + 8*math.Sin((y-240*k)/60+float64(i)), y - 240*k}
		}),
			func(k float64) float64 { return r * 1.3 * (1 - k) }), flat(hex(0xbfd8ff).Fade(0.13)))
		drop(x, y, r)
	}
	c.Vignette(0.7)
}

func paintBalloons(c *Canvas, t float64) {
	c.Still("balloons", func() {
		c.Sky(hex(0x6fa8dc), hex(0xa9cbe8), hex(0xfbe3cf), hex(0xffc9a3), hex(0xf7a88a))
		c.Glow(420, 560, 620, hex(0xfff0cc), 0.75)
		c.Circle(420, 556, 70, flat(hex(0xfffaea)))
	})
	for i := 0; i < 3; i++ {
		f := float64(i)
		tone := through(f/2, []Color{hex(0xe8b3a6), hex(0xc98a86), hex(0xa0636b)})
		c.Ridge(6, func(x float64) float64 {
			return 640 + f*46 - 60*fbm((x+t*(2+f*2)+f*400)/300, f*4, 0, 4)
		}, graded(tone, mix(tone, hex(0xffe0c8), 0.45), 580+f*46, 720+f*46))
	}
	balloon := func(x, y, s, phase float64, a, b Color) {
		y += 12 * math.Sin(t*0.5+phase) * s
		c.Push(x, y, 0.02*math.Sin(t*0.4+phase), s, s)
		for k := 0; k < 9; k++ {
			u0, u1 := math.Cos(math.Pi*float64(k)/9), math.Cos(math.Pi*float64(k+1)/9)
			tone := a
			if k%2 == 1 {
				tone = b
			}
			tone = mix(tone, black, 0.26*ramp(-0.1, 1, -u0))
			tone = mix(tone, white, 0.22*ramp(0.1, 0.8, u0)*ramp(1.05, 0.7, u0))
			p := (&Path{}).Move(0, -150).Cube(-150*u0*0.98, -150, -150*u0*1.06, -20, -106*u0, 42).
				Quad(-66*u0, 92, -24*u0, 132).Line(-24*u1, 132)
			c.Fill(p.Quad(-66*u1, 92, -106*u1, 42).Cube(-150*u1*1.06, -20, -150*u1*0.98, -150, 0, -150).Close(),
				flat(tone))
		}
		flame := math.Pow(wave(t, 5, phase), 8)
		c.Glow(0, 140, 110, hex(0xffc04d), 0.85*flame)
		for _, k := range []float64{-1, 1} {
			c.Stroke([]Point{{k * 22, 132}, {k * 18, 176}}, 2, flat(hex(0x4a2c2c)))
		}
		c.Box(-22, 174, 44, 34, 6, flat(hex(0x7a4a35)))
		c.Rect(-22, 184, 44, 4, flat(hex(0xb07a52)))
		c.Circle(-8, 170, 6, flat(hex(0x3a2530)))
		c.Circle(8, 169, 6, flat(hex(0x3a2530)))
		c.Pop()
	}
	rise := t * 5
	balloon(1250, 300-rise*0.5, 0.3, 0.3, hex(0xf6f1e8), hex(0xd8574f))
	balloon(1420, 430-rise*0.6, 0.24, 1.2, hex(0x3f77b5), hex(0xf3d27a))
	balloon(250, 260-rise*0.5, 0.34, 2.2, hex(0xf3b13e), hex(0xfdf3df))
	balloon(620, 180-rise*0.4, 0.22, 4.2, hex(0x8e5bb5), hex(0xf7c6d9))
	balloon(990, 520-rise*0.8, 0.4, 3.0, hex(0x2a9d8f), hex(0xf4f1de))
	balloon(470, 470-rise*0.9, 0.62, 5.0, hex(0x2b5d9b), hex(0xf6f1e8))
	balloon(lerp(840, 880, t/12), 420-rise*1.3, 1.18, 0.9, hex(0xe63946), hex(0xffd166))
	for i := 0; i < 13; i++ {
		x := wrap(float64(i)*170-t*9+60*dice(131, i), -200, 1800)
		h, w := 150+170*dice(132, i), 66+40*dice(133, i)
		y := 925.0
		tone := mix(hex(0x8a4b52), hex(0x6b3846), dice(134, i))
		c.Fill((&Path{}).Move(x-w, y).Cube(x-w*0.6, y-h*0.5, x-w*0.35, y-h*0.9, x, y-h).
			Cube(x+w*0.35, y-h*0.9, x+w*0.6, y-h*0.5, x+w, y).Close(),
			graded(mix(tone, hex(0xffb58c), 0.35), tone, y-h, y))
		c.Fill((&Path{}).Move(x+w, y).Cube(x+w*0.6, y-h*0.5, x+w*0.35, y-h*0.9, x, y-h).
			Cube(x+w*0.05, y-h*0.6, x+w*0.2, y-h*0.3, x+w*0.2, y).Close(), flat(hex(0x4a2438).Fade(0.4)))
		c.Fill((&Path{}).Move(x-w*0.36, y-h*0.82).Quad(x, y-h*1.22, x+w*0.36, y-h*0.82).
			Quad(x, y-h*0.75, x-w*0.36, y-h*0.82).Close(), flat(hex(0x5a2c3c)))
		if i%3 == 0 {
			c.Box(x-9, y-h*0.5, 16, 26, 8, flat(hex(0x2c1422)))
		}
	}
}
