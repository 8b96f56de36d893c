package main

import (
	"fmt"
	"image"
	"math"
	"path/filepath"

	"golang.org/x/image/draw"
)

// portrait is one creator: a face in front of what they film.
type portrait struct {
	slug                  string
	sky, low, skin, cloth Color
	hair                  Color
	scene                 func(c *Canvas)
	head                  func(c *Canvas, p portrait)
}

// face draws shoulders, neck and head around 800, 450 and leaves hair to the caller.
func (p portrait) face(c *Canvas) {
	c.Fill((&Path{}).Move(440, 910).Cube(450, 730, 600, 690, 800, 690).Cube(1000, 690, 1150, 730, 1160, 910).Close(),
		flat(p.cloth))
	c.Box(730, 560, 140, 180, 60, flat(mix(p.skin, black, 0.12)))
	c.Oval(648, 450, 26, 38, 0, flat(p.skin))
	c.Oval(952, 450, 26, 38, 0, flat(p.skin))
	c.Fill((&Path{}).Move(650, 380).Cube(650, 230, 950, 230, 950, 380).Cube(950, 540, 900, 640, 800, 640).
		Cube(700, 640, 650, 540, 650, 380).Close(), flat(p.skin))
	for _, s := range []float64{-1, 1} {
		c.Circle(800+s*62, 446, 13, flat(hex(0x23191c)))
		c.Oval(800+s*92, 505, 30, 20, 0, flat(hex(0xf0705c).Fade(0.28)))
		c.Stroke(curve(8, func(k float64) Point {
			return Point{800 + s*(36+54*k), 404 - 12*math.Sin(k*math.Pi)}
		}), 9, flat(mix(p.hair, black, 0.2)))
	}
	c.Stroke(curve(10, func(k float64) Point {
		return Point{762 + 76*k, 548 + 18*math.Sin(k*math.Pi)}
	}), 10, flat(hex(0xa8433d)))
	c.Stroke([]Point{{800, 462}, {790, 506}, {806, 508}}, 7, flat(mix(p.skin, black, 0.18)))
}

