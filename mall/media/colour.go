package media

import "fmt"

// colours are how a picture writes them, by the names that the tools share.
type colours struct {
	matrix    string // "bt709", "bt601", "bt2020", …, as the filter "scale" names it
	transfer  string // "arib-std-b67" (HLG) and "smpte2084" (PQ) are HDR; else empty
	primaries string // where they lie beyond those of BT.709; else empty
	rgb       bool
	assumed   bool // the file says nothing of its matrix
	odd       bool // a side has an odd number of pixels
}

func newColours(t stream) colours {
	c := colours{rgb: t.Matrix == "gbr", odd: t.Width%2 != 0 || t.Height%2 != 0}
	c.matrix, c.assumed = matrix(t)
	if t.Transfer == "arib-std-b67" || t.Transfer == "smpte2084" {
		c.transfer, c.primaries = t.Transfer, "bt2020"
	}
	switch t.Primaries {
	case "bt2020", "smpte431", "smpte432":
		c.primaries = t.Primaries
	}
	return c
}

// matrix is what the file says or, where it says nothing, what players take: BT.709 from 720 lines on, BT.601 below.
// One is chosen here for all sizes, since each player would otherwise guess anew from the size that it is shown.
func matrix(t stream) (name string, assumed bool) {
	switch t.Matrix {
	case "bt709", "fcc", "smpte240m":
		return t.Matrix, false
	case "gbr":
		return "bt709", false // not asked for: RGB has none
	case "bt470bg", "smpte170m":
		return "bt601", false
	case "bt2020nc", "bt2020c":
		return "bt2020", false
	}
	if min(t.Width, t.Height) >= 720 || max(t.Width, t.Height) >= 1280 {
		return "bt709", true
	}
	return "bt601", true
}

// toSDR brings what is brighter or more colourful than BT.709 into it; empty where nothing is. White is at 203 cd/m²
// and the brightest at 1000 (ITU-R BT.2408). What is up to half as bright as white stays as it is, and what is brighter
// is pressed together.
func (c colours) toSDR() string {
	const white, brightest, kept = 203, 1000, 0.5
	if c.primaries == "" {
		return ""
	}
	in, matrix, even, tone := "bt709", "bt2020nc", "", ""
	switch {
	case c.rgb:
		matrix = "gbr"
	case c.matrix == "bt709":
		matrix = "bt709"
	}
	if c.odd { // zscale refuses halves of a pixel
		even = "format=yuv444p16le,"
	}
	if c.transfer != "" {
		in = c.transfer
		tone = fmt.Sprintf("tonemap=mobius:param=%v:peak=%.3f:desat=0,", kept, float64(brightest)/white)
	}
	return fmt.Sprintf("%szscale=tin=%s:pin=%s:min=%s:t=linear:npl=%d,format=gbrpf32le,zscale=p=bt709,%s"+
		"zscale=t=bt709:m=bt709:p=bt709:r=tv,format=yuv444p,", even, in, c.primaries, matrix, white, tone)
}

// written is the matrix of the picture once toSDR is done with it.
func (c colours) written() string {
	if c.primaries != "" {
		return "bt709"
	}
	return c.matrix
}
