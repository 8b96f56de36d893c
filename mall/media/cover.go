package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // registers the decoder
	_ "image/png"
	"io"
	"io/fs"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// What can be wrong with a picture that is to be a cover.
var (
	ErrCoverSize = fault.New(fault.Invalid, "cover_size", "The picture is larger than 15 MB.")
	ErrCoverKind = fault.New(fault.Invalid, "cover_kind",
		"This is not a picture that the mall can read. It reads JPEG, PNG and WebP.")
	ErrCoverPixels = fault.New(fault.Invalid, "cover_pixels",
		"The picture has too few or too many pixels: at least 320 × 180, at most 40 million.")
	ErrCoverMemory = fault.New(fault.Invalid, "cover_memory", "This picture takes too much memory to read. "+
		"Save it with fewer pixels, with 8 bits a channel, or as a JPEG that is not progressive.")
	ErrCoverAnimated = fault.New(fault.Invalid, "cover_animated",
		"This picture is animated. Save one of its frames as a still picture.")
	ErrCoversMany = fault.New(fault.TooMany, "covers_many", "Too many pictures in one day. Try again tomorrow.")
	ErrCoverBusy  = fault.New(fault.TooMany, "cover_busy",
		"Another picture of yours is being worked on. Try again in a moment.")
	ErrCoversWaiting = fault.New(fault.Unavailable, "covers_waiting",
		"Many pictures are being worked on. Try again in a minute.")
	ErrCoverTool = fault.New(fault.Unavailable, "cover_tool",
		"Pictures can't be taken at the moment. Try again later.")
	ErrNoCover = fault.New(fault.NotFound, "unknown_cover", "There is no such picture.")
)

// Limits of what is decoded.
const (
	maxCover       = 15 << 20
	maxCoverPixels = 40_000_000
	minCoverWidth  = 320
	minCoverHeight = 180
	encodeTime     = 30 * time.Second
	coverQuality   = 82
)

// The widths of covers, in pixels.
const (
	CoverSmall  = 320
	CoverMedium = 480
	CoverLarge  = 960
)

// CoverWidths are the sizes that each cover has, all of them 16:9.
var CoverWidths = [...]int{CoverSmall, CoverMedium, CoverLarge}

var coverFile = regexp.MustCompile(`^[a-z0-9]{26}-(320|480|960)\.webp$`)

// Save takes a turn and saves a picture of a creator's; see Begin and CoverTurn.Save for the errors.
func (cv *Covers) Save(ctx context.Context, ownerID int64, r io.Reader) (stem string, err error) {
	turn, err := cv.Begin(ctx, ownerID)
	if err != nil {
		return "", err
	}
	defer turn.End()
	return turn.Save(ctx, r, -1)
}

// Save draws a picture that a creator uploaded anew, cut to 16:9 and in sRGB, and returns the name that a listing
// keeps: /media/covers/<stem>-<width>.webp. Nothing of the uploaded bytes is kept. most is the most bytes that r can
// have, -1 where nobody knows. ErrCoverSize, ErrCoverKind, ErrCoverPixels, ErrCoverMemory, ErrCoverAnimated,
// ErrCoverTool.
func (t *CoverTurn) Save(ctx context.Context, r io.Reader, most int64) (stem string, err error) {
	raw, err := readCover(r, most)
	if err != nil {
		return "", err
	}
	h, err := readHeader(raw)
	if err != nil {
		return "", err
	}
	if err := fits(h.width, h.height); err != nil {
		return "", err
	}
	if h.animated {
		return "", ErrCoverAnimated
	}
	giveBack, err := t.covers.turns.borrow(ctx, h)
	if err != nil {
		return "", err
	}
	defer giveBack()
	defer freeMemory(h) // before the next picture takes as much
	picture, err := decodeSmall(raw, h)
	if err != nil {
		return "", err
	}
	freeMemory(h)
	return t.covers.draw(ctx, t.ownerID, picture)
}

// readCover reads at most maxCover bytes into one piece: what grows leaves several times its size behind.
func readCover(r io.Reader, most int64) ([]byte, error) {
	if most < 0 || most > maxCover {
		most = maxCover
	}
	raw := make([]byte, most+1)
	n, err := io.ReadFull(r, raw)
	switch {
	case err == nil:
		return nil, ErrCoverSize
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return raw[:n], nil
	}
	return nil, fmt.Errorf("read a cover: %w", err)
}

