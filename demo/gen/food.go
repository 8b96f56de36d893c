package main

import "math"

func paintWok(c *Canvas, t float64) {
	c.Still("wok", func() {
		c.Sky(hex(0x1a0d14), hex(0x2a121a), hex(0x3d1518), hex(0x240c10))
		for i := 0; i < 16; i++ {
			for j := 0; j < 8; j++ {
				x := float64(i)*116 - 60 + float64(j%2)*58
				c.Box(x, float64(j)*66-10, 108, 58, 4, flat(hex(0x4a1f20).Fade(0.32+0.2*dice(i, j))))
			}
		}
	})
	const heat = 0.9
	c.Glow(800, 720, 780, hex(0xff6a1f), 0.55*heat)
	flame := func(n int, spread, height, seed float64, tone Color) {
		for i := 0; i < n; i++ {
			f := float64(i)
			u := (f+0.5)/float64(n)*2 - 1
			x := 800 + u*spread
			lick := 0.55 + 0.75*noise(f*1.7, t*1.5+seed, seed)
			h := height * lick * (1 - 0.5*u*u)
			w := spread / float64(n) * 2.1
			sway := 40 * (noise(f, t*1.1, seed+4) - 0.5)
			c.Fill((&Path{}).Move(x-w, 830).Cube(x-w*1.1, 830-h*0.5, x-w*0.1+sway, 830-h*0.55, x+sway, 830-h).
				Cube(x+w*0.3+sway, 830-h*0.6, x+w*1.1, 830-h*0.45, x+w, 830).Close(), flat(tone))
		}
	}
	flame(11, 520, 440, 1, hex(0xd9361c))
	flame(10, 440, 350, 5, hex(0xf9741f))
	flame(8, 300, 220, 14, hex(0xffc843))
	c.Box(120, 815, 1360, 130, 26, graded(hex(0x2c2228), hex(0x0d090c), 815, 900))
	c.Rect(150, 815, 1300, 6, flat(hex(0xff9a4a).Fade(0.55*heat)))
	for i := 0; i < 4; i++ {
		c.Circle(480+float64(i)*214, 866, 20, flat(hex(0x4a3a40)))
		c.Rect(477+float64(i)*214, 850, 6, 18, flat(hex(0xff9a4a)))
	}
	beat := math.Mod(t, 2.4) / 2.4
	tilt := 0.16*math.Sin(beat*2*math.Pi)*ramp(0, 0.2, beat) - 0.03
	lift := -30 * math.Sin(beat*math.Pi)
	foods := []Color{
		hex(0x5fb54a), hex(0xf2512f), hex(0xffd24d), hex(0xf4ead2), hex(0x8fce5a), hex(0xd98b4a),
		hex(0xe8432f),
	}
	for i := 0; i < 24; i++ {
		r0 := dice(141, i, 1)
		x0 := (dice(141, i, 2) - 0.5) * 520
		fly := math.Max(0, math.Sin((beat*1.25-0.12*r0)*math.Pi))
		if beat > 0.92 {
			fly *= (1 - beat) / 0.08
		}
		h := fly * (140 + 300*r0)
		x := 800 + x0*(1-0.25*fly) - 70*fly*math.Cos(beat*4)
		y := 590 + lift - h + 22*math.Abs(x0)/260*-1
		a := float64(i) + t*(1+3*fly)
		s := 15 + 11*dice(141, i, 3)
		tone := foods[i%len(foods)]
		switch i % 4 {
		case 0:
			c.Oval(x, y, s*1.5, s*0.55, a, flat(tone))
			c.Oval(x, y-2, s*1.1, s*0.2, a, flat(white.Fade(0.25)))
		case 1:
			c.Push(x, y, a, 1, 1)
			c.Box(-s, -s*0.6, s*2, s*1.2, 5, flat(tone))
			c.Box(-s*0.8, -s*0.5, s*1.5, s*0.35, 3, flat(white.Fade(0.2)))
			c.Pop()
		case 2:
			c.Ring(x, y, s*0.8, s*0.42, flat(tone))
		default:
			pts := curve(8, func(k float64) Point {
				return Point{x + s*1.6*math.Cos(a+k*2.6), y + s*1.2*math.Sin(a+k*2.6)}
			})
			c.Stroke(pts, s*0.62, flat(tone))
		}
	}
	c.Push(800, 610+lift, tilt, 1, 1)
	c.Fill(polygon(Point{380, -26}, Point{720, -108}, Point{728, -78}, Point{388, 12}),
		graded(hex(0x7a4a2c), hex(0x46281c), -108, 12))
	c.Box(300, -30, 110, 36, 8, flat(hex(0x17171c)))
	c.Fill((&Path{}).Move(-410, -40).Cube(-360, 150, -200, 210, 0, 212).Cube(200, 210, 360, 150, 410, -40).
		Quad(0, 74, -410, -40).Close(), graded(hex(0x33333d), hex(0x0e0e13), -40, 212))
	c.Fill((&Path{}).Move(-410, -40).Quad(0, 74, 410, -40).Quad(0, 96, -410, -40).Close(), flat(hex(0x6b6b78)))
	c.Fill((&Path{}).Move(-330, 60).Cube(-270, 150, -160, 190, -20, 200).Cube(-150, 170, -250, 120, -330, 60).Close(),
		flat(hex(0xff8a3d).Fade(0.5*heat)))
	c.Pop()
	for i := 0; i < 16; i++ {
		k := math.Mod(t*(0.3+0.3*dice(142, i))+dice(143, i), 1)
		x := 800 + 900*(dice(144, i)-0.5)*(0.6+k) + 30*math.Sin(t*3+float64(i))
		c.Circle(x, 820-800*k, 3.4*(1-k)+0.6, flat(mix(hex(0xfff1a0), hex(0xff5a1f), k).Fade(1-k*k)))
	}
}

