package media

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// What a JPEG says before its pixels: ITU T.81, annex B.
const (
	jpegSOF0      = 0xc0 // a frame, as are the next two
	jpegSOF2      = 0xc2 // a progressive one
	jpegSOS       = 0xda // the pixels begin
	jpegAPP1      = 0xe1
	jpegAPP2      = 0xe2
	jpegAPP14     = 0xee
	jpegFrameHead = 6 // bytes of a frame's header before its components
)

// Memory that Go's decoder takes, in bytes.
const (
	jpegCoefficient = 4 // of each coefficient, while a progressive frame is read
	jpegConverted   = 4 // a pixel of the copy that is made of CMYK, and of RGB without a matrix
)

const (
	exifMark  = "Exif\x00\x00"
	iccMark   = "ICC_PROFILE\x00"
	adobeMark = "Adobe"
)

// readJPEG reads the segments before the pixels and returns how many bytes a pixel takes.
func (h *pictureHeader) readJPEG(raw []byte) (perPixel float64) {
	r := jpegReader{header: h, perPixel: 3 + 3*jpegCoefficient, pieces: map[int][]byte{}}
	for marker, body := range jpegSegments(raw) {
		r.read(marker, body)
	}
	h.profile = joinProfile(r.pieces, r.count)
	if r.components == 4 || r.components == 3 && r.plainRGB {
		r.perPixel += jpegConverted
	}
	return r.perPixel
}

// jpegSegments are the markers before the pixels, with what belongs to each.
func jpegSegments(raw []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		for at := 2; at+4 <= len(raw) && raw[at] == 0xff; {
			marker, length := raw[at+1], int(binary.BigEndian.Uint16(raw[at+2:]))
			if marker == 0xff { // a byte to fill
				at++
				continue
			}
			end := at + 2 + length
			if length < 2 || end > len(raw) || marker == jpegSOS || !yield(marker, raw[at+4:end]) {
				return
			}
			at = end
		}
	}
}

// jpegReader collects what the segments of a JPEG say.
type jpegReader struct {
	header     *pictureHeader
	perPixel   float64
	components int
	plainRGB   bool           // the components are red, green and blue themselves
	pieces     map[int][]byte // of the profile, by their numbers from 1
	count      int            // how many pieces there are
}

func (r *jpegReader) read(marker byte, body []byte) {
	switch marker {
	case jpegSOF0, jpegSOF0 + 1, jpegSOF2:
		r.readFrame(body, marker == jpegSOF2)
	case jpegAPP1:
		if exif, ok := bytes.CutPrefix(body, []byte(exifMark)); ok {
			r.header.orientation = exifOrientation(exif)
		}
	case jpegAPP2:
		if piece, ok := bytes.CutPrefix(body, []byte(iccMark)); ok && len(piece) > 2 {
			r.pieces[int(piece[0])] = piece[2:]
			r.count = int(piece[1])
		}
	case jpegAPP14:
		if bytes.HasPrefix(body, []byte(adobeMark)) && len(body) >= 12 {
			r.plainRGB = body[11] == 0
		}
	}
}

func (r *jpegReader) readFrame(body []byte, progressive bool) {
	if len(body) < jpegFrameHead {
		return
	}
	r.components = int(body[5])
	r.perPixel = planes(body[jpegFrameHead:], r.components)
	if progressive {
		r.perPixel += jpegCoefficient * r.perPixel
	}
}

// planes sums what the components of a frame take, in bytes a pixel of the picture.
func planes(spec []byte, components int) (perPixel float64) {
	most := 1
	for i := 0; i < components && 3*i+1 < len(spec); i++ {
		most = max(most, int(spec[3*i+1]>>4)*int(spec[3*i+1]&15))
	}
	for i := 0; i < components && 3*i+1 < len(spec); i++ {
		perPixel += float64(int(spec[3*i+1]>>4)*int(spec[3*i+1]&15)) / float64(most)
	}
	return perPixel
}

// joinProfile joins the numbered pieces of a profile (ICC.1:2022, annex B.4); nil unless all of them are there.
func joinProfile(pieces map[int][]byte, count int) (profile []byte) {
	for i := 1; i <= count; i++ {
		piece, ok := pieces[i]
		if !ok || len(profile)+len(piece) > maxProfile {
			return nil
		}
		profile = append(profile, piece...)
	}
	return profile
}
