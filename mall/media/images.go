package media

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/media/ffmpeg"
	"videomall/mall/media/internal/dbsqlc"
)

// Pictures of a video that are made: a thumbnail every few seconds in sheets, posters to choose a cover from, and the
// fingerprint.
const (
	thumbWidth, thumbHeight = 160, 90
	sheetSide               = 10  // thumbnails a row and a column of a sheet
	mostThumbs              = 300 // a video; longer ones have them further apart
	posterChoices           = 5
	posterLines             = 1080 // the largest rendition that posters are taken from
	printMoments            = 16   // pictures that a fingerprint is made of
)

// pictures makes what the images stage leaves: thumbs.vtt and its sheets in the video's folder, posters in storage.
func (pr *processor) pictures(ctx context.Context, t *task) error {
	transcoded, err := openClear(filepath.Join(t.dir, StageTranscode))
	if err != nil {
		return err
	}
	defer transcoded.Close()
	small, large := transcoded.master.Smallest(), transcoded.master.Renditions[0]
	for _, r := range transcoded.master.Renditions {
		if r.Lines() > large.Lines() && r.Lines() <= posterLines {
			large = r
		}
	}
	list, err := transcoded.playlist(small.Name)
	if err != nil {
		return err
	}
	if err := transcoded.join(filepath.Join(t.own, "film.mp4"), small.Name, list.Init, files(list.Segments)); err != nil {
		return err
	}
	out := filepath.Join(t.own, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		return err
	}
	if err := pr.runner.Own(out); err != nil {
		return err
	}
	if err := pr.thumbs(ctx, t, out, list.Duration()); err != nil {
		return err
	}
	t.tell(50, 0)
	print, err := pr.fingerprint(ctx, t, list.Duration())
	if err != nil {
		return err
	}
	t.tell(70, 0)
	posters, err := pr.posters(ctx, t, transcoded, large.Name)
	if err != nil {
		return err
	}
	err = pr.q.PicturedVideo(ctx, pr.pool, dbsqlc.PicturedVideoParams{
		ID:          t.VideoID,
		Fingerprint: print,
		Posters:     int32(posters),
		At:          pr.now(),
	})
	if err != nil {
		return fmt.Errorf("note the pictures of video %d: %w", t.VideoID, err)
	}
	return replaceFolder(out, filepath.Join(t.dir, StageImages))
}

// join puts some segments of a rendition behind its init file, which makes them a video of its own, in the place of
// whatever lies there. It is written into a folder of the tools': a link that one of them left must not be followed.
func (c *clearVideo) join(to, rendition, init string, segments []string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	whole, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer whole.Close()
	for _, name := range append([]string{init}, segments...) {
		part, err := c.Open(rendition + "/" + name)
		if err != nil {
			return err
		}
		_, err = io.Copy(whole, part)
		part.Close()
		if err != nil {
			return err
		}
	}
	return whole.Close()
}

// draw runs ffmpeg over a joined video in the stage's folder.
func (pr *processor) draw(ctx context.Context, t *task, transcoded string, before, after []string) ([]byte, error) {
	return pr.runner.Run(ctx, ffmpeg.Job{
		Tool: ffmpeg.FFmpeg,
		Dir:  t.own,
		Args: slices.Concat(beginning("error"), before, reading("file", "mov", "h264", "aac"),
			[]string{"-i", transcoded, "-map", "0:v:0"}, after),
		Bounds: ffmpeg.Bounds{Wall: cmp.Or(pr.limits.Wall, 30*time.Minute), File: maxFile},
	})
}

func (pr *processor) thumbs(ctx context.Context, t *task, out string, length float64) error {
	every := max(2, int(math.Ceil(length/mostThumbs)))
	_, err := pr.draw(ctx, t, "film.mp4", []string{"-skip_frame", "nokey"}, []string{
		"-vf", fmt.Sprintf(
			"fps=1/%d:round=up,scale=%d:%d:force_original_aspect_ratio=decrease,pad=%d:%d:(ow-iw)/2:(oh-ih)/2,setsar=1,tile=%dx%d",
			every, thumbWidth, thumbHeight, thumbWidth, thumbHeight, sheetSide, sheetSide), "-q:v", "5",
		"out/thumbs_%02d.jpg",
	})
	if err != nil {
		return err
	}
	if err := pr.runner.Reclaim(out); err != nil {
		return err
	}
	exists := func(sheet string) bool { _, err := os.Stat(filepath.Join(out, sheet)); return err == nil }
	return os.WriteFile(filepath.Join(out, ThumbsFile), []byte(thumbsVTT(length, every, exists)), 0o600)
}

