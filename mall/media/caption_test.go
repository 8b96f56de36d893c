package media_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/media"
)

const srt = "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i> <font color=\"red\">world</font> & " +
	"co\r\n\r\n2\r\n0:00:03,000 --> 00:00:04,000\r\n你好\r\n"

const vtt = "WEBVTT - a title\nX: y\n\nSTYLE\n::cue { background: url(https://elsewhere.test) }\n\nNOTE never " +
	"shown\n\nfirst\n00:01.000 --> 00:02.500 line:0 align:start region:r1 onload:x\n<v Ann><b>Hi</b></v> &amp; " +
	"<c.loud>you</c> &lt;3\n"

func TestParseCaptions_one_form(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		srt: "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<i>Hello</i> world &amp; co\n\n00:00:03.000 --> " +
			"00:00:04.000\n你好\n",
		vtt: "WEBVTT\n\n00:00:01.000 --> 00:00:02.500 line:0 align:start\n<b>Hi</b> &amp; you &lt;3\n",
	} {
		cues, err := media.ParseCaptions([]byte(in))
		if err != nil || string(media.WebVTT(cues)) != want {
			t.Errorf("%v\n%s\nwant\n%s", err, media.WebVTT(cues), want)
		}
	}
	for in, slug := range map[string]string{
		"":         "captions_none",
		"WEBVTT":   "captions_none",
		"\xff\xfe": "captions_utf8",
		"1\n00:00:02,000 --> 00:00:01,000\nback\n":           "captions_cue",
		"1\n00:00:61,000 --> 00:01:10,000\nno such second\n": "captions_cue",
		"words\n":                   "captions_cue",
		"[Script Info]\nTitle: x\n": "captions_cue",
		strings.Repeat("x", media.MaxCaptionBytes+1): "captions_large",
	} {
		if _, err := media.ParseCaptions([]byte(in)); !errors.Is(err, media.ErrBadCaptions) ||
			fault.From(err).Fields["file"] != slug {
			t.Errorf("%.30q: %v, want %s", in, err, slug)
		}
	}
}

