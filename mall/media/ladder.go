package media

import (
	"math"
	"strconv"
)

// Rung is one size of the picture that a video is made in.
type Rung struct {
	Name          string // "720p"
	Width, Height int    // both even
	Rate          int    // the most bits a second of the picture
	Audio         int    // bits a second of the sound
}

// rungs are the sizes by the lines of a picture of 16 to 9.
var rungs = []int{360, 720, 1080, 2160}

// Ladder is the sizes for a source, the smallest first. A rung is a box of 16 to 9, lying or standing, that the picture
// is fitted into, so that a wide video of 1920 × 800 counts as 1080p. No rung is larger than the source; where the next
// smaller one is well below it, the source's own size is a rung too.
func Ladder(width, height int) []Rung {
	long, short := max(width, height), min(width, height)
	own := max(short, int(math.Round(float64(long)*9/16))) // the box that the source just fills
	var list []Rung
	for _, lines := range rungs {
		if lines <= own {
			list = append(list, rung(width, height, lines))
		}
	}
	last := 0
	if len(list) > 0 {
		last, _ = strconv.Atoi(list[len(list)-1].Name[:len(list[len(list)-1].Name)-1])
	}
	if own < rungs[len(rungs)-1] && float64(own) >= 1.25*float64(last) {
		list = append(list, rung(width, height, max(10, own&^1)))
	}
	return list
}

func rung(width, height, lines int) Rung {
	long, short := float64(max(width, height)), float64(min(width, height))
	scale := min(1, float64(lines)/short, float64(lines)*16/9/long)
	even := func(n int) int { return max(16, int(math.Round(float64(n)*scale/2))*2) }
	r := Rung{
		Name:   strconv.Itoa(lines) + "p",
		Width:  even(width),
		Height: even(height),
	}
	// Bits grow slower than pixels: 0.8 Mbit/s at 360p, 2.6 at 720p, 5.2 at 1080p, 17 at 2160p.
	r.Rate = int(800_000*math.Pow(float64(r.Width*r.Height)/(640*360), 0.85)) / 1000 * 1000
	r.Rate = max(r.Rate, 200_000)
	r.Audio = 128_000
	if lines <= 480 {
		r.Audio = 96_000
	}
	return r
}
