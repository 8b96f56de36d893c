package main

import (
	"encoding/binary"
	"math"
	"os"
)

// Voice is the instrument of a score.
type Voice int

const (
	glass Voice = iota // slow sines that beat against each other
	bowed              // soft detuned saws
	bell               // struck, inharmonic, long
	pluck              // plucked string, arpeggiated
	keys               // felt piano, broken chords
	pulse              // short synth notes
)

// Air is the background sound of a place.
type Air int

const (
	still Air = iota
	wind
	sea
	rain
	fire
	rails
	stream
)

// Score is the music of one video: chords of MIDI notes, all of the same length.
type Score struct {
	Voice  Voice
	Chords [][]int
	Beat   float64 // seconds between notes of a broken chord; 0 means 0.5
	Air    Air
	Level  float64 // loudness of the air, 0..1
}

const rate = 48000

// compose renders a score as interleaved stereo samples.
func compose(s Score, seconds int) []float64 {
	n := seconds * rate
	out := make([]float64, n*2)
	beat := s.Beat
	if beat == 0 {
		beat = 0.5
	}
	each := float64(seconds) / float64(len(s.Chords))
	for i, chord := range s.Chords {
		at := float64(i) * each
		switch s.Voice {
		case glass, bowed:
			for j, note := range chord {
				sustain(out, s.Voice, note, at-0.6, each+1.6, 0.16/math.Sqrt(float64(len(chord))),
					float64(j)/float64(len(chord)))
			}
		default:
			sustain(out, glass, chord[0], at-0.3, each+0.8, 0.06, 0.5)
			for b := 0; float64(b)*beat < each-0.01; b++ {
				note := chord[[]int{0, 2, 1, 3, 2, 3, 1, 2}[b%8]%len(chord)]
				if s.Voice == bell {
					note += 12
				}
				soft := 0.75 + 0.25*dice(i, b, note)
				strike(out, s.Voice, note, at+float64(b)*beat, 0.17*soft, dice(b, note))
			}
		}
	}
	breathe(out, s.Air, s.Level)
	echo(out)
	fade(out, seconds)
	return out
}

func pitch(note int) float64 { return 440 * math.Pow(2, float64(note-69)/12) }

func sustain(out []float64, v Voice, note int, at, length, amp, pan float64) {
	f := pitch(note)
	from, to := max(0, int(at*rate)), min(len(out)/2, int((at+length)*rate))
	left, right := math.Cos(pan*math.Pi/2), math.Sin(pan*math.Pi/2)
	for i := from; i < to; i++ {
		t := float64(i)/rate - at
		env := ramp(0, 1.6, t) * ramp(0, 1.8, length-t)
		var a, b float64
		if v == bowed {
			for h := 1; h <= 5; h++ {
				g := math.Pow(float64(h), -1.5)
				a += g * math.Sin(2*math.Pi*f*float64(h)*1.0015*t)
				b += g * math.Sin(2*math.Pi*f*float64(h)*0.9985*t+1)
			}
			a, b = a*0.7, b*0.7
		} else {
			a = math.Sin(2*math.Pi*f*t) + 0.3*math.Sin(2*math.Pi*f*2.003*t)
			b = math.Sin(2*math.Pi*f*1.002*t) + 0.3*math.Sin(2*math.Pi*f*1.998*t)
		}
		trem := 0.82 + 0.18*math.Sin(2*math.Pi*t*(0.11+float64(note%5)*0.03))
		out[2*i] += amp * env * trem * (0.45 + left) * a
		out[2*i+1] += amp * env * trem * (0.45 + right) * b
	}
}

