package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

func TestAssets_Pack_decrypts_to_its_source(t *testing.T) {
	t.Parallel()
	f := open(t)
	src := withExtras(video(300)) // beyond 256, so that the IV has two bytes
	a, err := f.Assets.Pack(t.Context(), src, "first-film", 2)
	if err != nil {
		t.Fatal(err)
	}
	if a.DurationSeconds != 1200 || len(a.Renditions) != 2 || a.Renditions[1].Lines() != 720 || len(a.Captions) != 2 ||
		!a.HasThumbnails {
		t.Fatalf("asset %+v", a)
	}
	for _, r := range a.Renditions {
		list, err := f.Assets.Playlist(t.Context(), "first-film", r.Name)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.read(t, "first-film", r.Name, list.Init); !bytes.Equal(got, src[r.Name+"/"+list.Init].Data) {
			t.Fatalf("%s: the init file must stay clear", r.Name)
		}
		for i, s := range list.Segments {
			if s.Key != i/2 {
				t.Fatalf("segment %d has key %d", i, s.Key)
			}
			key, err := f.Assets.Key(t.Context(), "first-film", s.Key)
			if err != nil {
				t.Fatal(err)
			}
			want := src[r.Name+"/"+s.File].Data
			sealed := f.read(t, "first-film", r.Name, s.File)
			if bytes.Contains(sealed, want[:32]) || !bytes.Equal(decrypt(t, key, sealed, i), want) {
				t.Fatalf("%s/%s: clear text in the file, or another one inside", r.Name, s.File)
			}
		}
	}
	keys := map[string]bool{}
	for n := range 150 {
		k, err := f.Assets.Key(t.Context(), "first-film", n)
		if err != nil || len(k) != 16 || keys[string(k)] {
			t.Fatalf("key %d: %d bytes, repeated %v, %v", n, len(k), keys[string(k)], err)
		}
		keys[string(k)] = true
	}
	for _, name := range []string{"zh-CN.vtt", "en.vtt", "thumbs.vtt", "sheet.jpg"} {
		f.read(t, "first-film", "extras", name)
	}
	again, err := f.Assets.ByID(t.Context(), a.ID)
	if err != nil || again.Prefix != "first-film" || again.Captions[1].Language != "zh-CN" ||
		again.Renditions[0].Width != 640 {
		t.Fatalf("read back %+v, %v", again, err)
	}
}

func TestAssets_Pack_trailer(t *testing.T) {
	t.Parallel()
	f := open(t)
	src := video(9)
	if _, err := f.Assets.Pack(t.Context(), src, "film", 2); err != nil {
		t.Fatal(err)
	}
	h, err := f.Storage.OpenTrailer(t.Context(), "film", "index.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	text, _ := io.ReadAll(h)
	list, err := media.ParsePlaylist(text)
	if err != nil || len(list.Segments) != 3 || list.Segments[0].Key != -1 {
		t.Fatalf("%s\n%v", text, err)
	}
	for _, s := range list.Segments {
		got, err := os.ReadFile(filepath.Join(f.dir, "trailers", "film", s.File))
		if err != nil || !bytes.Equal(got, src["360p/"+s.File].Data) {
			t.Fatalf("%s: %v", s.File, err)
		}
	}
	if _, err := f.Storage.OpenTrailer(t.Context(), "film", "s00003.m4s"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a fourth segment: %v", err)
	}
}

func TestAssets_Pack_several_sounds(t *testing.T) {
	t.Parallel()
	f := open(t)
	src := withSounds(8)
	a, err := f.Assets.Pack(t.Context(), src, "film", 2)
	if err != nil || len(a.Sounds) != 2 || len(a.Renditions) != 2 {
		t.Fatalf("%+v, %v", a, err)
	}
	again, err := f.Assets.ByPrefix(t.Context(), "film")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.Sounds, again.Sounds); diff != "" {
		t.Fatalf("sounds (-returned +stored):\n%s", diff)
	}
	for _, s := range a.Sounds {
		list, err := f.Assets.Playlist(t.Context(), "film", s.Name)
		if err != nil {
			t.Fatal(err)
		}
		for i, segment := range list.Segments {
			key, err := f.Assets.Key(t.Context(), "film", segment.Key)
			if err != nil || segment.Key != min(i/2, 3) { // the rest gets no key that no picture has
				t.Fatalf("%s, segment %d: key %d, %v", s.Name, i, segment.Key, err)
			}
			if !bytes.Equal(decrypt(t, key, f.read(t, "film", s.Name, segment.File), i),
				src[s.Name+"/"+segment.File].Data) {
				t.Fatalf("%s/%s holds something else", s.Name, segment.File)
			}
		}
	}
}

func TestAssets_Pack_sound_of_another_length(t *testing.T) {
	t.Parallel()
	src := withSounds(8)
	src["sound-1/index.m3u8"] = src["sound-2/index.m3u8"]
	short := video(6)["360p/index.m3u8"].Data
	src["sound-2/index.m3u8"] = &fstest.MapFile{Data: bytes.Replace(short, []byte("init_0"), []byte("init"), 1)}
	if _, err := open(t).Assets.Pack(t.Context(), src, "film", 2); !errors.Is(err, media.ErrBadPackage) {
		t.Fatalf("%v", err)
	}
}

