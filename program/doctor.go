package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"videomall/config"
	"videomall/db"
	"videomall/mall/media"
	"videomall/mall/media/ffmpeg"
)

// Diagnose writes what this machine has and what is missing, a line each, and returns an error when the mall can't run.
func Diagnose(ctx context.Context, cfg *config.Config, w io.Writer) (err error) {
	line := func(name string, problem error, fine string) {
		if problem != nil {
			fmt.Fprintf(w, "  ✗ %-11s %v\n", name, problem)
			return
		}
		fmt.Fprintf(w, "  ✓ %-11s %s\n", name, fine)
	}
	began := time.Now()
	p, err := Open(ctx, cfg, "doctor")
	if err != nil {
		line("start", err, "")
		return fmt.Errorf("the mall can't start here")
	}
	defer func() { _ = p.Close() }()
	line("start", nil, fmt.Sprintf("servers found or started in %s", time.Since(began).Round(time.Millisecond)))
	var server string
	err = p.Pools.Primary.QueryRow(ctx, "show server_version").Scan(&server)
	line("postgres", err, server)
	line("schema", db.CheckMigrated(ctx, p.Pools.Primary), "up to date")
	line("redis", p.redis.Ping(ctx).Err(), "answers")
	line("storage", p.storage.Check(ctx), "answers")
	line("ffmpeg", canMakeVideos(p.Mall.Media.Pipeline), "found; videos are made of uploads")
	return err
}

// canMakeVideos says what to do when videos can't be made of uploads. The mall runs without that.
func canMakeVideos(p *media.Pipeline) error {
	err := p.Ready()
	if errors.Is(err, ffmpeg.ErrMissing) {
		return errors.New(
			"not found: uploaded videos wait until it is there; apt install ffmpeg, or brew install ffmpeg")
	}
	return err
}
