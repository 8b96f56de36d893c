package media

import (
	"fmt"
	"strings"
)

// picture is the stream that is shown.
type picture struct {
	index       int
	guessedRate string // frames a second, as ffprobe guesses
	interlaced  bool
	colours     colours
}

func newPicture(t stream) picture {
	return picture{
		index:       t.Index,
		guessedRate: t.Rate,
		interlaced:  t.FieldOrder != "" && t.FieldOrder != "progressive" && t.FieldOrder != "unknown",
		colours:     newColours(t),
	}
}

// graph draws the picture once at the size of the largest rung, at an even rate, in the colours of BT.709, and smaller
// from that. Its outputs are [v0], [v1] and so on, one a rung. The last picture is held for ever: whoever reads the
// outputs ends them.
func (p picture) graph(rate string, ladder []Rung) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[0:%d]", p.index)
	if p.interlaced {
		b.WriteString("yadif=deint=interlaced,")
	}
	top := ladder[len(ladder)-1]
	fmt.Fprintf(&b, "fps=%s,%stpad=stop=-1:stop_mode=clone,%s,setsar=1,pad=%d:%d:-1:-1,format=yuv420p,", rate,
		p.colours.toSDR(), p.fit(top),
		top.Width, top.Height)
	fmt.Fprintf(&b, "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,split=%d", len(ladder))
	for i := range ladder {
		fmt.Fprintf(&b, "[s%d]", i)
	}
	for i, r := range ladder {
		fmt.Fprintf(&b, ";[s%d]scale=%d:%d:flags=bicubic,setsar=1[v%d]", i, r.Width, r.Height, i)
	}
	return b.String()
}

// fit scales into a rung. A picture of nearly its shape fills it; one of another shape, as where a recording changes
// its size midway, gets bars afterwards.
func (p picture) fit(r Rung) string {
	shape := float64(r.Width) / float64(r.Height)
	side := func(full int, other string) string {
		return fmt.Sprintf("'if(lt(abs(dar/%f-1),0.02),%d,max(2,trunc(min(%d,%s)/2)*2))'", shape, full, full, other)
	}
	return fmt.Sprintf(
		"scale=w=%s:h=%s:flags=bicubic+accurate_rnd+full_chroma_int:in_color_matrix=%s:out_color_matrix=bt709:out_range=tv",
		side(r.Width, fmt.Sprintf("%d*dar", r.Height)), side(r.Height, fmt.Sprintf("%d/dar", r.Width)),
		p.colours.written())
}
