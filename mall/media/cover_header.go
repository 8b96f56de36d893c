package media

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"io"
)

// pictureHeader is what a file says of its picture before any pixel is decoded.
type pictureHeader struct {
	format        string // jpeg, png or webp
	width, height int
	// decoded is the memory in bytes that Go's decoder holds for the pixels, at most.
	decoded     int64
	orientation int    // 1 to 8, as in EXIF
	profile     []byte // ICC; nil where there is none
	animated    bool
}

// maxProfile bounds an ICC profile, in bytes; those of print shops have up to 3 MB.
const maxProfile = 4 << 20

// readHeader reads the numbers first: a few bytes may claim a picture that fills the memory. ErrCoverKind.
func readHeader(raw []byte) (pictureHeader, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return pictureHeader{}, ErrCoverKind.Because("%w", err)
	}
	h := pictureHeader{
		format:      format,
		width:       config.Width,
		height:      config.Height,
		orientation: 1,
	}
	perPixel := 0.0
	switch format {
	case "jpeg":
		perPixel = h.readJPEG(raw)
	case "png":
		perPixel = h.readPNG(raw)
	case "webp":
		perPixel = h.readWebP(raw)
	}
	h.decoded = int64(perPixel * float64(h.width) * float64(h.height))
	return h, nil
}

// readPNG walks the chunks (W3C PNG, third edition) and returns how many bytes a pixel takes.
func (h *pictureHeader) readPNG(raw []byte) (perPixel float64) {
	const signature, fixed = 8, 12
	perPixel = 8
	for at := signature; at+fixed <= len(raw); {
		length := int64(binary.BigEndian.Uint32(raw[at:]))
		end := int64(at) + fixed + length
		if end > int64(len(raw)) {
			break
		}
		body := raw[at+8 : int64(at)+8+length]
		switch string(raw[at+4 : at+8]) {
		case "IHDR":
			if len(body) < 13 {
				break
			}
			perPixel = 4
			if kind := body[9]; kind == 3 {
				perPixel = 1 // a palette
			}
			if body[8] == 16 {
				perPixel *= 2
			}
			if body[12] == 1 { // interlaced: a pass of half the picture is held beside it
				perPixel *= 1.5
			}
		case "eXIf":
			h.orientation = exifOrientation(body)
		case "iCCP":
			h.profile = inflateProfile(body)
		}
		at = int(end)
	}
	return perPixel
}

// inflateProfile unpacks iCCP: a name, a zero, the method 0 and a zlib stream.
func inflateProfile(body []byte) []byte {
	_, packed, ok := bytes.Cut(body, []byte{0})
	if !ok || len(packed) < 1 {
		return nil
	}
	r, err := zlib.NewReader(bytes.NewReader(packed[1:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(r, maxProfile+1))
	if err != nil || len(profile) > maxProfile {
		return nil
	}
	return profile
}

// readWebP walks the chunks (RFC 9649) and returns how many bytes a pixel takes.
func (h *pictureHeader) readWebP(raw []byte) (perPixel float64) {
	const (
		lossy      = 1.5
		lossless   = 8 // the pixels and, for a moment, a copy
		alpha      = 1
		packed     = 4 // of a transparency that is packed, which is unpacked as a picture of its own
		animation  = 1 << 1
		exifPrefix = "Exif\x00\x00" // some programs write it although RFC 9649 doesn't ask for it
	)
	for at := 12; at+8 <= len(raw); {
		length := int64(binary.LittleEndian.Uint32(raw[at+4:]))
		end := int64(at) + 8 + length
		if end > int64(len(raw)) {
			end = int64(len(raw))
		}
		body := raw[at+8 : end]
		switch string(raw[at : at+4]) {
		case "VP8X":
			h.animated = len(body) > 0 && body[0]&animation != 0
		case "VP8 ":
			perPixel += lossy
		case "VP8L":
			perPixel += lossless
		case "ALPH":
			perPixel += alpha
			if len(body) > 0 && body[0]&3 != 0 {
				perPixel += packed
			}
		case "EXIF":
			h.orientation = exifOrientation(bytes.TrimPrefix(body, []byte(exifPrefix)))
		case "ICCP":
			if len(body) <= maxProfile {
				h.profile = body
			}
		}
		at = int(end + length&1)
	}
	return max(perPixel, lossy)
}
