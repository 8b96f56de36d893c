package media

import (
	"fmt"
	"strings"
)

// sound is the track that is heard.
type sound struct {
	index  int
	gain   float64 // decibels
	choice SoundChoice
}

// stereo makes two channels of the track, in floating point, so that what several channels sum up to is not cut off.
func (s sound) stereo() string {
	return fmt.Sprintf("[0:%d]aresample=async=1:first_pts=0,aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=stereo", s.index)
}

// loud is stereo with a gain in decibels. Its peaks are held by a limiter, which works at four times the rate, where it sees the peaks
// between the samples (ITU-R BS.1770-4, annex 2).
func (s sound) loud(gain float64) string {
	return fmt.Sprintf("%s,volume=%.2fdB:precision=float,aresample=192000,alimiter=level=false:limit=%.2f:latency=true,aresample=48000,"+
		"aformat=sample_fmts=fltp", s.stereo(), gain, peakLimit)
}

// graph is what the film is made of, [a0], [a1] and so on, silence after their end: whoever reads them ends them.
func (s sound) graph(rungs int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s,apad,asplit=%d", s.loud(s.gain), rungs)
	for i := range rungs {
		fmt.Fprintf(&b, "[a%d]", i)
	}
	return b.String()
}
