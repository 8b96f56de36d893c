// Package gzipsplice owns a text that is sent many times and differs only in a few small holes: it is compressed once,
// cut at the holes, and every answer is put together from what is compressed already. It refuses to know what the text
// is and what goes into the holes.
package gzipsplice

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// ErrHole says that a mark is empty or longer than a stored block, 65,535 bytes.
var ErrHole = errors.New("pieces: a mark must have 1 to 65535 bytes")

// Text is a text with holes. It is never changed and safe for concurrent use.
type Text struct {
	parts []part // one more than there are holes
	hole  int    // bytes that a hole usually takes
	shift uint32 // of a hole of that size
}

// part is what stands before a hole, or after the last one.
type part struct {
	plain    []byte
	deflated []byte // RFC 1951, ending at a byte boundary; each part for itself, because none may point across a hole
	crc      uint32
	shift    uint32
}

// gzipHead is RFC 1952's: deflate, no name, no time, no operating system.
var gzipHead = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// Cut makes a Text of text, with a hole wherever mark stands. Compressing is done here, at the best level: it is paid
// once. Errors: ErrHole.
func Cut(text []byte, mark string) (*Text, error) {
	if mark == "" || len(mark) > math.MaxUint16 {
		return nil, ErrHole
	}
	t := &Text{hole: len(mark), shift: shiftOf(len(mark))}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("pieces: %w", err)
	}
	plains := bytes.Split(text, []byte(mark))
	for i, plain := range plains {
		out.Reset()
		w.Reset(&out)
		_, err := w.Write(plain)
		if err == nil {
			if i < len(plains)-1 {
				err = w.Flush() // ends at a byte boundary, where a hole's stored block begins
			} else {
				err = w.Close()
			}
		}
		if err != nil {
			return nil, fmt.Errorf("pieces: %w", err)
		}
		t.parts = append(t.parts, part{
			plain:    bytes.Clone(plain),
			deflated: bytes.Clone(out.Bytes()),
			crc:      crc32.ChecksumIEEE(plain),
			shift:    shiftOf(len(plain)),
		})
	}
	return t, nil
}

// AppendPlain appends the text to dst, with fill in every hole.
func (t *Text) AppendPlain(dst []byte, fill string) []byte {
	for i, p := range t.parts {
		if i > 0 {
			dst = append(dst, fill...)
		}
		dst = append(dst, p.plain...)
	}
	return dst
}

// AppendGzip appends the text to dst as one gzip member, with fill in every hole. Nothing is compressed for it: fill
// goes in as stored blocks, and the checksum is combined from those of the parts. fill has at most 65,535 bytes; what
// is longer is cut.
func (t *Text) AppendGzip(dst []byte, fill string) []byte {
	fill = fill[:min(len(fill), math.MaxUint16)]
	crcOfFill, shift, size := crc32.ChecksumIEEE([]byte(fill)), t.shift, 0
	if len(fill) != t.hole {
		shift = shiftOf(len(fill))
	}
	crc := uint32(0)
	dst = append(dst, gzipHead...)
	for i, p := range t.parts {
		if i > 0 {
			n := uint16(len(fill))
			dst = append(dst, 0, byte(n), byte(n>>8), byte(^n), byte(^n>>8)) // a stored block that is not the last
			dst = append(dst, fill...)
			crc = multiply(shift, crc) ^ crcOfFill
			size += len(fill)
		}
		dst = append(dst, p.deflated...)
		crc = multiply(p.shift, crc) ^ p.crc
		size += len(p.plain)
	}
	dst = binary.LittleEndian.AppendUint32(dst, crc)
	return binary.LittleEndian.AppendUint32(dst, uint32(size))
}

// Weight is roughly the memory that the Text takes, in bytes.
func (t *Text) Weight() int {
	n := 0
	for _, p := range t.parts {
		n += len(p.plain) + len(p.deflated) + 100
	}
	return n
}
