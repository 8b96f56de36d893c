package media

import (
	"fmt"
	"strings"
)

// sound is the track that is heard.
type sound struct {
	index int
}

// graph makes stereo of the track. It reckons in floating point until the limiter, so that what several channels sum up to is not cut off
// before. The limiter works at four times the rate, where it sees the peaks between the samples (ITU-R BS.1770-4, annex 2); a decibel
// below what is promised leaves room for the coder. Its outputs are [a0], [a1] and so on, silence after their end: whoever reads them
// ends them.
func (s sound) graph(rungs int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[0:%d]aresample=async=1:first_pts=0,aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=stereo,", s.index)
	b.WriteString("aresample=192000,alimiter=level=false:limit=0.79:latency=true,aresample=48000,")
	fmt.Fprintf(&b, "aformat=sample_fmts=fltp,apad,asplit=%d", rungs)
	for i := range rungs {
		fmt.Fprintf(&b, "[a%d]", i)
	}
	return b.String()
}
