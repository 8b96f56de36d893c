package main

import "math"

// stars scatters n fixed stars above a height; some of them are brighter or fainter than the rest.
func stars(c *Canvas, seed, n int, below float64) {
	for i := 0; i < n; i++ {
		x, y := dice(seed, i, 1)*Wide, math.Pow(dice(seed, i, 2), 1.3)*below
		r := 0.8 + 1.7*math.Pow(dice(seed, i, 3), 3)
		a := 0.35 + 0.55*dice(seed, i, 4)
		if i%7 == 0 {
			a *= 0.4 + 0.6*wave(0, 1, dice(seed, i, 6))
			r *= 1.3
		}
		c.Circle(x, y, r, flat(hex(0xeaf2ff).Fade(a)))
	}
}

// spruce is one tree standing at x, y.
func spruce(c *Canvas, x, y, h float64, ink Ink) {
	tiers := 5
	for i := 0; i < tiers; i++ {
		k := float64(i) / float64(tiers)
		top, half := y-h+h*0.78*k, h*(0.07+0.17*k)
		base := top + h*0.36
		c.Fill((&Path{}).Move(x, top).Quad(x+half*0.25, base-h*0.1, x+half, base).
			Quad(x, base-h*0.05, x-half, base).Quad(x-half*0.25, base-h*0.1, x, top).Close(), ink)
	}
	c.Rect(x-h*0.02, y-h*0.1, h*0.04, h*0.1, ink)
}

// curtain is the light of the aurora at a place.
func curtain(x, y, t float64) Color {
	sum := Color{}
	for i := 0; i < 3; i++ {
		f := float64(i)
		foot := 330 + 70*f + 170*(noise(x/520+f*9, t*0.07+f*3, 0)-0.5) + 60*math.Sin(x/330+t*0.16+f*2)
		d := foot - y
		if d < -26 {
			continue
		}
		rise := 190 + 120*noise(x/240+f*5, t*0.1, 0)
		ray := 0.35 + 0.65*math.Pow(noise(x/38+f*31+t*0.25, t*0.2, 0), 1.6)
		band := ramp(0.25, 0.75, noise(x/420-t*0.06+f*7, t*0.05, 0))
		l := 1.55 * ray * band * math.Exp(-math.Max(0, d)/rise) * ramp(-26, 14, d) * (1.05 - 0.22*f)
		tint := through(d/(rise*2.1), []Color{hex(0x9dffc0), hex(0x35e59a), hex(0x2ab7c9), hex(0x8a4fe0)})
		sum.R += tint.R * l
		sum.G += tint.G * l
		sum.B += tint.B * l
	}
	sum.A = 1
	return sum
}

func paintAurora(c *Canvas, t float64) {
	shore := 640.0
	c.Still("aurora", func() {
		c.Sky(hex(0x040818), hex(0x08152e), hex(0x0e2a44), hex(0x17465a), hex(0x0a1c2e))
		stars(c, 3, 170, 560)
	})
	c.Field(7, 0, shore, Screen, func(x, y float64) Color { return curtain(x, y, t) })
	far := func(x float64) float64 { return 505 + 130*fbm(x/330, 4, 0, 4) - 60*math.Exp(-sq((x-1130)/230)) }
	c.Ridge(8, far, graded(hex(0x24506a), hex(0x0c2438), 470, shore))
	c.Ridge(8, func(x float64) float64 { return 560 + 120*fbm(x/260, 9, 0, 4) },
		graded(hex(0x10314a), hex(0x071626), 560, shore))
	c.Rect(-10, shore, Wide+20, 300, graded(hex(0x0b2234), hex(0x040b18), shore, High))
	c.Field(8, shore, High, Screen, func(x, y float64) Color {
		d := y - shore
		sway := 10 * math.Sin(y/9+t*1.1) * (0.3 + d/260)
		l := curtain(x+sway, shore-d*1.9, t)
		k := 0.55 * (1 - d/420)
		return Color{l.R * k, l.G * k, l.B * k, 1}
	})
	for i := 0; i < 46; i++ {
		x := dice(8, i, 1)*1900 - 150
		edge := math.Abs(x-Wide/2) / (Wide / 2)
		if edge < 0.38 {
			continue
		}
		spruce(c, x, 915, 90+320*math.Pow(edge, 2)*(0.5+0.5*dice(8, i, 2)), flat(hex(0x030711)))
	}
	c.Ridge(20, func(x float64) float64 {
		return 905 - 60*sq((x-Wide/2)/(Wide/2)) - 10*fbm(x/60, 2, 0, 2)
	}, flat(hex(0x02050d)))
}

