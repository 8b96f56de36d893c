package media_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"videomall/mall/media"
)

const packaged = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init.mp4"
#EXT-X-KEY:METHOD=AES-128,URI="key:0"
#EXTINF:4.000000,
s00000.m4s
#EXTINF:4.000000,
s00001.m4s
#EXT-X-KEY:METHOD=AES-128,URI="key:1"
#EXTINF:2.440000,
s00002.m4s
#EXT-X-ENDLIST
`

func numbered(n int) string { return fmt.Sprintf("key:%d", n) }

func TestAPlaylistIsWrittenAsItWasRead(t *testing.T) {
	t.Parallel()
	list, err := media.ParsePlaylist([]byte(packaged))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(list.Bytes("", numbered)); got != packaged {
		t.Fatalf("got\n%s", got)
	}
	if d := list.Duration(); math.Abs(d-10.44) > 1e-9 {
		t.Fatalf("duration %v", d)
	}
	rewritten := string(list.Bytes("/s/1/x/y/film/360p/", func(n int) string { return fmt.Sprintf("/k/t/film/%d", n) }))
	for _, line := range []string{
		`#EXT-X-MAP:URI="/s/1/x/y/film/360p/init.mp4"`, `#EXT-X-KEY:METHOD=AES-128,URI="/k/t/film/1"`,
		"/s/1/x/y/film/360p/s00002.m4s",
	} {
		if !strings.Contains(rewritten, line+"\n") {
			t.Errorf("no line %s in\n%s", line, rewritten)
		}
	}
	if strings.Index(rewritten, "#EXT-X-MAP") > strings.Index(rewritten, "#EXT-X-KEY") {
		t.Error("a map after a key is an encrypted map")
	}
}

func TestPlaylistsOutOfTheOrdinaryAreRefused(t *testing.T) {
	t.Parallel()
	swap := func(old, new string) string { return strings.Replace(packaged, old, new, 1) }
	for name, text := range map[string]string{
		"empty":              "",
		"no header":          packaged[8:],
		"no end":             swap("#EXT-X-ENDLIST\n", ""),
		"more after the end": packaged + "s.m4s\n",
		"no segments":        "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-ENDLIST\n",
		"no map":             swap("#EXT-X-MAP:URI=\"init.mp4\"\n", ""),
		"a second map":       swap("#EXT-X-KEY", "#EXT-X-MAP:URI=\"init2.mp4\"\n#EXT-X-KEY"),
		"a map after a key": swap("#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"key:0\"",
			"#EXT-X-KEY:METHOD=AES-128,URI=\"key:0\"\n#EXT-X-MAP:URI=\"init.mp4\""),
		"a path":                   swap("s00001.m4s", "../s00001.m4s"),
		"an address":               swap("s00001.m4s", "https://elsewhere.test/s00001.m4s"),
		"a key elsewhere":          swap("key:0", "https://elsewhere.test/k"),
		"a key out of order":       swap("key:1", "key:2"),
		"a key with an IV":         swap(`URI="key:0"`, `URI="key:0",IV=0x00`),
		"another method":           swap("AES-128", "SAMPLE-AES"),
		"a later media sequence":   swap("SEQUENCE:0", "SEQUENCE:7"),
		"a byte range":             swap("#EXTINF:4.000000,\n", "#EXTINF:4.000000,\n#EXT-X-BYTERANGE:10@0\n"),
		"a negative duration":      swap("4.000000", "-4.0"),
		"a duration not a number":  swap("4.000000", "NaN"),
		"a title":                  swap("4.000000,", "4.000000,title"),
		"a segment without length": swap("#EXTINF:4.000000,\n", ""),
	} {
		if list, err := media.ParsePlaylist([]byte(text)); err == nil {
			t.Errorf("%s: read as %+v", name, list)
		}
	}
	for name, text := range map[string]string{
		"no variants":      "#EXTM3U\n",
		"no address":       "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360\n",
		"an address alone": "#EXTM3U\n360p/index.m3u8\n",
		"a path":           "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360\n../360p/index.m3u8\n",
		"another playlist": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360,AUDIO=\"a\"\n360p/index.m3u8\n",
		"no resolution":    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n360p/index.m3u8\n",
		"a media tag":      "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"https://elsewhere.test\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360\n360p/index.m3u8\n",
		"a sound elsewhere": "#EXTM3U\n" + soundLine(1) + strings.Replace(soundLine(2), "sound-2/", "../sound-2/",
			1) + hearing,
		"a single sound": "#EXTM3U\n" + soundLine(1) + hearing,
		"sounds of nobody": "#EXTM3U\n" + soundLine(1) + soundLine(2) + strings.Replace(hearing,
			",AUDIO=\"group_sound\"", "", 1),
		"subtitles": "#EXTM3U\n" + soundLine(1) + strings.Replace(soundLine(2), "AUDIO", "SUBTITLES",
			1) + hearing,
		"no language": "#EXTM3U\n" + soundLine(1) + strings.Replace(soundLine(2), "\"en\"", "\"<en>\"",
			1) + hearing,
		"too many sounds": "#EXTM3U\n" +
			strings.Join(
				[]string{soundLine(1), soundLine(2), soundLine(3), soundLine(4), soundLine(5), soundLine(6),
					soundLine(7), soundLine(8), soundLine(9)}, "") + hearing,
		"the same one twice": strings.Replace("#EXTM3U\n#V\n360p/index.m3u8\n#V\n360p/index.m3u8\n", "#V",
			"#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360", 2),
	} {
		if m, err := media.ParseMaster([]byte(text)); err == nil {
			t.Errorf("master, %s: read as %+v", name, m)
		}
	}
}

