package main

import "math"

func paintGuitar(c *Canvas, t float64) {
	c.Still("guitar", func() {
		c.Sky(hex(0x4a2414), hex(0x7a3d1c), hex(0x9a5426), hex(0x7a3d1c), hex(0x401d10))
		for i := 0; i < 60; i++ {
			y := dice(181, i) * 900
			pts := curve(40, func(k float64) Point { return Point{k*1700 - 50, y + 16*math.Sin(k*3+dice(182, i)*5)} })
			c.Fill(ribbon(pts, even(1.5+3*dice(183, i))), flat(hex(0x2c140a).Fade(0.16)))
		}
		x, y := 1130.0, 450.0
		for i := 0; i < 5; i++ {
			r := 330 - float64(i)*16
			c.Ring(x, y, r, []float64{8, 3, 14, 3, 6}[i],
				flat([]Color{hex(0x24110a), hex(0xe9c98a), hex(0x3a1a0e), hex(0xe9c98a), hex(0x24110a)}[i]))
		}
		for i := 0; i < 48; i++ {
			a := float64(i) * math.Pi / 24
			tone := hex(0x3fa79a)
			if i%2 == 0 {
				tone = hex(0xd9663c)
			}
			c.Fill(polygon(Point{x + 292*math.Cos(a), y + 292*math.Sin(a)},
				Point{x + 306*math.Cos(a+0.06), y + 306*math.Sin(a+0.06)},
				Point{x + 292*math.Cos(a+0.12), y + 292*math.Sin(a+0.12)},
				Point{x + 278*math.Cos(a+0.06), y + 278*math.Sin(a+0.06)}), flat(tone))
		}
		c.Circle(x, y, 246, graded(hex(0x080404), hex(0x2a130a), 200, 700))
		c.Rect(-10, 196, 850, 508, graded(hex(0x2d1a14), hex(0x1b0e0b), 196, 704))
		c.Rect(-10, 190, 850, 7, flat(hex(0xd9b98a)))
		c.Rect(-10, 703, 850, 7, flat(hex(0xd9b98a)))
		for _, fx := range []float64{60, 260, 446, 618, 780} {
			c.Rect(fx, 196, 9, 508, graded(hex(0xf5efdf), hex(0x8f8570), 196, 704))
			c.Rect(fx+9, 196, 7, 508, flat(black.Fade(0.35)))
		}
		for _, d := range []Point{{353, 450}, {699, 330}, {699, 570}} {
			c.Circle(d.X, d.Y, 17, graded(hex(0xfdf8ea), hex(0xb9c9c4), d.Y-17, d.Y+17))
		}
	})
	tones := []Color{hex(0xffd166), hex(0xff9f5a), hex(0xff6b6b), hex(0xf78fd0), hex(0x9d8bff), hex(0x5fd4ff)}
	order := []int{0, 3, 2, 4, 1, 5, 3, 4}
	const beat = 0.5
	for s := 0; s < 6; s++ {
		y := 250 + float64(s)*80
		thick := 9 - float64(s)*1.1
		energy, since := 0.0, 99.0
		for b := int(t / beat); b >= 0 && b > int(t/beat)-12; b-- {
			if order[b%8] == s {
				since = t - float64(b)*beat
				energy = math.Exp(-since * 1.15)
				break
			}
		}
		fret := []float64{446, 260, 618, 60, 446, 260}[(s+int(t/4))%6]
		shape := func(x float64) float64 {
			k := clamp((x - fret) / (1640 - fret))
			return math.Sin(math.Pi*k) * (1 + 0.35*math.Sin(2*math.Pi*k)*math.Sin(t*9+float64(s)))
		}
		amp := 17 * energy
		c.Fill(ribbon([]Point{{-20, y + 10}, {1620, y + 10}}, even(thick)), flat(black.Fade(0.35)))
		if energy > 0.02 {
			up := curve(60, func(k float64) Point { x := k*1660 - 30; return Point{x, y - amp*shape(x)} })
			down := curve(60, func(k float64) Point { x := 1630 - k*1660; return Point{x, y + amp*shape(x)} })
			c.Fill(polygon(append(up, down...)...), flat(mix(tones[s], white, 0.2).Fade(0.45*energy+0.1)))
			px := 1130.0
			c.Glow(px, y, 120+150*(1-energy), tones[s], 0.85*energy)
			if since < 2 {
				c.Ring(px, y, 40+since*230, 5*energy, flat(mix(tones[s], white, 0.3).Fade(0.6*energy)))
			}
		}
		wob := amp * math.Sin(t*61+float64(s))
		pts := curve(60, func(k float64) Point { x := k*1660 - 30; return Point{x, y + wob*shape(x)} })
		c.Fill(ribbon(pts, even(thick)), graded(hex(0xfff4d6), hex(0xb58a4c), y-thick/2, y+thick/2))
		hold := ramp(0, 0.3, math.Mod(t, 4))
		c.Circle(fret-44, y, 30*hold, flat(tones[s].Fade(0.92)))
		c.Circle(fret-50, y-8, 9*hold, flat(white.Fade(0.6)))
	}
	c.Vignette(0.6)
}