func portraits() []portrait {
	return []portrait{
		{
			slug:  "lin-xi",
			sky:   hex(0x0e3a52),
			low:   hex(0x2fb58a),
			skin:  hex(0xf3c9a5),
			cloth: hex(0xe4633b),
			hair:  hex(0x241a1c),
			scene: func(c *Canvas) {
				c.Ridge(10, func(x float64) float64 { return 640 - 330*fbm(x/300, 2, 0, 4) }, flat(hex(0x17586a)))
				for i := 0; i < 9; i++ {
					spruce(c, 380+float64(i)*105, 900, 180+60*dice(i, 3), flat(hex(0x0b3444)))
				}
			},
			head: func(c *Canvas, p portrait) {
				c.Fill((&Path{}).Move(630, 620).Cube(560, 200, 1040, 200, 970, 620).Line(1010, 700).Line(590, 700).
					Close(), flat(p.hair))
				p.face(c)
				c.Fill((&Path{}).Move(640, 390).Cube(640, 190, 960, 190, 960, 390).Line(960, 352).Line(640, 352).
					Close(), flat(hex(0xf5b83d)))
				c.Box(628, 330, 344, 62, 28, flat(hex(0xffd777)))
				c.Circle(800, 206, 40, flat(hex(0xfff1cf)))
			},
		},
		{
			slug:  "harbour-light",
			sky:   hex(0xffc48a),
			low:   hex(0xf0787a),
			skin:  hex(0xd99a6c),
			cloth: hex(0x1f3a6b),
			hair:  hex(0xe9e4dc),
			scene: func(c *Canvas) {
				c.Circle(1080, 380, 130, flat(hex(0xfff0c4)))
				for i := 0; i < 4; i++ {
					f := float64(i)
					c.Ridge(10, func(x float64) float64 { return 600 + f*70 + 22*math.Sin(x/60+f*2) },
						flat(mix(hex(0x4a6fa8), hex(0x16264f), f/3)))
				}
			},
			head: func(c *Canvas, p portrait) {
				p.face(c)
				for i := 0; i < 5; i++ {
					half := 230 + 60*math.Sqrt(float64(i))
					c.Box(800-half, 740+float64(i)*60, 2*half, 24, 0, flat(hex(0xf3efe6)))
				}
				c.Fill((&Path{}).Move(650, 450).Cube(640, 690, 760, 720, 800, 720).Cube(840, 720, 960, 690, 950, 450).
					Cube(930, 520, 880, 520, 800, 516).Cube(720, 520, 670, 520, 650, 450).Close(), flat(p.hair))
				c.Stroke(curve(10, func(k float64) Point {
					return Point{764 + 72*k, 560 + 14*math.Sin(k*math.Pi)}
				}), 11, flat(hex(0xa8433d)))
				c.Fill((&Path{}).Move(640, 350).Cube(620, 190, 980, 190, 960, 350).Close(), flat(hex(0xf7f3ea)))
				c.Box(630, 318, 340, 52, 20, flat(hex(0x16264f)))
				c.Fill((&Path{}).Move(660, 366).Quad(800, 420, 940, 366).Close(), flat(hex(0x0d1733)))
				c.Circle(800, 342, 18, flat(hex(0xf2c14e)))
			},
		},
		{
			slug:  "ink-room",
			sky:   hex(0xf4ead8),
			low:   hex(0xe2d2b4),
			skin:  hex(0xf5d3b5),
			cloth: hex(0x2c3a3a),
			hair:  hex(0x17181a),
			scene: func(c *Canvas) {
				c.Circle(1050, 300, 130, flat(hex(0xc8402f)))
				c.Ridge(8, func(x float64) float64 { return 780 - 420*math.Pow(fbm(x/240, 6, 0, 4), 1.4) },
					graded(hex(0x7f8b8f), hex(0xe9dcc4), 480, 860))
			},
			head: func(c *Canvas, p portrait) {
				c.Fill((&Path{}).Move(620, 560).Cube(580, 200, 1020, 200, 980, 560).Close(), flat(p.hair))
				c.Circle(800, 190, 76, flat(p.hair))
				c.Stroke([]Point{{690, 150}, {920, 216}}, 14, flat(hex(0xb5302a)))
				p.face(c)
				c.Fill((&Path{}).Move(648, 400).Cube(640, 220, 960, 220, 952, 400).Cube(920, 300, 840, 290, 800, 268).
					Cube(760, 290, 680, 300, 648, 400).Close(), flat(p.hair))
				c.Fill(polygon(Point{700, 694}, Point{800, 830}, Point{900, 694}, Point{860, 690}, Point{800, 770},
					Point{740, 690}), flat(hex(0xf1e6d0)))
			},
		},
		{
			slug:  "night-train",
			sky:   hex(0x2b1f63),
			low:   hex(0xd9487c),
			skin:  hex(0xe8b48c),
			cloth: hex(0x2a2440),
			hair:  hex(0x6b3a2a),
			scene: func(c *Canvas) {
				for i := 0; i < 9; i++ {
					x, h := 330+float64(i)*110, 260+260*dice(i, 9)
					c.Rect(x, 900-h, 96, h, flat(hex(0x1a1440)))
					for k := 0; k < 12; k++ {
						if dice(i, k, 4) > 0.4 {
							c.Rect(x+14+float64(k%3)*26, 920-h+float64(k/3)*52, 14, 22, flat(hex(0xffcf6b)))
						}
					}
				}
			},
			head: func(c *Canvas, p portrait) {
				p.face(c)
				for i := 0; i < 11; i++ {
					a := math.Pi + float64(i)*math.Pi/10
					c.Circle(800+150*math.Cos(a), 350+120*math.Sin(a), 66, flat(p.hair))
				}
				c.Box(640, 270, 320, 100, 50, flat(p.hair))
				for _, s := range []float64{-1, 1} {
					c.Ring(800+s*64, 446, 46, 9, flat(hex(0x1b1b24)))
					c.Box(800+s*176-30, 396, 60, 120, 26, flat(hex(0x35d0d8)))
				}
				c.Rect(782, 440, 36, 9, flat(hex(0x1b1b24)))
				pts := curve(20, func(k float64) Point {
					a := math.Pi + k*math.Pi
					return Point{800 + 180*math.Cos(a), 420 + 230*math.Sin(a)}
				})
				c.Fill(ribbon(pts, even(24)), flat(hex(0x35d0d8)))
			},
		},
		{
			slug:  "hearthside",
			sky:   hex(0xf6b44a),
			low:   hex(0xd8502f),
			skin:  hex(0xf0c096),
			cloth: hex(0xfbf7ee),
			hair:  hex(0x2b1c18),
			scene: func(c *Canvas) {
				for i := 0; i < 24; i++ {
					a := float64(i) * math.Pi / 12
					c.Fill(polygon(Point{800, 450}, Point{800 + 900*math.Cos(a), 450 + 900*math.Sin(a)},
						Point{800 + 900*math.Cos(a+0.13), 450 + 900*math.Sin(a+0.13)}), flat(hex(0xffd98a).Fade(0.4)))
				}
			},
			head: func(c *Canvas, p portrait) {
				c.Box(640, 320, 320, 170, 80, flat(p.hair))
				p.face(c)
				c.Fill((&Path{}).Move(746, 534).Cube(700, 520, 700, 560, 670, 548).Cube(700, 590, 780, 570, 800, 546).
					Cube(820, 570, 900, 590, 930, 548).Cube(900, 560, 900, 520, 854, 534).Close(), flat(p.hair))
				for i, x := range []float64{690, 800, 910} {
					c.Circle(x, 210-24*float64(i%2), 96, flat(white))
				}
				c.Box(652, 230, 296, 130, 18, flat(hex(0xf3ede2)))
				c.Rect(652, 338, 296, 22, flat(hex(0xd8402f)))
				c.Fill(polygon(Point{700, 692}, Point{900, 692}, Point{800, 800}), flat(hex(0xd8402f)))
				for i := 0; i < 3; i++ {
					c.Circle(760, 800+float64(i)*44, 11, flat(hex(0xd9cdb8)))
					c.Circle(840, 800+float64(i)*44, 11, flat(hex(0xd9cdb8)))
				}
			},
		},
		{
			slug:  "six-strings",
			sky:   hex(0x6fd3c8),
			low:   hex(0x2f7f9f),
			skin:  hex(0xb97f58),
			cloth: hex(0xf2c14e),
			hair:  hex(0x1b1416),
			scene: func(c *Canvas) {
				for i := 0; i < 6; i++ {
					c.Rect(300, 150+float64(i)*66, 1000, 7-float64(i)*0.7, flat(white.Fade(0.55)))
				}
				for i := 0; i < 5; i++ {
					c.Circle(400+dice(i, 5)*800, 150+float64(i)*66, 20, flat(hex(0xe2704a)))
				}
			},
			head: func(c *Canvas, p portrait) {
				for i := 0; i < 15; i++ {
					a := math.Pi*0.86 + float64(i)*math.Pi*1.28/14
					c.Circle(800+200*math.Cos(a), 370+170*math.Sin(a), 84, flat(p.hair))
				}
				p.face(c)
				c.Fill((&Path{}).Move(650, 370).Cube(660, 250, 940, 250, 950, 370).Cube(900, 310, 700, 310, 650, 370).
					Close(), flat(p.hair))
				c.Circle(648, 506, 15, flat(hex(0xffe08a)))
				c.Circle(952, 506, 15, flat(hex(0xffe08a)))
				c.Stroke([]Point{{560, 720}, {980, 900}}, 40, flat(hex(0xb5432f)))
			},
		},
	}
}

// drawAvatars writes the creators' pictures, squares cut from the middle of a scene.
func drawAvatars(out string) error {
	for _, p := range portraits() {
		c := NewCanvas(1600, 900)
		c.Sky(p.sky, p.low)
		p.scene(c)
		p.head(c, p)
		square := image.NewRGBA(image.Rect(0, 0, 800, 800))
		draw.Draw(square, square.Rect, c.Image(), image.Pt(400, 80), draw.Src)
		for _, s := range []struct{ size, limit int }{{96, 4000}, {192, 9000}} {
			if err := writeWebP(filepath.Join(out, "avatars", fmt.Sprintf("%s-%d.webp", p.slug, s.size)), square,
				s.size, s.limit); err != nil {
				return err
			}
		}
	}
	return nil
}
