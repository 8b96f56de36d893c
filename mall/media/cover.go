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
	"strconv"
	"time"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

// What can be wrong with a picture that is to be a cover.
var (
	ErrCoverSize   = fault.New(fault.Invalid, "cover_size", "The picture is larger than 15 MB.")
	ErrCoverKind   = fault.New(fault.Invalid, "cover_kind", "This is not a picture that the mall can read. It reads JPEG, PNG and WebP.")
	ErrCoverPixels = fault.New(fault.Invalid, "cover_pixels", "The picture has too few or too many pixels: at least 320 × 180, at most 40 million.")
	ErrCoversMany  = fault.New(fault.TooMany, "covers_many", "Too many pictures in one day. Try again tomorrow.")
	ErrCoverTool   = fault.New(fault.Unavailable, "cover_tool", "Pictures can't be taken at the moment. Try again later.")
	ErrNoCover     = fault.New(fault.NotFound, "unknown_cover", "There is no such picture.")
)

// Limits of what is decoded. Pixels take four bytes each while they are drawn, so one picture is drawn at a time.
const (
	maxCover       = 15 << 20
	maxCoverPixels = 40_000_000
	minCoverWidth  = 320
	minCoverHeight = 180
	coversADay     = 300
	encodeTime     = 30 * time.Second
	coverQuality   = 82
)

// CoverWidths are the sizes that each cover has, in pixels, all of them 16:9.
var CoverWidths = [...]int{320, 480, 960}

var coverFile = regexp.MustCompile(`^[a-z0-9]{26}-(320|480|960)\.webp$`)

// SaveCover draws a picture that a creator uploaded anew, cut to 16:9, and returns the name that a listing keeps:
// /media/covers/<stem>-<width>.webp. Nothing of the uploaded bytes is kept. ErrCoverSize, ErrCoverKind, ErrCoverPixels, ErrCoversMany,
// ErrCoverTool.
func (m *Media) SaveCover(ctx context.Context, ownerID int64, r io.Reader) (stem string, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxCover+1))
	if err != nil {
		return "", fmt.Errorf("read a cover: %w", err)
	}
	if len(raw) > maxCover {
		return "", ErrCoverSize
	}
	// The numbers first: a few bytes may claim a picture that fills the memory.
	config, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return "", ErrCoverKind.Because("%w", err)
	}
	if err := fits(config.Width, config.Height); err != nil {
		return "", err
	}
	if err := m.mayDraw(ctx, ownerID); err != nil {
		return "", err
	}
	leave, err := m.drawAlone(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	picture, format, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return "", ErrCoverKind.Because("%w", err)
	}
	if format == "jpeg" {
		picture = upright(picture, orientation(raw))
	}
	return m.saveCover(ctx, ownerID, picture)
}

func fits(width, height int) error {
	if min(width, height) < minCoverHeight || width < minCoverWidth && height < minCoverWidth || width > maxCoverPixels/height {
		return ErrCoverPixels.Because("%d × %d", width, height)
	}
	return nil
}

// mayDraw keeps one creator from filling the storage with pictures.
func (m *Media) mayDraw(ctx context.Context, ownerID int64) error {
	n, err := m.q.CoversSince(ctx, m.pool, dbsqlc.CoversSinceParams{OwnerID: ownerID, Since: m.now().Add(-24 * time.Hour)})
	if err != nil {
		return fmt.Errorf("covers of %d: %w", ownerID, err)
	}
	if n >= coversADay {
		return ErrCoversMany.Because("%d of %d", n, ownerID)
	}
	return nil
}

// drawAlone waits for the one place where covers are drawn.
func (m *Media) drawAlone(ctx context.Context) (leave func(), err error) {
	select {
	case m.drawing <- struct{}{}:
		return func() { <-m.drawing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// saveCover draws the largest size from the picture and the smaller ones from that.
func (m *Media) saveCover(ctx context.Context, ownerID int64, picture image.Image) (string, error) {
	stem := newID()
	from, part := picture, middle(picture.Bounds())
	for i := len(CoverWidths) - 1; i >= 0; i-- {
		width := CoverWidths[i]
		drawn := image.NewRGBA(image.Rect(0, 0, width, width*9/16))
		draw.Draw(drawn, drawn.Bounds(), image.White, image.Point{}, draw.Src) // below what is transparent
		draw.CatmullRom.Scale(drawn, drawn.Bounds(), from, part, draw.Over, nil)
		encoded, err := webp(ctx, drawn)
		if err != nil {
			return "", err
		}
		if err := m.storage.put(ctx, coverName(stem, width), bytes.NewReader(encoded), int64(len(encoded))); err != nil {
			return "", fmt.Errorf("keep cover %s: %w", stem, err)
		}
		from, part = drawn, drawn.Bounds()
	}
	if err := m.q.InsertCover(ctx, m.pool, dbsqlc.InsertCoverParams{Stem: stem, OwnerID: ownerID, CreatedAt: m.now()}); err != nil {
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
	c := exec.CommandContext(ctx, tool, "-v", "error", "-nostdin", "-protocol_whitelist", "pipe", "-f", "rawvideo", "-pix_fmt", "rgb0",
		"-s", fmt.Sprintf("%dx%d", size.X, size.Y), "-i", "pipe:0", "-frames:v", "1", "-c:v", "libwebp", "-pix_fmt", "yuv420p",
		"-quality", strconv.Itoa(coverQuality), "-f", "image2pipe", "pipe:1")
	var out, said bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(p.Pix), &out, &said
	if err := c.Run(); err != nil {
		return nil, ErrCoverTool.Because("ffmpeg: %w: %.300s", err, said.String())
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("RIFF")) {
		return nil, ErrCoverTool.Because("ffmpeg wrote %d bytes that are no WebP", out.Len())
	}
	return out.Bytes(), nil
}

// OpenCover opens "<stem>-<width>.webp", which anybody may see, or says ErrNoCover. The caller closes it.
func (m *Media) OpenCover(ctx context.Context, file string) (*File, error) {
	if !coverFile.MatchString(file) {
		return nil, ErrNoCover.Because("%.100q", file)
	}
	f, err := m.storage.open(ctx, coversFolder+"/"+file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoCover.Because("%w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open cover %s: %w", file, err)
	}
	return f, nil
}