func paintNoodles(face Faces) func(*Canvas, float64) {
	return func(c *Canvas, t float64) {
		c.Still("noodles", func() {
			c.Sky(hex(0xd8402f), hex(0xc9332a))
			c.Circle(800, 450, 390, flat(hex(0xe8553c)))
			for i := 0; i < 48; i++ {
				a := float64(i) * math.Pi / 24
				c.Stroke(
					[]Point{
						{800 + 410*math.Cos(a), 450 + 410*math.Sin(a)},
						{800 + 1200*math.Cos(a), 450 + 1200*math.Sin(a)},
					}, 5, flat(hex(0xe25a42).Fade(0.6)))
			}
		})
		// Each movement is one fold: the strands double, the dough becomes thinner, and the arms swing once.
		const fold = 2.6
		n := min(int(t/fold), 6)
		k := math.Mod(t, fold) / fold
		if t >= 7*fold {
			k = 0.5
		}
		strands := 1 << min(n, 6)
		pull := ramp(0.12, 0.6, k) - ramp(0.86, 1, k)*0.9
		if t >= 7*fold {
			pull = 1
		}
		half := lerp(230, 560, pull)
		bounce := 110*math.Sin(t*5.2)*math.Exp(-math.Abs(k-0.5)*4)*0.5 + 120
		thick := lerp(128, 72, pull) / math.Pow(float64(strands), 0.52)
		spread := lerp(50, 250, ramp(0, 6, float64(n))) * lerp(0.8, 1, pull)
		if strands > 4 {
			thick = math.Min(thick, 1.1*spread/float64(strands))
		}
		for s := 0; s < strands; s++ {
			u := 0.0
			if strands > 1 {
				u = float64(s)/float64(strands-1)*2 - 1
			}
			pts := curve(36, func(q float64) Point {
				arc := 4 * q * (1 - q)
				return Point{800 + (q*2-1)*half, 400 + arc*(bounce+u*spread) + u*14 + 8*arc*math.Sin(t*6+u*4+q*7)}
			})
			shadow := make([]Point, len(pts))
			for i, p := range pts {
				shadow[i] = Point{p.X, p.Y + thick*0.3}
			}
			c.Fill(ribbon(shadow, even(thick)), flat(hex(0xb98a4e)))
			c.Fill(ribbon(pts, even(thick*0.94)), flat(mix(hex(0xffe9b8), hex(0xf7d794), 0.5+0.5*u)))
			if thick > 16 {
				for i := range shadow {
					shadow[i].Y = pts[i].Y - thick*0.24
				}
				c.Fill(ribbon(shadow, even(thick*0.14)), flat(white.Fade(0.5)))
			}
		}
		for side := -1.0; side <= 1; side += 2 {
			x := 800 + side*half
			c.Push(x, 400, 0, side, 1)
			c.Fill((&Path{}).Move(20, -54).Cube(260, -30, 500, 130, 760, 420).Line(640, 640).
				Cube(420, 300, 220, 80, 20, 60).Close(), flat(hex(0xfdf8ef)))
			c.Fill((&Path{}).Move(70, -52).Line(120, -42).Line(104, 76).Line(64, 64).Close(), flat(hex(0xd7dde0)))
			c.Box(-44, -52, 116, 108, 44, flat(hex(0xf2bd92)))
			for f := 0; f < 4; f++ {
				c.Box(-64, -50+float64(f)*26, 70, 25, 12, flat(mix(hex(0xf7c9a0), hex(0xe9ad80), float64(f)/4)))
			}
			c.Box(-20, -72, 74, 32, 16, flat(hex(0xf7c9a0)))
			c.Pop()
		}
		for i := 0; i < 26; i++ {
			q := math.Mod(t/2.6+dice(151, i), 1)
			c.Circle(800+1100*(dice(152, i)-0.5), 430+420*q, 1.6+3*dice(153, i), flat(hex(0xfff3dc).Fade(0.8*(1-q))))
		}
		count := []string{"1", "2", "4", "8", "16", "32", "64"}[min(n, 6)]
		pop := 1 + 0.35*math.Exp(-k*9)
		c.Push(800, 120, 0, pop, pop)
		c.Write(face.Serif, count, 0, 44, 124, 0.5, flat(hex(0xffe9b8)))
		c.Pop()
	}
}

