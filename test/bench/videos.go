package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"videomall/mall/media"
)

// The video that is made: what it shows moves everywhere and has some noise, as a camera's picture does.
const (
	videoSeconds = 30
	videoSize    = "1280x720"
	videoRounds  = 3
)

// videos measures how many seconds of a video are made in a second: by the mall, from an upload that has ended to a video
// that can be sold, with its stages, its locked-in tools, pictures, thumbnails, encryption and storage; by its
// transcode stage alone; and by bare ffmpeg, which makes the same sizes with the same coder in one call. They take
// turns, and the middle of three counts.
func (b *bench) videos(ctx context.Context) ([]row, error) {
	dir, err := os.MkdirTemp("", "videomall-bench-film")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source := filepath.Join(dir, "source.mp4")
	if err := tool(ctx, "-f", "lavfi", "-i",
		fmt.Sprintf("testsrc2=s=%s:r=25:d=%d,noise=alls=8:allf=t", videoSize, videoSeconds),
		"-f", "lavfi", "-i", fmt.Sprintf("sine=d=%d", videoSeconds), "-c:v", "libx264", "-preset", "ultrafast", "-crf",
		"20", "-pix_fmt", "yuv420p", "-c:a", "aac", source); err != nil {
		return nil, err
	}
	var whole, transcoding, bare []time.Duration
	for n := range videoRounds {
		began := time.Now()
		if err := ladderByHand(ctx, source, filepath.Join(dir, fmt.Sprint("bare-", n))); err != nil {
			return nil, err
		}
		bare = append(bare, time.Since(began))
		all, transcode, err := b.video(ctx, source, n)
		if err != nil {
			return nil, err
		}
		whole, transcoding = append(whole, all), append(transcoding, transcode)
	}
	limit := pace(bare)
	return []row{
		against("transcode_vs_ffmpeg", "video s/s", pace(transcoding), limit),
		against("film_vs_ffmpeg", "video s/s", pace(whole), limit),
	}, nil
}

func pace(took []time.Duration) figure {
	slices.Sort(took)
	middle := took[len(took)/2]
	return figure{
		perSecond: videoSeconds / middle.Seconds(),
		p50:       middle,
		p99:       took[len(took)-1],
	}
}

// video uploads the source as the demo's creator and works its stages, one after the other as their jobs would.
func (b *bench) video(ctx context.Context, source string, n int) (all, transcode time.Duration, err error) {
	m, owner := b.program.Mall.Media, b.creator().ID
	file, err := os.Open(source)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	up, err := m.Uploads.Begin(ctx, owner, media.NewUpload{
		Name: fmt.Sprintf("film-%d.mp4", n),
		Type: "video/mp4",
		Size: info.Size(),
	})
	if err != nil {
		return 0, 0, fmt.Errorf("begin the upload: %w", err)
	}
	if up, err = m.Uploads.Write(ctx, owner, up.ID, 0, file, info.Size()); err != nil {
		return 0, 0, fmt.Errorf("write the upload: %w", err)
	}
	if !up.Complete() {
		return 0, 0, errors.New("the upload has not ended")
	}
	began := time.Now()
	for _, name := range []string{media.StageProbe, media.StageTranscode, media.StageImages, media.StagePackage} {
		stage := time.Now()
		if err := m.Pipeline.Run(ctx, media.StageArgs{VideoID: *up.VideoID, Stage: name}); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", name, err)
		}
		if name == media.StageTranscode {
			transcode = time.Since(stage)
		}
	}
	all = time.Since(began)
	v, err := m.Videos.Get(ctx, owner, *up.VideoID)
	if err == nil && v.State != media.VideoReady {
		err = fmt.Errorf("the video is %s", v.State)
	}
	return all, transcode, err
}

// ladderByHand makes the sizes that the mall makes, with its coder settings, as somebody with a shell would.
func ladderByHand(ctx context.Context, source, out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	ladder := media.Ladder(1280, 720)
	graph := fmt.Sprintf("[0:v]split=%d", len(ladder))
	var scaled string
	args, streams := []string{"-i", source}, []string{}
	for i, g := range ladder {
		graph += fmt.Sprintf("[i%d]", i)
		scaled += fmt.Sprintf(";[i%d]scale=%d:%d[o%d]", i, g.Width, g.Height, i)
		streams = append(streams, fmt.Sprintf("v:%d,a:%d", i, i))
	}
	args = append(args, "-filter_complex", graph+scaled)
	for i, g := range ladder {
		args = append(args, "-map", fmt.Sprintf("[o%d]", i), "-map", "0:a", fmt.Sprintf("-maxrate:v:%d", i),
			fmt.Sprint(g.Rate),
			fmt.Sprintf("-bufsize:v:%d", i), fmt.Sprint(2*g.Rate), fmt.Sprintf("-b:a:%d", i), fmt.Sprint(g.Audio))
	}
	return tool(ctx,
		append(args, "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "23", "-sc_threshold", "0",
			"-g", "50", "-keyint_min", "50", "-flags:v", "+cgop", "-c:a", "aac", "-ac", "2", "-ar", "48000", "-f",
			"hls",
			"-hls_time", "4",
			"-hls_playlist_type", "vod", "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4",
			"-hls_segment_filename", out+"/%v-%d.m4s",
			"-var_stream_map", strings.Join(streams, " "), out+"/%v.m3u8")...)
}

func tool(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ffmpeg", append([]string{"-v", "error", "-y", "-nostdin"}, args...)...).
		CombinedOutput()
	if err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, out)
	}
	return nil
}