func sq(v float64) float64 { return v * v }

func bird(c *Canvas, x, y, s, flap float64, ink Ink) {
	up := s * 0.55 * flap
	c.Fill((&Path{}).Move(x-s, y-up).Quad(x-s*0.4, y-s*0.12-up*0.5, x, y).Quad(x+s*0.4, y-s*0.12-up*0.5, x+s, y-up).
		Quad(x+s*0.42, y-up*0.3, x, y+s*0.16).Quad(x-s*0.42, y-up*0.3, x-s, y-up).Close(), ink)
}

func paintRidge(c *Canvas, t float64) {
	k := ramp(-2, 12, t)
	sunX, sunY := 1060.0, lerp(520, 300, k)
	c.Sky(mix(hex(0x27386e), hex(0x4d78b8), k), mix(hex(0x7a5b93), hex(0xa7b4d8), k),
		mix(hex(0xe98a7c), hex(0xffcf9a), k), mix(hex(0xffc98a), hex(0xffe6bd), k), hex(0xffe9cc))
	c.Glow(sunX, sunY, 640, hex(0xffb070), 0.55)
	c.Glow(sunX, sunY, 230, hex(0xfff0c8), 0.8)
	c.Circle(sunX, sunY, 62, flat(hex(0xfff6df)))
	tones := []Color{hex(0xd99fa0), hex(0xb57f98), hex(0x85658f), hex(0x5a4f80), hex(0x3a3c69), hex(0x222a4c)}
	base := []float64{390, 450, 520, 600, 690, 780}
	size := []float64{210, 240, 250, 250, 230, 190}
	for i := range tones {
		f := float64(i)
		x0 := t*(3+f*f*2.2) + f*733
		tone := mix(tones[i], hex(0xffc79a), 0.28*k*(1-f/6))
		h := func(x float64) float64 {
			return base[i] + size[i]*(0.55-fbm((x+x0)/(420-f*25), f*3.7, 0, 5))
		}
		c.Ridge(5, h, graded(tone, mix(tone, hex(0xffdcc0), 0.5-0.07*f), base[i]-90, base[i]+190))
	}
	for i := 0; i < 7; i++ {
		x := 420 + t*17 + float64(i%4)*46 + float64(i/4)*28
		y := 250 + float64(i%4)*17 - float64(i/4)*34 + 5*math.Sin(t+float64(i))
		bird(c, x, y, 15, math.Sin(t*7+float64(i)*1.3), flat(hex(0x3a3560)))
	}
	crest := func(x float64) float64 { return 905 - 235*math.Exp(-sq((x-330)/290)) - 26*fbm(x/80, 5, 0, 3) }
	c.Ridge(4, crest, graded(hex(0x1c2140), hex(0x10142b), 660, 900))
	for i := 0; i < 3; i++ {
		walk := t*5.5 - float64(i)*62
		x := 120 + walk
		y := crest(x) + 3
		step := 4 * math.Sin(t*4+float64(i)*2)
		coat := []Color{hex(0xf2603c), hex(0xf5b83d), hex(0x4fb3a5)}[i]
		c.Stroke([]Point{{x, y - 22}, {x - 6 - step, y + 2}}, 6, flat(hex(0x0d1020)))
		c.Stroke([]Point{{x, y - 22}, {x + 6 + step, y + 2}}, 6, flat(hex(0x0d1020)))
		c.Stroke([]Point{{x, y - 22}, {x + 3, y - 42}}, 13, flat(coat))
		c.Stroke([]Point{{x - 9, y - 24}, {x - 7, y - 40}}, 9, flat(hex(0x0d1020)))
		c.Circle(x+5, y-56, 7, flat(hex(0xf0c6a5)))
		c.Stroke([]Point{{x + 8, y - 36}, {x + 20 + step, y}}, 2.4, flat(hex(0x0d1020)))
	}
}

