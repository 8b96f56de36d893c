// Package playtest opens media and a player for tests of pages that package videos and play them.
package playtest

import (
	"bytes"
	"log/slog"
	"testing"

	"videomall/db/dbtest"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/web/webtest"
)

// Open returns media that keeps its files in dir, and a player of it with a Redis of the test's own. processing is nil
// for a test that packages its videos itself.
func Open(t *testing.T, m *webtest.Mall, dir string, processing *media.Processing,
	opt playback.Options,
) (media.Media, *playback.Playback) {
	t.Helper()
	storage, err := media.OpenStorage("", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { storage.Close() })
	videos, err := media.New(media.Deps{
		Pool:       m.Pool,
		Storage:    storage,
		Key:        bytes.Repeat([]byte{4}, 32),
		Now:        m.Now,
		Processing: processing,
	})
	if err != nil {
		t.Fatal(err)
	}
	player, err := playback.New(playback.Deps{
		Pool:         m.Pool,
		Redis:        dbtest.Redis(t),
		Entitlements: m.Entitlements,
		Media:        videos,
		Secrets: playback.Secrets{
			Token:   bytes.Repeat([]byte{1}, 32),
			Segment: bytes.Repeat([]byte{2}, 32),
			Device:  bytes.Repeat([]byte{3}, 32),
		},
		Options: opt,
		Log:     slog.New(slog.DiscardHandler),
		Now:     m.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return videos, player
}