func paintCoffee(face Faces) func(*Canvas, float64) {
	return func(c *Canvas, t float64) {
		c.Still("coffee", func() {
			c.Sky(hex(0xf0e3d0), hex(0xe6d2b8))
			c.Circle(800, 430, 380, flat(hex(0xdcbf9c)))
			c.Rect(-10, 780, 1620, 130, flat(hex(0x5a3b2b)))
			c.Rect(-10, 780, 1620, 10, flat(hex(0x7a5238)))
			c.Oval(800, 792, 250, 15, 0, flat(hex(0x2c1a12).Fade(0.5)))
			shelfCup(c, 300, 780)
			beans(c)
		})
		pour := math.Max(math.Max(ramp(1, 1.5, t)*ramp(5.5, 5, t), ramp(7, 7.5, t)*ramp(12.5, 12, t)),
			ramp(13.5, 14, t)*ramp(17, 16.5, t))
		fill := ramp(2, 18, t)
		swirl := t * 2.2
		sx := 800 + 46*math.Cos(swirl)*pour
		if pour > 0.02 {
			c.Fill(ribbon(curve(16, func(k float64) Point {
				return Point{lerp(sx+66, sx, math.Sqrt(k)), lerp(150, 330, k)}
			}), func(k float64) float64 { return (9 - 4*k) * pour }), flat(hex(0xbfe0ea)))
		}
		kettle(c, sx+60, 150, lerp(0.1, -0.16, pour))
		glassBody := func() *Path {
			return (&Path{}).Move(700, 520).Line(900, 520).Cube(900, 590, 990, 640, 990, 720).Quad(990, 778, 930, 778).
				Line(670, 778).Quad(610, 778, 610, 720).Cube(610, 640, 700, 590, 700, 520).Close()
		}
		c.Fill(glassBody(), flat(hex(0xfffaf2).Fade(0.55)))
		top := lerp(776, 628, fill)
		liquid := &Path{}
		edge := func(y float64) float64 {
			if y > 740 {
				return 186 - (y-740)*0.5
			}
			return 186 - 84*math.Pow((740-y)/220, 1.5)
		}
		liquid.Move(800-edge(top), top)
		for i := 0; i <= 20; i++ {
			x := float64(i)/20*2 - 1
			liquid.Line(800+x*edge(top), top+2.4*math.Sin(t*5+x*9)*pour)
		}
		for y := top; y < 774; y += 6 {
			liquid.Line(800+edge(y), y)
		}
		liquid.Line(920, 774).Line(680, 774)
		for y := 770.0; y > top; y -= 6 {
			liquid.Line(800-edge(y), y)
		}
		c.Fill(liquid.Close(), graded(hex(0x8a4a22), hex(0x3a1a0e), top, 776))
		c.Fill((&Path{}).Move(650, 700).Cube(652, 650, 690, 630, 706, 600).Line(722, 606).
			Cube(700, 640, 672, 660, 670, 700).Close(), flat(white.Fade(0.5)))
		c.Rect(692, 508, 216, 18, flat(hex(0xb9875a)))
		ring := (&Path{}).Ellipse(1010, 650, 54, 66, 0)
		c.Fill(ring.Ellipse(1010, 650, 36, -46, 0), flat(hex(0xfffaf2).Fade(0.7)))
		for i := 0; i < 3; i++ {
			k := math.Mod(t*1.6+float64(i)/3, 1)
			if fill > 0 && fill < 1 {
				c.Oval(800, lerp(512, top, k*k), 5, 8, 0, flat(hex(0x6b3418)))
			}
		}
		c.Fill((&Path{}).Move(630, 318).Line(970, 318).Line(836, 500).Line(764, 500).Close(),
			graded(hex(0xd9583f), hex(0xa83828), 318, 500))
		c.Fill((&Path{}).Move(650, 318).Line(950, 318).Line(930, 344).Line(670, 344).Close(), flat(hex(0xfffaf0)))
		c.Oval(800, 318, 172, 24, 0, flat(hex(0xfffaf0)))
		c.Oval(800, 322, 150, 18, 0, flat(hex(0x4a2818)))
		bloom := pour * (0.6 + 0.4*wave(t, 0.9, 0))
		c.Oval(800, 322, 70+60*fill*pour, 9+6*pour, 0, flat(hex(0xb98350).Fade(0.4+0.5*bloom)))
		for i := 0; i < 9; i++ {
			a := swirl - float64(i)*0.5
			c.Oval(800+(40+8*float64(i))*math.Cos(a), 322+8*math.Sin(a), 9, 3, 0, flat(hex(0xe6c79c).Fade(0.8*pour)))
		}
		for i := 0; i < 5; i++ {
			x := 690 + float64(i)*46
			c.Fill(polygon(Point{x, 348}, Point{x + 8, 348}, Point{lerp(x+4, 800, 0.6) + 4, 486},
				Point{lerp(x+4, 800, 0.6), 486}), flat(white.Fade(0.16)))
		}
		c.Box(740, 496, 120, 16, 6, flat(hex(0x8a2c20)))
		for i := 0; i < 9; i++ {
			k := math.Mod(t/4+float64(i)/9, 1)
			c.Glow(800+100*(dice(161, i)-0.5)+36*math.Sin(k*5+float64(i)), 310-260*k, 30+60*k, white,
				0.4*(1-k)*ramp(0, 0.2, k))
		}
		c.Box(1180, 560, 240, 130, 20, flat(hex(0x2b2420)))
		c.Box(1194, 574, 212, 102, 12, flat(hex(0x3c332d)))
		seconds := int(t * 8)
		c.Write(face.Mono,
			string([]byte{byte('0' + seconds/60), ':', byte('0' + seconds%60/10), byte('0' + seconds%10)}), 1300, 622,
			46, 0.5, flat(hex(0xffd9a0)))
		c.Write(face.Mono, gram(fill*250), 1300, 662, 30, 0.5, flat(hex(0xbfe0ea)))
		c.Rect(1210, 690, 180, 90, flat(hex(0x221c19)))
	}
}

