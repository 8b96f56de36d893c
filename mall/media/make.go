package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"videomall/mall/fault"
	"videomall/mall/media/internal/dbsqlc"
)

func (pr *processor) probe(ctx context.Context, t *task) error {
	s, err := pr.look(ctx, t)
	if err != nil {
		return err
	}
	err = pr.q.ProbedVideo(ctx, pr.pool, dbsqlc.ProbedVideoParams{
		ID:              t.VideoID,
		DurationSeconds: int32(s.Duration.Round(time.Second) / time.Second),
		Width:           int32(s.Width),
		Height:          int32(s.Height),
		At:              pr.now(),
	})
	if err != nil {
		return fmt.Errorf("note the probe of video %d: %w", t.VideoID, err)
	}
	return nil
}

// look copies the original into the stage's folder and probes it.
func (pr *processor) look(ctx context.Context, t *task) (Source, error) {
	path, err := pr.fetchOriginal(ctx, t.video.Original, t.own)
	if err != nil {
		return Source{}, err
	}
	return Probe(ctx, pr.runner, pr.limits, path, t.own)
}

// transcode makes the clear video in the video's folder. The video is there whole or not at all.
func (pr *processor) transcode(ctx context.Context, t *task) error {
	// again: how a video is made depends on this program, not on what an older version noted
	s, err := pr.look(ctx, t)
	if err != nil {
		return err
	}
	out := filepath.Join(t.own, "film")
	if err := os.Mkdir(out, 0o700); err != nil {
		return err
	}
	if err := pr.runner.Own(out); err != nil {
		return err
	}
	if err := pr.evenOut(ctx, t, out, &s); err != nil {
		return err
	}
	err = Transcode(ctx, pr.runner, pr.limits, originalIn(t.own), out, s, Ladder(s.Width, s.Height), t.tell)
	if err != nil {
		return err
	}
	length, err := pr.inspect(out, s.conversion.Offered)
	if err != nil {
		return err
	}
	if length > pr.limits.Duration {
		return ErrTooLong.Because("%s, and %s were measured", length, s.Duration)
	}
	if err := pr.noteConversion(ctx, t.VideoID, s.conversion); err != nil {
		return err
	}
	return replaceFolder(out, filepath.Join(t.dir, StageTranscode))
}

// evenOut finds the gain of each sound. An additional sound that can't be read is left out, and the video is made all
// the same.
func (pr *processor) evenOut(ctx context.Context, t *task, out string, s *Source) error {
	tracks := s.sounds
	s.sounds = nil
	for i, track := range tracks {
		l, err := evenOut(ctx, pr.runner, pr.limits.withDefaults(), originalIn(t.own), out, *s, track)
		switch {
		case i > 0 && fault.From(err).Kind == fault.Invalid:
			s.conversion.LeftOut[LeftOutSound]++
			continue
		case err != nil:
			return err
		case i == 0:
			s.conversion.Loudness = &l
		}
		track.gain = l.Gain
		s.sounds = append(s.sounds, track)
	}
	s.conversion.Offered = offered(s.sounds)
	return nil
}

func (pr *processor) noteConversion(ctx context.Context, videoID int64, c Conversion) error {
	b, err := json.Marshal(c)
	if err == nil {
		err = pr.q.NoteConversion(ctx, pr.pool, dbsqlc.NoteConversionParams{ID: videoID, Conversion: b})
	}
	if err != nil {
		return fmt.Errorf("note how video %d was made: %w", videoID, err)
	}
	return nil
}

// inspect takes a clear video back from the tools, reads its playlists, names its sounds and returns its length. The
// tools may succeed on a file that shows nothing: what they then leave is no video, and the file counts as broken.
func (pr *processor) inspect(dir string, sounds []Sound) (time.Duration, error) {
	if err := pr.runner.Reclaim(dir); err != nil {
		return 0, ErrBroken.Because("%w", err)
	}
	c, err := openClear(dir)
	if err != nil {
		return 0, ErrBroken.Because("%w", err)
	}
	defer c.Close()
	list, err := c.playlist(c.master.Renditions[0].Name)
	if err != nil {
		return 0, ErrBroken.Because("%w", err)
	}
	if err := c.name(sounds); err != nil {
		return 0, err
	}
	return time.Duration(list.Duration() * float64(time.Second)), nil
}