// thumbsVTT says which part of which sheet shows which seconds. A sheet that was not made has no cues.
func thumbsVTT(length float64, every int, exists func(sheet string) bool) string {
	var b strings.Builder
	b.WriteString("WEBVTT\n")
	for n := 0; float64(n*every) < length; n++ {
		sheet, at := fmt.Sprintf("thumbs_%02d.jpg", n/(sheetSide*sheetSide)+1), n%(sheetSide*sheetSide)
		if !exists(sheet) {
			break
		}
		fmt.Fprintf(&b, "\n%s --> %s\n%s#xywh=%d,%d,%d,%d\n", cueTime(n*every*1000),
			cueTime(min((n+1)*every*1000, int(length*1000))), sheet,
			at%sheetSide*thumbWidth, at/sheetSide*thumbHeight, thumbWidth, thumbHeight)
	}
	return b.String()
}

// cueTime writes milliseconds as WebVTT does: 01:02:03.004.
func cueTime(ms int) string {
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}

// fingerprint is made of how bright the pictures are from place to place at moments spread over the video, so that
// neither the file's form nor its sound nor a name in it changes it. Two videos are the same when it is equal.
func (pr *processor) fingerprint(ctx context.Context, t *task, length float64) (string, error) {
	raw, err := pr.draw(ctx, t, "film.mp4", []string{"-skip_frame", "nokey"}, []string{
		"-vf",
		"fps=" + strconv.FormatFloat(printMoments/max(length, 1), 'f', 6,
			64) + ":round=up,scale=9:8:flags=area,format=gray",
		"-frames:v", strconv.Itoa(printMoments), "-f", "rawvideo", "pipe:1",
	})
	if err != nil {
		return "", err
	}
	return printOf(raw, length), nil
}

// printOf hashes, for each picture of 9 × 8 grey dots, whether each dot is clearly brighter than the one to its right.
func printOf(raw []byte, length float64) string {
	const wide, high, clearly = 9, 8, 3
	h := sha256.New()
	fmt.Fprintf(h, "%d s\n", int(math.Round(length)))
	for ; len(raw) >= wide*high; raw = raw[wide*high:] {
		var bits [high]byte
		for y := range high {
			for x := range wide - 1 {
				if int(raw[y*wide+x]) > int(raw[y*wide+x+1])+clearly {
					bits[y] |= 1 << x
				}
			}
		}
		h.Write(bits[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// posters takes a picture from the begin of a segment at five places of the video and returns how many there are.
func (pr *processor) posters(ctx context.Context, t *task, transcoded *clearVideo, rendition string) (int, error) {
	list, err := transcoded.playlist(rendition)
	if err != nil {
		return 0, err
	}
	folder, count, last := postersFolder+"/"+t.video.Folder, 0, -1
	for i := range posterChoices {
		n := len(list.Segments) * (2*i + 1) / (2 * posterChoices)
		if n == last {
			continue
		}
		last = n
		if err := transcoded.join(filepath.Join(t.own, "moment.mp4"), rendition, list.Init,
			[]string{list.Segments[n].File}); err != nil {
			return 0, err
		}
		picture, err := pr.draw(ctx, t, "moment.mp4", nil,
			[]string{"-vf", "scale='min(1280,iw)':-2", "-frames:v", "1", "-q:v", "3", "-f", "mjpeg", "pipe:1"})
		if err != nil {
			return 0, err
		}
		if len(picture) == 0 {
			continue
		}
		if err := pr.storage.keep(ctx, folder, posterName(count), picture); err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

func posterName(n int) string { return strconv.Itoa(n) + ".jpg" }