// decodeSmall decodes a picture and returns what a cover needs of it, upright and in sRGB. The decoded pixels are
// garbage when it returns.
func decodeSmall(raw []byte, h pictureHeader) (image.Image, error) {
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, ErrCoverKind.Because("%w", err)
	}
	return upright(inSRGB(reduce(picture, h.orientation, h.format == "webp"), h.profile), h.orientation), nil
}

// freeMemory gives the memory of a large picture back to the system now: the collector alone would let garbage of
// several pictures pile up.
func freeMemory(h pictureHeader) {
	const large = 32 << 20
	if h.decoded > large {
		debug.FreeOSMemory()
	}
}

func fits(width, height int) error {
	if min(width, height) < minCoverHeight || width < minCoverWidth && height < minCoverWidth ||
		width > maxCoverPixels/height {
		return ErrCoverPixels.Because("%d × %d", width, height)
	}
	return nil
}

// draw draws the largest size from the picture and the smaller ones from that.
func (cv *Covers) draw(ctx context.Context, ownerID int64, picture image.Image) (string, error) {
	stem := newID()
	from, part := picture, middle(picture.Bounds())
	for i := len(CoverWidths) - 1; i >= 0; i-- {
		width := CoverWidths[i]
		drawn := image.NewRGBA(image.Rect(0, 0, width, width*9/16))
		draw.CatmullRom.Scale(drawn, drawn.Bounds(), from, part, draw.Src, nil)
		encoded, err := webp(ctx, drawn)
		if err != nil {
			return "", err
		}
		if err := cv.storage.put(ctx, coverName(stem, width), bytes.NewReader(encoded),
			int64(len(encoded))); err != nil {
			return "", fmt.Errorf("keep cover %s: %w", stem, err)
		}
		from, part = drawn, drawn.Bounds()
	}
	if err := cv.q.InsertCover(ctx, cv.pool, dbsqlc.InsertCoverParams{
		Stem:      stem,
		OwnerID:   ownerID,
		CreatedAt: cv.now(),
	}); err != nil {
		return "", fmt.Errorf("keep cover %s: %w", stem, err)
	}
	return stem, nil
}

func coverName(stem string, width int) string {
	return coversFolder + "/" + stem + "-" + strconv.Itoa(width) + ".webp"
}

// middle is the largest part of 16:9 in the middle of a picture.
func middle(r image.Rectangle) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	if w*9 > h*16 {
		w = h * 16 / 9
	} else {
		h = w * 9 / 16
	}
	at := r.Min.Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2))
	return image.Rectangle{at, at.Add(image.Pt(w, h))}
}

// webp has ffmpeg encode the pixels. It sees numbers that we wrote and nothing of what was uploaded.
func webp(ctx context.Context, p *image.RGBA) ([]byte, error) {
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrCoverTool.Because("%w", err)
	}
	ctx, stop := context.WithTimeout(ctx, encodeTime)
	defer stop()
	size := p.Bounds().Size()
	c := exec.CommandContext(ctx, tool, slices.Concat(beginning("error"), reading("pipe", "rawvideo", "rawvideo"),
		[]string{"-f", "rawvideo", "-pix_fmt", "rgb0", "-s", fmt.Sprintf("%dx%d", size.X, size.Y), "-i", "pipe:0"},
		[]string{"-frames:v", "1", "-c:v", "libwebp", "-pix_fmt", "yuv420p", "-quality", strconv.Itoa(coverQuality)},
		[]string{"-f", "image2pipe", "pipe:1"})...)
	var out, said bytes.Buffer
	c.Stdin = bytes.NewReader(p.Pix)
	c.Stdout = &out
	c.Stderr = &said
	if err := c.Run(); err != nil {
		return nil, ErrCoverTool.Because("ffmpeg: %w: %.300s", err, said.String())
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("RIFF")) {
		return nil, ErrCoverTool.Because("ffmpeg wrote %d bytes that are no WebP", out.Len())
	}
	return out.Bytes(), nil
}

// Open opens "<stem>-<width>.webp", which anybody may see, or says ErrNoCover. The caller closes it.
func (cv *Covers) Open(ctx context.Context, file string) (*File, error) {
	if !coverFile.MatchString(file) {
		return nil, ErrNoCover.Because("%.100q", file)
	}
	f, err := cv.storage.open(ctx, coversFolder+"/"+file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoCover.Because("%w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open cover %s: %w", file, err)
	}
	return f, nil
}