// Accepted captions are the same after they are written and read again, and have no tags but those of slant and weight.
func FuzzParseCaptions(f *testing.F) {
	for _, s := range []string{
		srt, vtt, "WEBVTT\n\n00:01.000 --> 00:02.000\na\n<x>\nb\n",
		"WEBVTT\n\n00:01.000 --> 00:02.000\n--<x>&gt;\n",
		"1\n00:00:01,000 --> 00:00:01,000\n{{\\an8}\\x}<3 {<b>\\q}\n\n7\n2\n0:0:1.5-->0:0:2.5\n&l{\\x}t;<br>\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		cues, err := media.ParseCaptions(b)
		if err != nil {
			return
		}
		once := media.WebVTT(cues)
		if len(once) > media.MaxCaptionBytes {
			return // escapes and full times are longer
		}
		again, err := media.ParseCaptions(once)
		if err != nil || !bytes.Equal(media.WebVTT(again), once) {
			t.Fatalf("%v\n%s\nand then\n%s", err, once, media.WebVTT(again))
		}
		for _, c := range again {
			rest := strings.NewReplacer("<i>", "", "</i>", "", "<b>", "", "</b>", "", "<u>", "", "</u>", "").
				Replace(c.Text)
			if strings.ContainsAny(rest, "<>") || c.To < c.From {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func TestCaptions_Set(t *testing.T) {
	w := factory(t)
	ctx := t.Context()
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 10), ".mp4")...))
	set := func(owner int64, language, file string) error {
		_, err := w.Captions.Set(ctx, owner, id, language, []byte(file))
		return err
	}
	if err := set(7, "en", srt); !errors.Is(err, media.ErrNotReady) {
		t.Errorf("before the video is ready: %v", err)
	}
	v := w.make(7, id)
	asset := func() media.Asset { a, err := w.Assets.ByID(ctx, *v.AssetID); w.ok(err); return a }
	w.ok(set(7, "en", srt))
	w.ok(set(7, "en", vtt))
	w.ok(set(7, "zh-CN", srt))
	unseen, err := w.Captions.Set(ctx, 7, id, "zh-CN", []byte("1\n00:00:00,500 --> 00:00:00,500\nBlink\n\n"+srt[3:]))
	if w.ok(err); unseen != 1 {
		t.Errorf("%d subtitles are never seen", unseen)
	}
	if a := asset(); len(a.Captions) != 2 ||
		!strings.Contains(string(w.read(t, a.Prefix, media.ExtrasFolder, "en.vtt")), "<b>Hi</b>") {
		t.Errorf("captions %+v", asset().Captions)
	}
	for name, err := range map[string]error{
		"somebody else's": set(8, "en", srt), "a path": set(7, "../../x", srt),
		"chapters of somebody else's": w.Captions.SetChapters(ctx, 8, id, nil),
	} {
		if !errors.Is(err, media.ErrUnknownVideo) && !errors.Is(err, media.ErrBadCaptions) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.ok(w.Captions.Drop(ctx, 7, id, "en"))
	if a := asset(); len(a.Captions) != 1 || a.Captions[0].Language != "zh-CN" {
		t.Errorf("captions %+v", a.Captions)
	}
	if _, err := w.Storage.OpenVideo(ctx, asset().Prefix, media.ExtrasFolder,
		"en.vtt"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of removed subtitles: %v", err)
	}
	w.ok(w.Captions.SetChapters(ctx, 7, id, []media.Chapter{
		{Start: 0, Text: locale.Text{En: "Out <at> sea"}},
		{Start: 4, Text: locale.Text{En: "Home", Zh: "回家"}},
	}))
	if got := string(
		w.read(t, asset().Prefix, media.ExtrasFolder, media.ChaptersFile("zh-CN"))); got != "WEBVTT\n\n00:00:00.000 "+
		"--> 00:00:04.000\nOut &lt;at&gt; sea\n\n00:00:04.000 --> 00:00:10.000\n回家\n" {
		t.Errorf("chapters\n%s", got)
	}
	for name, list := range map[string][]media.Chapter{
		"outside":  {{Start: 10, Text: locale.Text{En: "x"}}},
		"order":    {{Start: 4, Text: locale.Text{En: "x"}}, {Start: 4, Text: locale.Text{En: "y"}}},
		"nameless": {{Start: 1}},
		"long":     {{Text: locale.Text{En: strings.Repeat("x", 101)}}},
	} {
		if err := w.Captions.SetChapters(ctx, 7, id, list); !errors.Is(err, media.ErrBadChapters) ||
			len(fault.From(err).Fields) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVideos_SetTrailer(t *testing.T) {
	w := factory(t)
	ctx := t.Context()
	id := w.upload(7, "a.mp4", sample(t, append(sounding("320x180", 18), ".mp4")...))
	for name, c := range map[string]media.Trailer{
		"backwards": {From: 5, To: 5},
		"before":    {From: -1, To: 5},
		"long":      {From: 0, To: 61},
	} {
		if err := w.Videos.SetTrailer(ctx, 7, id, c); !errors.Is(err, media.ErrBadTrailer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.ok(w.Videos.SetTrailer(ctx, 7, id, media.Trailer{From: 4, To: 8})) // before it is made
	v := w.make(7, id)
	a, err := w.Assets.ByID(ctx, *v.AssetID)
	w.ok(err)
	shows := func(want ...string) {
		t.Helper()
		entries, err := os.ReadDir(filepath.Join(w.dir, "trailers", a.Prefix))
		w.ok(err)
		var got []string
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".m4s") {
				got = append(got, e.Name())
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("the trailer shows %v, want %v", got, want)
		}
	}
	shows("s00001.m4s")
	w.ok(w.Videos.SetTrailer(ctx, 7, id, media.Trailer{From: 6, To: 15}))
	shows("s00001.m4s", "s00002.m4s", "s00003.m4s")
	// The trailer's segments are the video's, decrypted.
	file := filepath.Join(w.dir, "trailers", a.Prefix, "s00002.m4s")
	open, err := os.ReadFile(file)
	w.ok(err)
	key, err := w.Assets.Key(ctx, a.Prefix, 0)
	w.ok(err)
	if !bytes.Equal(open, decrypt(t, key, w.read(t, a.Prefix, a.Renditions[0].Name, "s00002.m4s"), 2)) {
		t.Error("the trailer is not the video's")
	}
	for name, err := range map[string]error{
		"beyond the end":  w.Videos.SetTrailer(ctx, 7, id, media.Trailer{From: 30, To: 40}),
		"somebody else's": w.Videos.SetTrailer(ctx, 8, id, media.Trailer{To: 4}),
	} {
		if !errors.Is(err, media.ErrBadTrailer) && !errors.Is(err, media.ErrUnknownVideo) {
			t.Errorf("%s: %v", name, err)
		}
	}
	shows("s00001.m4s", "s00002.m4s", "s00003.m4s")
}