func paintSnow(c *Canvas, t float64) {
	c.Still("snow", func() {
		c.Sky(hex(0x16274a), hex(0x2d4a77), hex(0x6b82a8), hex(0xb7b6c9), hex(0xe6d3d0))
		c.Glow(1180, 300, 330, hex(0xfff3dc), 0.4)
		c.Circle(1180, 300, 58, flat(hex(0xfff8ea)))
		for l := 0; l < 4; l++ {
			f := float64(l)
			tone := through(f/3, []Color{hex(0x8fa3c2), hex(0x5d7599), hex(0x38517a), hex(0x1b2f52)})
			y := 470 + f*82
			c.Ridge(10, func(x float64) float64 { return y - 18 + 44*fbm(x/260, f*4, 0, 3) },
				graded(mix(tone, white, 0.62-f*0.05), mix(tone, white, 0.35), y, y+190))
			for i := 0; i < 30-l*5; i++ {
				x := dice(20+l, i, 1)*1700 - 50
				if l == 3 && x > 640 && x < 1130 || l == 2 && x > 760 && x < 1060 {
					continue
				}
				h := (110 + f*72) * (0.65 + 0.6*dice(20+l, i, 2))
				foot := y + 22 + 30*dice(20+l, i, 3)
				spruce(c, x, foot, h, flat(tone))
				c.Fill((&Path{}).Move(x, foot-h-2).Line(x+h*0.075, foot-h*0.76).
					Quad(x, foot-h*0.8, x-h*0.075, foot-h*0.76).Close(), flat(white.Fade(0.75)))
				for s := 1; s < 4; s++ {
					k := float64(s) / 5
					top, half := foot-h+h*0.78*k, h*(0.07+0.17*k)
					c.Fill((&Path{}).Move(x-half*0.7, top+h*0.27).Quad(x, top+h*0.14, x+half*0.55, top+h*0.24).
						Quad(x, top+h*0.24, x-half*0.7, top+h*0.27).Close(), flat(white.Fade(0.5)))
				}
			}
		}
		c.Ridge(10, func(x float64) float64 { return 790 + 40*fbm(x/330, 8, 0, 3) },
			graded(hex(0xf3f3fa), hex(0xaab8d4), 790, 900))
		cabin(c, 890, 800)
	})
	glow := 0.5 + 0.1*wave(t, 2.3, 0)
	c.Glow(862, 742, 120, hex(0xffb45a), glow)
	c.Glow(860, 840, 190, hex(0xffa040), glow*0.4)
	for i := 0; i < 9; i++ {
		k := math.Mod(t/9+float64(i)/9, 1)
		c.Glow(962+60*k*k+10*math.Sin(t*0.7+float64(i)), 640-230*k, 26+70*k, hex(0xdfe4f2), 0.34*(1-k)*ramp(0, 0.15, k))
	}
	for i := 0; i < 120; i++ {
		depth := 0.3 + 0.7*dice(60, i, 1)
		y := wrap(dice(60, i, 2)*960+t*46*depth, -30, 930)
		x := wrap(dice(60, i, 3)*1660+t*13*depth+18*math.Sin(t*0.7+float64(i)), -30, 1630)
		c.Circle(x, y, 1.5+4.6*depth*depth, flat(white.Fade(0.35+0.55*depth)))
	}
}

func cabin(c *Canvas, x, y float64) {
	c.Rect(x+56, y-178, 30, 70, flat(hex(0x3a2a2c)))
	c.Box(x+52, y-184, 38, 12, 5, flat(white))
	c.Rect(x-110, y-98, 220, 98, graded(hex(0x5d3c33), hex(0x3b2625), y-98, y))
	for i := 1; i < 6; i++ {
		c.Rect(x-110, y-98+float64(i)*17, 220, 3, flat(hex(0x2c1b1d)))
	}
	c.Fill(polygon(Point{x - 146, y - 84}, Point{x, y - 186}, Point{x + 146, y - 84}, Point{x + 128, y - 82},
		Point{x, y - 158}, Point{x - 128, y - 82}), flat(white))
	c.Fill(polygon(Point{x - 112, y - 94}, Point{x, y - 160}, Point{x + 112, y - 94}), flat(hex(0x4b302c)))
	c.Box(x-62, y-80, 68, 50, 3, flat(hex(0xffd98a)))
	c.Rect(x-31, y-80, 5, 50, flat(hex(0x3b2625)))
	c.Rect(x-62, y-57, 68, 5, flat(hex(0x3b2625)))
	c.Box(x+34, y-78, 44, 78, 3, flat(hex(0x2a1a1c)))
}