// clearVideo is a video that was made and not yet encrypted. It is read through a root: a link in it leads nowhere else.
type clearVideo struct {
	*os.Root
	master Master
}

func openClear(dir string) (*clearVideo, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errElsewhere
	}
	if err != nil {
		return nil, err
	}
	c := &clearVideo{Root: root}
	text, err := root.ReadFile(masterFile)
	if err == nil {
		c.master, err = ParseMaster(text)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return c, nil
}

// name writes what a viewer chooses the sounds by into the master playlist, where the tools have put numbers.
func (c *clearVideo) name(sounds []Sound) error {
	if len(sounds) != len(c.master.Sounds) {
		return ErrBroken.Because("%d sounds instead of %d", len(c.master.Sounds), len(sounds))
	}
	if len(sounds) == 0 {
		return nil
	}
	c.master.Sounds = sounds
	if err := c.Remove(masterFile); err != nil {
		return err
	}
	f, err := c.OpenFile(masterFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(c.master.Bytes(func(Rendition) bool { return true })); err != nil {
		return err
	}
	return f.Close()
}

func (c *clearVideo) playlist(rendition string) (Playlist, error) {
	text, err := c.ReadFile(rendition + "/index.m3u8")
	if err != nil {
		return Playlist{}, err
	}
	return ParsePlaylist(text)
}

// finish packages the video. The video becomes ready when the stage ends.
func (pr *processor) finish(ctx context.Context, t *task) error {
	transcoded, err := openClear(filepath.Join(t.dir, StageTranscode))
	if err != nil {
		return err
	}
	defer transcoded.Close()
	extras, err := os.OpenRoot(filepath.Join(t.dir, StageImages))
	if err != nil {
		return errElsewhere
	}
	defer extras.Close()
	asset, err := pr.assets.Pack(ctx, layers{transcoded.FS(), extras.FS()}, t.video.Folder, pr.keyEvery)
	if err != nil {
		return err
	}
	if err := pr.chosenTrailer(ctx, t, asset); err != nil {
		return err
	}
	t.asset = &asset
	return nil
}

// chosenTrailer cuts the trailer that the creator chose, perhaps while the video was made. A trailer that was chosen
// before the video's length was known may lie beyond its end. The usual trailer then takes its place, so that the video
// does not fail for it.
func (pr *processor) chosenTrailer(ctx context.Context, t *task, asset Asset) error {
	v, err := pr.q.VideoByID(ctx, pr.pool, t.VideoID)
	if err != nil {
		return fmt.Errorf("read video %d: %w", t.VideoID, err)
	}
	if v.TrailerFrom == 0 && v.TrailerTo == defaultTrailer {
		return nil
	}
	err = pr.assets.cutTrailer(ctx, asset, int(v.TrailerFrom), int(v.TrailerTo))
	if !errors.Is(err, ErrBadTrailer) {
		return err
	}
	pr.log.InfoContext(ctx, "trailer beyond the video's end left out", "video", t.VideoID, "from", v.TrailerFrom,
		"to", v.TrailerTo)
	p := dbsqlc.ResetTrailerParams{
		ID:        t.VideoID,
		TrailerTo: defaultTrailer,
		WasFrom:   v.TrailerFrom,
		WasTo:     v.TrailerTo,
		At:        pr.now(),
	}
	if err := pr.q.ResetTrailer(ctx, pr.pool, p); err != nil {
		return fmt.Errorf("trailer of video %d: %w", t.VideoID, err)
	}
	return pr.assets.cutTrailer(ctx, asset, 0, defaultTrailer) // what lies there may be of a choice before
}

// layers are folders, one over the other: a file is that of the first folder that has it, and so is a list.
type layers []fs.FS

func (l layers) Open(name string) (f fs.File, err error) {
	for _, layer := range l {
		if f, err = layer.Open(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, err
}

func replaceFolder(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.Rename(from, to)
}