func paintWaves(c *Canvas, t float64) {
	c.Still("waves", func() { c.Sky(hex(0x0c0a1d), hex(0x151033), hex(0x1b0f35)) })
	rows := 14
	for i := 0; i < rows; i++ {
		k := float64(i) / float64(rows-1)
		y := 210 + 610*k
		tone := through(k, []Color{hex(0x4fe3ff), hex(0x6a8bff), hex(0xc46bff), hex(0xff5c9a), hex(0xffb24d)})
		pts := curve(150, func(q float64) Point {
			x := 150 + 1300*q
			mid := math.Exp(-sq((q-0.5)/0.2)) * (1 + 0.3*math.Sin(t*0.7))
			side := 0.5 * (math.Exp(-sq((q-0.24)/0.09)) + math.Exp(-sq((q-0.77)/0.1)))
			lift := (mid + side*wave(t, 8, k)) * math.Pow(noise(q*13+k*1.4, k*5-t*0.36, t*0.16), 1.7)
			return Point{x, y - 250*lift}
		})
		body := append(append([]Point{}, pts...), Point{1450, y + 70}, Point{150, y + 70})
		c.Fill(polygon(body...), flat(mix(hex(0x130d2c), tone, 0.13)))
		c.Fill(ribbon(pts, even(6)), flat(tone))
	}
	c.Rect(-10, 840, 1620, 70, graded(hex(0x170f35), hex(0x1b0f35), 840, 900))
}

func paintPiano(c *Canvas, t float64) {
	c.Still("piano", func() {
		c.Sky(hex(0x0e1f33), hex(0x16344d), hex(0x235066), hex(0x2f6672))
	})
	whites, blacks := 21, []int{0, 1, 3, 4, 5}
	w := 1600.0 / float64(whites)
	type fall struct {
		x, wide, start, long float64
		tone                 Color
	}
	var notes []fall
	tones := []Color{hex(0xffd98a), hex(0xff9a76), hex(0x7fe0c8), hex(0x8fb8ff), hex(0xf3a6d6)}
	melody := []int{
		9, 11, 13, 16, 14, 13, 11, 9, 8, 11, 13, 15, 14, 11, 9, 6, 9, 13, 16, 18, 16, 14, 13, 11, 9, 8, 6,
		9, 11, 13, 9, 9,
	}
	for i := 0; i < 72; i++ {
		f := float64(i)
		n := melody[i%32]
		notes = append(notes,
			fall{(float64(n) + 0.1) * w, w * 0.8, f*0.375 - 1.5, 0.34 + 0.5*dice(191, i), tones[i/8%5]})
		if i%4 == 0 {
			b := []int{2, 4, 0, 5, 1, 3}[i/4%6]
			notes = append(notes, fall{(float64(b) + 0.1) * w, w * 0.8, f*0.375 - 1.5, 1.4, hex(0x5aa9c9)})
		}
	}
	const speed, keysY = 190.0, 660.0
	down := map[int]Color{}
	for _, n := range notes {
		bottom := keysY + (t-n.start)*speed
		top := bottom - n.long*speed
		if bottom < -20 || top > keysY {
			continue
		}
		if bottom > keysY {
			bottom = keysY
			down[int(n.x/w)] = n.tone
		}
		c.Box(n.x, top, n.wide, bottom-top, 14, graded(mix(n.tone, white, 0.35), n.tone, top, bottom))
	}
	c.Rect(-10, keysY-6, 1620, 12, flat(hex(0xc4553f)))
	for i := 0; i < whites; i++ {
		x := float64(i) * w
		tone, on := down[i]
		sink := 0.0
		face := hex(0xfbf6ec)
		if on {
			face, sink = mix(tone, white, 0.25), 8
			c.Glow(x+w/2, keysY, 150, tone, 0.8)
		}
		c.Box(x+2, keysY+6, w-4, 250+sink, 8, graded(face, mix(face, hex(0xa9a294), 0.4), keysY, 910))
	}
	for i := 0; i < whites; i++ {
		for _, b := range blacks {
			if i%7 == b {
				x := float64(i+1)*w - w*0.29
				c.Box(x, keysY+4, w*0.58, 146, 7, graded(hex(0x2c2c36), hex(0x0a0a10), keysY, keysY+150))
				c.Box(x+w*0.1, keysY+8, w*0.12, 120, 4, flat(white.Fade(0.16)))
			}
		}
	}
	for i := 0; i < 40; i++ {
		k := math.Mod(t*0.12+dice(192, i), 1)
		c.Circle(1600*dice(193, i)+20*math.Sin(t+float64(i)), keysY*(1-k), 1.5+2.5*dice(194, i),
			flat(hex(0xfff0cf).Fade(0.5*(1-k))))
	}
}