// strike adds a note that rings and fades.
func strike(out []float64, v Voice, note int, at, amp, pan float64) {
	f := pitch(note)
	type partial struct{ ratio, gain, life float64 }
	voices := map[Voice][]partial{
		bell:  {{1, 1, 1.9}, {2.76, 0.35, 0.9}, {5.4, 0.12, 0.4}},
		pluck: {{1, 1, 0.9}, {2, 0.5, 0.6}, {3, 0.33, 0.42}, {4, 0.18, 0.3}, {5, 0.1, 0.2}},
		keys:  {{1, 1, 1.3}, {2, 0.28, 0.7}, {3, 0.1, 0.4}},
		pulse: {{1, 0.8, 0.3}, {2, 0.3, 0.2}, {3, 0.2, 0.12}},
	}
	from := max(0, int(at*rate))
	for _, p := range voices[v] {
		w := 2 * math.Pi * f * p.ratio / rate
		for i := from; i < min(len(out)/2, from+int(p.life*5*rate)); i++ {
			t := float64(i-from) / rate
			s := amp * p.gain * math.Sin(w*float64(i-from)) * math.Exp(-t/p.life) * ramp(0, 0.006, t)
			out[2*i] += s * (1.2 - 0.5*pan)
			out[2*i+1] += s * (0.7 + 0.5*pan)
		}
	}
}

// breathe adds filtered noise that swells like the sound of its place.
func breathe(out []float64, air Air, level float64) {
	if air == still {
		return
	}
	var low, lower [2]float64
	seed := uint32(12345)
	random := func() float64 {
		seed = seed*1664525 + 1013904223
		return float64(seed>>8)/(1<<23) - 1
	}
	for i := 0; i < len(out)/2; i++ {
		t := float64(i) / rate
		cut, swell := 0.05, 1.0
		switch air {
		case wind:
			cut, swell = 0.012+0.012*wave(t, 7, 0.2), 0.5+0.5*wave(t, 9, 0)
		case sea:
			s := wave(t, 8, 0.7)
			cut, swell = 0.02+0.07*s, 0.25+0.75*s*s
		case rain:
			cut, swell = 0.16, 0.55
		case fire:
			cut, swell = 0.05, 0.55
			if random() > 0.9994 {
				low[i%2] += 1.2 * random()
			}
		case rails:
			clack := math.Mod(t, 1.1)
			cut, swell = 0.02, 0.6+1.2*(math.Exp(-clack*22)+0.7*math.Exp(-math.Abs(clack-0.22)*22))
		case stream:
			cut, swell = 0.1, 0.4+0.2*wave(t, 1.7, 0)
		}
		for ch := 0; ch < 2; ch++ {
			low[ch] += cut * (random() - low[ch])
			lower[ch] += 0.004 * (low[ch] - lower[ch])
			out[2*i+ch] += (low[ch] - lower[ch]) * swell * level * 3
		}
	}
}

// echo adds the echo of a small room in stereo.
func echo(out []float64) {
	for _, tap := range []struct {
		delay float64
		gain  float64
	}{{0.231, 0.22}, {0.377, 0.16}} {
		d := int(tap.delay*rate) * 2
		for i := d + 1; i < len(out); i++ {
			out[i] += tap.gain * out[(i-d)^1]
		}
	}
}

func fade(out []float64, seconds int) {
	peak := 0.0
	for _, v := range out {
		peak = math.Max(peak, math.Abs(v))
	}
	for i := range out {
		t := float64(i/2) / rate
		out[i] *= 0.7 / peak * ramp(0, 0.8, t) * ramp(0, 1.5, float64(seconds)-t)
	}
}

// writeWave stores samples as a 16-bit stereo WAV file.
func writeWave(path string, samples []float64) error {
	data := make([]byte, 44, 44+len(samples)*2)
	copy(data, "RIFF....WAVEfmt ")
	binary.LittleEndian.PutUint32(data[4:], uint32(36+len(samples)*2))
	binary.LittleEndian.PutUint32(data[16:], 16)
	binary.LittleEndian.PutUint16(data[20:], 1)
	binary.LittleEndian.PutUint16(data[22:], 2)
	binary.LittleEndian.PutUint32(data[24:], rate)
	binary.LittleEndian.PutUint32(data[28:], rate*4)
	binary.LittleEndian.PutUint16(data[32:], 4)
	binary.LittleEndian.PutUint16(data[34:], 16)
	copy(data[36:], "data")
	binary.LittleEndian.PutUint32(data[40:], uint32(len(samples)*2))
	for _, v := range samples {
		data = binary.LittleEndian.AppendUint16(data, uint16(int16(v*32000)))
	}
	return os.WriteFile(path, data, 0o644)
}