func paintDunes(c *Canvas, t float64) {
	k := t / 20
	c.Sky(mix(hex(0x6fb7c9), hex(0x3c5f98), k), mix(hex(0xbfd9cf), hex(0xb48aa0), k),
		mix(hex(0xf7d9a6), hex(0xf6a774), k), hex(0xf3b277))
	sx, sy := lerp(1180, 1240, k), lerp(190, 330, k)
	c.Glow(sx, sy, 420, hex(0xffe2a0), 0.6)
	c.Circle(sx, sy, 54, flat(hex(0xfff3cf)))
	for i := 0; i < 5; i++ {
		f := float64(i)
		drift := t * (1.5 + f*2.4)
		lit := through(f/4, []Color{hex(0xeab583), hex(0xe99f5f), hex(0xdf8544), hex(0xcf6d33), hex(0xb85626)})
		dark := through(f/4, []Color{hex(0xc78d78), hex(0xb06c56), hex(0x93493f), hex(0x712f33), hex(0x4a1d2a)})
		y := 430 + f*88
		crest := func(x float64) float64 {
			u := (x + drift + f*517) / (520 - f*34)
			return y - (70+f*16)*math.Pow(0.5+0.5*math.Sin(u+0.9*math.Sin(u*0.47+f)), 1.6) + 24*math.Sin(u*0.31)
		}
		c.Ridge(8, crest, graded(lit, mix(lit, dark, 0.25), y-90, y+170))
		// The lee side, which falls away from the sun, is in shade.
		p := &Path{}
		open := false
		for x := -60.0; x <= 2300; x += 8 {
			fall := crest(x+8) > crest(x)
			if fall && !open {
				p.Move(x, crest(x))
				open = true
			}
			if open && fall {
				p.Line(x+8, crest(x+8))
			}
			if open && (!fall || x > 2290) {
				foot := crest(x)
				p.Quad(x-150, foot+60, x-290-f*20, foot+190).Close()
				open = false
			}
		}
		c.Fill(p, graded(dark, mix(dark, lit, 0.55), y-90, y+190))
		if i == 2 {
			caravan(c, t, crest)
		}
	}
	for i := 0; i < 26; i++ {
		d := 0.4 + 0.6*dice(77, i, 1)
		x := wrap(dice(77, i, 2)*1700+t*120*d, -80, 1680)
		y := 640 + 250*dice(77, i, 3) + 10*math.Sin(x/90)
		c.Oval(x, y, 44*d, 1.6, -0.03, flat(hex(0xffdca8).Fade(0.25*d)))
	}
}

func caravan(c *Canvas, t float64, ground func(float64) float64) {
	ink := flat(hex(0x3c1626))
	for i := 0; i < 6; i++ {
		x := 360 + t*11 + float64(i)*92
		y := ground(x)
		turn := math.Atan2(ground(x+20)-ground(x-20), 40)
		c.Push(x, y, turn*0.6, 1, 1)
		for l := 0; l < 4; l++ {
			step := 8 * math.Sin(t*2.6+float64(l)*1.7+float64(i))
			lx := []float64{-17, -12, 14, 19}[l]
			c.Stroke([]Point{{lx, -28}, {lx + step*0.4, -14}, {lx + step, 2}}, 4, ink)
		}
		c.Oval(0, -36, 27, 11, 0, ink)
		c.Oval(-7, -46, 9, 10, -0.2, ink)
		c.Oval(9, -46, 9, 10, 0.2, ink)
		c.Fill(ribbon([]Point{{22, -36}, {34, -34}, {40, -48}, {41, -60}}, func(k float64) float64 {
			return 11 - 5*k
		}), ink)
		c.Oval(46, -62, 9, 4.6, 0.15, ink)
		if i%2 == 0 {
			c.Oval(0, -61, 6, 11, 0.1, flat(hex(0x7a1f2e)))
			c.Circle(2, -76, 5, flat(hex(0xf1e1c5)))
		} else {
			c.Box(-14, -54, 28, 18, 5, flat(hex(0xb5402f)))
		}
		c.Pop()
	}
}