func TestAssets_Pack_trailer_with_several_sounds(t *testing.T) {
	t.Parallel()
	f := open(t)
	src := withSounds(9)
	a, err := f.Assets.Pack(t.Context(), src, "film", 2)
	if err != nil {
		t.Fatal(err)
	}
	trailer := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(f.dir, "trailers", "film", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, line := range []string{`,URI="sound.m3u8"`, `,AUDIO="sound"`, "index.m3u8"} {
		if !strings.Contains(trailer(a.TrailerFile()), line+"\n") {
			t.Errorf("no %s in\n%s", line, trailer(a.TrailerFile()))
		}
	}
	// the second is the default
	for list, folder := range map[string]string{"index.m3u8": "360p", "sound.m3u8": "sound-2"} {
		p, err := media.ParsePlaylist([]byte(trailer(list)))
		if err != nil || len(p.Segments) != 3 || p.Segments[0].Key != -1 {
			t.Fatalf("%s\n%v", trailer(list), err)
		}
		for i, s := range p.Segments {
			if trailer(s.File) != string(src[fmt.Sprintf("%s/s%05d.m4s", folder, i)].Data) {
				t.Errorf("%s: %s is another piece", list, s.File)
			}
		}
	}
}

func TestAssets_Pack_again(t *testing.T) {
	t.Parallel()
	f := open(t)
	const packers = 4
	ids := make([]int64, packers)
	var wg sync.WaitGroup
	for i := range packers {
		wg.Go(func() {
			a, err := f.Assets.Pack(context.WithoutCancel(t.Context()), video(5), "film", 2)
			if err != nil {
				t.Error(err)
			}
			ids[i] = a.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == 0 {
			t.Fatalf("several assets of one prefix: %v", ids)
		}
	}
	plays := func() {
		t.Helper()
		key, err := f.Assets.Key(t.Context(), "film", 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := decrypt(t, key, f.read(t, "film", "720p", "s00003.m4s"),
			3); !bytes.Equal(got, video(5)["720p/s00003.m4s"].Data) {
			t.Fatal("the keys are not this video's")
		}
	}
	plays()
	// The disk was replaced, and the database was not.
	if err := os.RemoveAll(filepath.Join(f.dir, "films", "film")); err != nil {
		t.Fatal(err)
	}
	a, err := f.Assets.Pack(t.Context(), video(5), "film", 2)
	if err != nil || a.ID != ids[0] {
		t.Fatalf("asset %d, %v; before it was %d", a.ID, err, ids[0])
	}
	plays()
	// The files are there and the row is not, as after a crash between the rename and the commit.
	if _, err := f.pool.Exec(t.Context(), "delete from media_asset"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Assets.Pack(t.Context(), video(5), "film", 2); err != nil {
		t.Fatal(err)
	}
	plays()
	left, err := os.ReadDir(filepath.Join(f.dir, "staging"))
	if err != nil || len(left) != 0 {
		t.Fatalf("left in staging: %v, %v", left, err)
	}
}

func TestAssets_Key_moved_or_changed(t *testing.T) {
	t.Parallel()
	f := open(t)
	for _, p := range []string{"a", "b"} {
		if _, err := f.Assets.Pack(t.Context(), video(6), p, 2); err != nil {
			t.Fatal(err)
		}
	}
	exec := func(sql string) {
		t.Helper()
		if tag, err := f.pool.Exec(t.Context(), sql); err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%v, %v", tag, err)
		}
	}
	of := func(p string) string { return "(select id from media_asset where prefix = '" + p + "')" }
	exec("update media_key set wrapped = (select wrapped from media_key where asset_id = " + of("b") +
		" and number = 0) where asset_id = " + of("a") + " and number = 0")
	exec("update media_key set wrapped = (select wrapped from media_key where asset_id = " + of("a") +
		" and number = 2) where asset_id = " + of("a") + " and number = 1")
	exec("update media_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) where asset_id = " + of("b") +
		" and number = 1")
	exec("update media_key set wrapped = 'short' where asset_id = " + of("b") + " and number = 2")
	for _, c := range []struct {
		prefix string
		number int
	}{{"a", 0}, {"a", 1}, {"b", 1}, {"b", 2}} {
		if k, err := f.Assets.Key(t.Context(), c.prefix, c.number); err == nil {
			t.Errorf("key %d of %s opened: %x", c.number, c.prefix, k)
		}
	}
	if _, err := f.Assets.Key(t.Context(), "a", 2); err != nil {
		t.Errorf("an untouched key: %v", err)
	}
	other, err := media.New(media.Deps{
		Pool:    f.pool,
		Storage: f.Storage,
		Key:     []byte("another key of thirty-two bytes."),
		Now:     time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Assets.Key(t.Context(), "a", 2); err == nil {
		t.Error("another secret opened a key")
	}
	for _, number := range []int{3, -1} {
		if _, err := f.Assets.Key(t.Context(), "a", number); !errors.Is(err, media.ErrUnknownAsset) {
			t.Errorf("key %d: got %v, want ErrUnknownAsset", number, err)
		}
	}
}

func TestAssets_Pack_refused(t *testing.T) {
	t.Parallel()
	f := open(t)
	cases := map[string]func(fstest.MapFS){
		"no master":              func(m fstest.MapFS) { delete(m, "master.m3u8") },
		"a missing segment":      func(m fstest.MapFS) { delete(m, "720p/s00002.m4s") },
		"a missing init":         func(m fstest.MapFS) { delete(m, "360p/init_0.mp4") },
		"renditions out of step": func(m fstest.MapFS) { m["720p/index.m3u8"] = video(2)["720p/index.m3u8"] },
		"captions no WebVTT":     func(m fstest.MapFS) { m["en.vtt"].Data = []byte("<html>") },
		"a caption's odd name":   func(m fstest.MapFS) { m["x..y.vtt"] = m["en.vtt"] },
		"a thumbnail elsewhere": func(m fstest.MapFS) {
			m["thumbs.vtt"].Data = []byte("WEBVTT\n\n00:00.000 --> 00:02.000\n../master.m3u8#xywh=0,0,1,1\n")
		},
		"a segment elsewhere": func(m fstest.MapFS) {
			m["360p/index.m3u8"].Data = bytes.Replace(m["360p/index.m3u8"].Data, []byte("s00001.m4s"),
				[]byte("../720p/s00001.m4s"), 1)
		},
		"encrypted before": func(m fstest.MapFS) {
			m["360p/index.m3u8"].Data = bytes.Replace(m["360p/index.m3u8"].Data, []byte("#EXTINF"),
				[]byte("#EXT-X-KEY:METHOD=AES-128,URI=\"key:0\"\n#EXTINF"), 1)
		},
	}
	for name, spoil := range cases {
		src := withExtras(video(4))
		spoil(src)
		if _, err := f.Assets.Pack(t.Context(), src, "film", 2); !errors.Is(err, media.ErrBadPackage) {
			t.Errorf("%s: got %v, want ErrBadPackage", name, err)
		}
	}
	for _, prefix := range []string{"", "../x", "A", "a/b", strings.Repeat("a", 101)} {
		if _, err := f.Assets.Pack(t.Context(), video(1), prefix, 2); !errors.Is(err, media.ErrBadPackage) {
			t.Errorf("prefix %q: got %v", prefix, err)
		}
	}
	for _, folder := range []string{"films", "trailers", "staging"} {
		if left, err := os.ReadDir(filepath.Join(f.dir, folder)); err != nil || len(left) != 0 {
			t.Errorf("left in %s: %v, %v", folder, left, err)
		}
	}
}

// ffmpeg shares no code with us, so that it decodes the segments only if they are right.
func TestAssets_Pack_plays_in_ffmpeg(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
	f := open(t)
	clear := t.TempDir()
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if err := os.MkdirAll(filepath.Join(clear, "360p"), 0o700); err != nil {
		t.Fatal(err)
	}
	run("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=10", "-f", "lavfi", "-i",
		"sine=f=440:d=10",
		"-map", "0:v", "-map", "1:a", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-g", "50",
		"-keyint_min", "50", "-sc_threshold", "0", "-c:a", "aac",
		"-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_flags", "independent_segments",
		"-hls_segment_type", "fmp4",
		"-hls_fmp4_init_filename", "init.mp4", "-hls_segment_filename", clear+"/%v/s%05d.m4s", "-master_pl_name",
		"master.m3u8",
		"-var_stream_map", "v:0,a:0,name:360p", clear+"/%v/index.m3u8")
	a, err := f.Assets.Pack(t.Context(), os.DirFS(clear), "film", 2)
	if err != nil || a.DurationSeconds != 10 {
		t.Fatalf("%+v, %v", a, err)
	}
	list, err := f.Assets.Playlist(t.Context(), "film", "360p")
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.NewBuffer(f.read(t, "film", "360p", list.Init))
	for i, s := range list.Segments {
		key, err := f.Assets.Key(t.Context(), "film", s.Key)
		if err != nil {
			t.Fatal(err)
		}
		whole.Write(decrypt(t, key, f.read(t, "film", "360p", s.File), i))
	}
	path := filepath.Join(t.TempDir(), "whole.mp4")
	if err := os.WriteFile(path, whole.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if frames := run("ffprobe", "-v", "error", "-select_streams", "v", "-count_frames", "-show_entries",
		"stream=nb_read_frames", "-of", "csv=p=0", path); frames != "250" {
		t.Fatalf("%s frames decoded, want 250", frames)
	}
	run("ffmpeg", "-v", "error", "-xerror", "-nostdin", "-i", filepath.Join(f.dir, "trailers", "film", "index.m3u8"),
		"-f", "null", "-")
}
