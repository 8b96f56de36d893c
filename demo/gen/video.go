// Command gen draws the demo videos of the mall, frame by frame and note by note, and packages them with ffmpeg as the
// clear HLS that package demo serves. It owns every picture and sound below demo/. It knows nothing about prices,
// orders or databases, and the mall never imports it.
//
//	go run ./demo/gen                  # everything: videos, covers, avatars
//	go run ./demo/gen -only koi-pond   # one video and its covers
//	go run ./demo/gen -look /tmp/look  # contact sheets as PNG, nothing else written
package main

import "slices"

// Video is one video: its length, how to draw a moment of it, and what it sounds like.
type Video struct {
	Slug    string
	Seconds int
	Cover   float64 // the second of the picture for cover and poster
	Ceiling int     // kbit/s of the 720p picture; 0 means 115
	Quality int     // x264's constant rate factor at 360p; 0 means 29
	UHD     bool    // also packed as 2160p; kept short, since four times the lines cost
	Paint   func(c *Canvas, t float64)
	Score   Score
}

// rounds repeats chords, so that a long video does not hold one of them for a minute.
func rounds(n int, chords [][]int) [][]int { return slices.Repeat(chords, n) }

func videos(face Faces) []Video {
	return []Video{
		{
			Slug:    "aurora-nights",
			Seconds: 20,
			Cover:   9,
			Paint:   paintAurora,
			Score: Score{
				Voice:  glass,
				Chords: [][]int{{45, 57, 64, 71}, {41, 53, 60, 67}, {48, 55, 64, 72}, {43, 55, 62, 69}},
				Air:    wind,
				Level:  0.10,
			},
		},
		{
			Slug:    "first-light-ridge",
			Seconds: 12,
			Cover:   9,
			UHD:     true,
			Paint:   paintRidge,
			Score: Score{
				Voice:  bowed,
				Chords: [][]int{{38, 57, 62, 66}, {43, 55, 62, 71}, {45, 57, 61, 69}, {38, 57, 66, 74}},
				Air:    wind,
				Level:  0.08,
			},
		},
		{
			Slug:    "snow-in-the-pines",
			Seconds: 20,
			Cover:   6,
			Paint:   paintSnow,
			Score: Score{
				Voice:  bell,
				Chords: [][]int{{48, 60, 64, 67, 74}, {45, 57, 64, 69, 72}, {41, 57, 60, 65, 72}, {43, 55, 62, 67, 71}},
				Air:    wind,
				Level:  0.06,
			},
		},
		{
			Slug:    "shape-of-dunes",
			Seconds: 20,
			Cover:   8,
			Paint:   paintDunes,
			Score: Score{
				Voice:  pluck,
				Chords: [][]int{{38, 50, 57, 62, 65}, {39, 51, 58, 63, 67}, {38, 50, 57, 62, 66}, {36, 48, 55, 60, 63}},
				Air:    wind,
				Level:  0.12,
			},
		},
		{
			Slug:    "waves-and-lighthouse",
			Seconds: 160,
			Cover:   8.9,
			Paint:   paintLighthouse,
			Score: Score{
				Voice: keys,
				Beat:  0.75,
				Chords: rounds(8,
					[][]int{{48, 60, 64, 67, 71}, {45, 57, 60, 64, 67}, {41, 57, 60, 64, 69}, {43, 55, 59, 62, 69}}),
				Air:   sea,
				Level: 0.2,
			},
		},
		{
			Slug:    "jellyfish-drift",
			Seconds: 200,
			Cover:   5,
			Paint:   paintJellyfish,
			Score: Score{
				Voice: glass,
				Chords: rounds(10,
					[][]int{{44, 56, 63, 68, 75}, {40, 52, 59, 68, 71}, {42, 54, 61, 66, 73}, {44, 56, 63, 67, 72}}),
				Air:   stream,
				Level: 0.03,
			},
		},
		{
			Slug:    "koi-pond",
			Seconds: 180,
			Cover:   3.4,
			Paint:   paintKoi,
			Score: Score{
				Voice: pluck,
				Beat:  0.6,
				Chords: rounds(9,
					[][]int{{50, 62, 64, 69, 74}, {47, 59, 62, 66, 71}, {52, 64, 66, 71, 76}, {50, 62, 66, 69, 74}}),
				Air:   stream,
				Level: 0.08,
			},
		},
		{
			Slug:    "whale-song",
			Seconds: 20,
			Cover:   12,
			Paint:   paintWhale,
			Score: Score{
				Voice:  bowed,
				Chords: [][]int{{36, 48, 55, 63}, {39, 51, 58, 67}, {41, 53, 60, 68}, {36, 48, 60, 67}},
				Air:    sea,
				Level:  0.07,
			},
		},
		{
			Slug:    "ink-mountains",
			Seconds: 20,
			Cover:   12,
			Paint:   paintInk(face),
			Score: Score{
				Voice:  pluck,
				Beat:   0.8,
				Chords: [][]int{{50, 57, 62, 64, 69}, {48, 55, 60, 64, 67}, {45, 57, 60, 62, 67}, {50, 57, 62, 66, 69}},
				Air:    wind,
				Level:  0.05,
			},
		},
		{
			Slug:    "eight-strokes",
			Seconds: 20,
			Cover:   15.5,
			Paint:   paintStrokes(face),
			Score: Score{
				Voice:  pluck,
				Beat:   1.15,
				Chords: [][]int{{43, 55, 62, 67, 69}, {45, 57, 60, 64, 69}, {40, 52, 59, 64, 67}, {43, 55, 59, 62, 67}},
			},
		},
		{
			Slug:    "a-bowl-of-tea",
			Seconds: 20,
			Cover:   9,
			Paint:   paintTea,
			Score: Score{
				Voice:  bell,
				Beat:   0.9,
				Chords: [][]int{{48, 55, 60, 62, 67}, {45, 52, 57, 60, 64}, {50, 57, 62, 65, 69}, {48, 55, 60, 64, 67}},
				Air:    stream,
				Level:  0.06,
			},
		},
		{
			Slug:    "thousand-cranes",
			Seconds: 20,
			Cover:   12,
			Paint:   paintCranes,
			Score: Score{
				Voice:  keys,
				Beat:   0.4,
				Chords: [][]int{{53, 60, 65, 69, 72}, {50, 57, 62, 65, 69}, {46, 58, 62, 65, 70}, {48, 60, 64, 67, 70}},
			},
		},
		{
			Slug:    "night-train-window",
			Seconds: 20,
			Cover:   2,
			Paint:   paintTrain,
			Score: Score{
				Voice:  keys,
				Beat:   0.55,
				Chords: [][]int{{43, 55, 59, 62, 67}, {40, 55, 59, 64, 67}, {48, 55, 60, 64, 67}, {38, 54, 57, 62, 66}},
				Air:    rails,
				Level:  0.16,
			},
		},
		{
			Slug:    "kyoto-lanterns",
			Seconds: 20,
			Cover:   6,
			Paint:   paintKyoto,
			Score: Score{
				Voice:  pluck,
				Beat:   0.7,
				Chords: [][]int{{45, 57, 59, 64, 69}, {41, 57, 60, 65, 69}, {40, 52, 59, 64, 65}, {45, 57, 60, 64, 71}},
				Air:    wind,
				Level:  0.04,
			},
		},
		{
			Slug:    "neon-rain",
			Seconds: 20,
			Cover:   7,
			Paint:   paintNeon,
			Score: Score{
				Voice:  keys,
				Beat:   0.6,
				Chords: [][]int{{41, 56, 60, 63, 67}, {46, 56, 62, 65, 68}, {39, 55, 58, 62, 65}, {44, 55, 60, 63, 67}},
				Air:    rain,
				Level:  0.2,
			},
		},
		{
			Slug:    "balloon-morning",
			Seconds: 12,
			Cover:   6,
			UHD:     true,
			Paint:   paintBalloons,
			Score: Score{
				Voice:  bowed,
				Chords: [][]int{{48, 55, 64, 67}, {53, 57, 60, 69}, {55, 59, 62, 71}, {48, 60, 64, 72}},
				Air:    wind,
				Level:  0.06,
			},
		},
		{
			Slug:    "high-heat-wok",
			Seconds: 20,
			Ceiling: 150,
			Cover:   3.4,
			Paint:   paintWok,
			Score: Score{
				Voice:  pulse,
				Beat:   0.3,
				Chords: [][]int{{40, 52, 55, 59, 64}, {43, 55, 59, 62, 67}, {45, 57, 60, 64, 69}, {47, 54, 59, 63, 66}},
				Air:    fire,
				Level:  0.22,
			},
		},
		{
			Slug:    "pulled-noodles",
			Seconds: 20,
			Cover:   11.8,
			Paint:   paintNoodles(face),
			Score: Score{
				Voice:  pluck,
				Beat:   0.375,
				Chords: [][]int{{48, 55, 60, 62, 67}, {53, 57, 60, 65, 69}, {50, 57, 62, 65, 69}, {55, 59, 62, 67, 71}},
			},
		},
		{
			Slug:    "pour-over-coffee",
			Seconds: 20,
			Cover:   10,
			Paint:   paintCoffee(face),
			Score: Score{
				Voice:  keys,
				Beat:   0.45,
				Chords: [][]int{{41, 57, 60, 64, 67}, {50, 57, 60, 65, 69}, {43, 58, 62, 65, 69}, {48, 58, 60, 64, 67}},
				Air:    stream,
				Level:  0.07,
			},
		},
		{
			Slug:    "mooncake-moon",
			Seconds: 20,
			Cover:   14,
			Paint:   paintMooncake,
			Score: Score{
				Voice:  bell,
				Beat:   0.6,
				Chords: [][]int{{43, 55, 62, 67, 71}, {40, 55, 59, 64, 67}, {45, 57, 60, 64, 69}, {50, 57, 62, 66, 69}},
			},
		},
		{
			Slug:    "six-string-colours",
			Seconds: 20,
			Cover:   7.6,
			Paint:   paintGuitar,
			Score: Score{
				Voice: pluck,
				Beat:  0.5,
				Chords: [][]int{
					{40, 52, 59, 64, 67},
					{43, 55, 59, 62, 67},
					{48, 55, 60, 64, 67},
					{38, 50, 57, 62, 66},
					{45, 57, 60, 64, 69},
					{40, 52, 56, 59, 64},
				},
			},
		},
		{
			Slug:    "shape-of-sound",
			Seconds: 20,
			Ceiling: 150,
			Cover:   9,
			Paint:   paintWaves,
			Score: Score{
				Voice:  pulse,
				Beat:   0.25,
				Chords: [][]int{{45, 57, 60, 64, 72}, {41, 57, 60, 65, 69}, {48, 55, 60, 64, 67}, {43, 55, 59, 62, 71}},
			},
		},
		{
			Slug:    "rain-piano",
			Seconds: 20,
			Cover:   8,
			Paint:   paintPiano,
			Score: Score{
				Voice:  keys,
				Beat:   0.375,
				Chords: [][]int{{45, 57, 60, 64, 69}, {41, 53, 60, 65, 69}, {48, 60, 64, 67, 72}, {43, 55, 62, 67, 71}},
				Air:    rain,
				Level:  0.06,
			},
		},
		{
			Slug:    "first-go-program",
			Seconds: 20,
			Cover:   17,
			Paint:   paintCode(face),
			Score: Score{
				Voice:  pulse,
				Beat:   0.375,
				Chords: [][]int{{48, 60, 64, 67, 71}, {45, 57, 60, 64, 67}, {50, 57, 62, 65, 69}, {43, 55, 59, 62, 65}},
			},
		},
		{
			Slug:    "bauhaus-in-motion",
			Seconds: 20,
			Ceiling: 150,
			Cover:   10.2,
			Paint:   paintBauhaus,
			Score: Score{
				Voice:  pulse,
				Beat:   0.375,
				Chords: [][]int{{41, 53, 57, 60, 64}, {38, 53, 57, 60, 65}, {43, 55, 58, 62, 65}, {48, 55, 58, 64, 67}},
			},
		},
		{
			Slug:    "nebula-voyage",
			Seconds: 20,
			Cover:   12,
			Paint:   paintNebula,
			Score: Score{
				Voice:  glass,
				Chords: [][]int{{36, 48, 55, 62, 67}, {32, 48, 56, 63, 68}, {34, 50, 58, 65, 70}, {36, 52, 55, 64, 67}},
			},
		},
	}
}