const hearing = "#EXT-X-STREAM-INF:BANDWIDTH=985600,RESOLUTION=640x360,AUDIO=\"group_sound\"\n360p/index.m3u8\n"

func soundLine(n int) string {
	return fmt.Sprintf(
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"group_sound\",NAME=\"audio_%[1]d\",DEFAULT=NO,LANGUAGE=\"en\",URI=\"sound-%[1]d/index.m3u8\"\n", n)
}

func TestMaster_Sounds(t *testing.T) {
	t.Parallel()
	m, err := media.ParseMaster([]byte("#EXTM3U\n" + soundLine(1) + soundLine(2) + hearing))
	if err != nil || len(m.Sounds) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	m.Sounds = []media.Sound{
		{
			Name:     "sound-1",
			Label:    "English",
			Language: "en",
			Default:  true,
		},
		{
			Name:     "sound-2",
			Label:    "English – seen",
			Language: "en",
			Purpose:  media.SoundDescribes,
		},
	}
	all := func(media.Rendition) bool { return true }
	want := `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English",DEFAULT=YES,AUTOSELECT=YES,LANGUAGE="en",CHANNELS="2",URI="sound-1/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="English – seen",DEFAULT=NO,AUTOSELECT=NO,LANGUAGE="en",CHARACTERISTICS="public.accessibility.describes-video",CHANNELS="2",URI="sound-2/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=985600,RESOLUTION=640x360,AUDIO="sound"
360p/index.m3u8
`
	if got := string(m.Bytes(all)); got != want {
		t.Errorf("got\n%s", got)
	}
	if again, err := media.ParseMaster([]byte(want)); err != nil || !slices.Equal(again.Sounds, m.Sounds) {
		t.Errorf("read again as %+v, %v", again.Sounds, err)
	}
}

// Whatever is accepted must come out in our own form, stable under a second reading, with every file a plain name.
func FuzzParsePlaylist(f *testing.F) {
	f.Add([]byte(packaged))
	f.Add([]byte(strings.ReplaceAll(packaged, "#EXT-X-KEY:METHOD=AES-128,URI=\"key:", "#X")))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := media.ParsePlaylist(text)
		if err != nil {
			return
		}
		for _, s := range list.Segments {
			if strings.ContainsAny(s.File, "/\\\r\n\"") || s.File[0] == '.' {
				t.Fatalf("file %q", s.File)
			}
		}
		once := list.Bytes("", numbered)
		again, err := media.ParsePlaylist(once)
		if err != nil || !bytes.Equal(again.Bytes("", numbered), once) {
			t.Fatalf("%v\n%s", err, once)
		}
	})
}

func FuzzParseMaster(f *testing.F) {
	f.Add([]byte("#EXTM3U\n" + soundLine(1) + soundLine(2) + hearing))
	f.Add([]byte(
		"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=985600,RESOLUTION=640x360,CODECS=\"avc1.64001e,mp4a.40.2\"\n360p/index.m3u8\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all := func(media.Rendition) bool { return true }
		m, err := media.ParseMaster(text)
		if err != nil {
			return
		}
		once := m.Bytes(all)
		again, err := media.ParseMaster(once)
		if err != nil || !bytes.Equal(again.Bytes(all), once) {
			t.Fatalf("%v\n%s", err, once)
		}
	})
}