func gram(v float64) string {
	n := int(v)
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10), ' ', 'g'})
}

func shelfCup(c *Canvas, x, y float64) {
	c.Oval(x, y+2, 140, 10, 0, flat(hex(0x2c1a12).Fade(0.5)))
	c.Oval(x, y-6, 130, 12, 0, flat(hex(0xf7efe2)))
	p := (&Path{}).Ellipse(x+94, y-70, 38, 36, 0)
	c.Fill(p.Ellipse(x+94, y-70, 22, -20, 0), flat(hex(0xe7dccb)))
	c.Fill((&Path{}).Move(x-92, y-118).Line(x+92, y-118).Cube(x+92, y-40, x+50, y-8, x+30, y-8).Line(x-30, y-8).
		Cube(x-50, y-8, x-92, y-40, x-92, y-118).Close(), graded(hex(0xfffaf2), hex(0xe0d2be), y-118, y-8))
	c.Rect(x-92, y-84, 184, 12, flat(hex(0x2f6f73)))
}

func beans(c *Canvas) {
	for i := 0; i < 12; i++ {
		x, y, a := 1120+400*dice(162, i), 812+60*dice(163, i), dice(164, i)*3
		c.Oval(x, y, 19, 13, a, flat(hex(0x2e1810)))
		c.Oval(x-2, y-2, 15, 9, a, flat(hex(0x4b2a1c)))
		c.Oval(x, y, 15, 1.8, a, flat(hex(0x1c0d08)))
	}
}

func kettle(c *Canvas, x, y, turn float64) {
	c.Push(x, y, turn, 1, 1)
	steel := graded(hex(0x3f7f86), hex(0x234d55), -160, 110)
	c.Fill(ribbon([]Point{{0, 0}, {24, -34}, {70, -30}, {100, 30}, {150, 66}, {210, 70}}, func(k float64) float64 {
		return 13 + 22*k*k
	}), steel)
	p := (&Path{}).Move(470, -60).Cube(610, -90, 640, 60, 500, 80).Line(494, 58).Cube(590, 40, 570, -58, 476, -40).
		Close()
	c.Fill(p, flat(hex(0x5b3422)))
	c.Fill((&Path{}).Move(210, -96).Line(450, -96).Quad(500, 20, 512, 110).Line(150, 110).Quad(166, 20, 210, -96).
		Close(), steel)
	c.Fill((&Path{}).Move(226, -84).Line(262, -84).Quad(214, 20, 208, 96).Line(176, 96).Quad(188, 20, 226, -84).Close(),
		flat(white.Fade(0.22)))
	c.Fill((&Path{}).Move(214, -94).Quad(330, -150, 446, -94).Close(), flat(hex(0x2b5a62)))
	c.Circle(330, -136, 16, flat(hex(0x5b3422)))
	c.Pop()
}
