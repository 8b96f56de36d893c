package media_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestPlaylist_Bytes(t *testing.T) {
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

func TestParsePlaylist_refused(t *testing.T) {
	t.Parallel()
	swap := func(old, new string) string { return strings.Replace(packaged, old, new, 1) }
	for name, c := range map[string]struct{ text, want string }{
		"empty":     {"", "a playlist begins with #EXTM3U"},
		"no header": {packaged[8:], "a playlist begins with #EXTM3U"},
		"no end":    {swap("#EXT-X-ENDLIST\n", ""), "a playlist needs segments and an end"},
		"no segments": {
			"#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-ENDLIST\n",
			"a playlist needs segments and an end",
		},
		"a line after the end": {packaged + "s.m4s\n", "lines after #EXT-X-ENDLIST"},
		"a tag after the end":  {packaged + "#EXT-X-ENDLIST\n", "lines after #EXT-X-ENDLIST"},
		"too many bytes":       {packaged + strings.Repeat("\n", 4<<20), fmt.Sprintf("a playlist of %d bytes", len(packaged)+(4<<20))},
		"no map":               {swap("#EXT-X-MAP:URI=\"init.mp4\"\n", ""), `segment "s00000.m4s"`},
		"a second map": {
			swap("#EXT-X-KEY", "#EXT-X-MAP:URI=\"init2.mp4\"\n#EXT-X-KEY"),
			`map "URI=\"init2.mp4\"": one is needed, before keys and segments`,
		},
		"a map after a key": {
			swap("#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"key:0\"",
				"#EXT-X-KEY:METHOD=AES-128,URI=\"key:0\"\n#EXT-X-MAP:URI=\"init.mp4\""),
			`map "URI=\"init.mp4\"": one is needed, before keys and segments`,
		},
		"a map after a segment": {
			"#EXTM3U\n#EXT-X-MAP:URI=\"a.mp4\"\n#EXTINF:4,\ns.m4s\n#EXT-X-MAP:URI=\"b.mp4\"\n",
			`map "URI=\"b.mp4\"": one is needed, before keys and segments`,
		},
		"a map without quotes": {
			swap(`URI="init.mp4"`, "URI=init.mp4"),
			`map "URI=init.mp4": one is needed, before keys and segments`,
		},
		"a map with a path": {
			swap(`URI="init.mp4"`, `URI="../init.mp4"`),
			`map "URI=\"../init.mp4\"": one is needed, before keys and segments`,
		},
		"a path":     {swap("s00001.m4s", "../s00001.m4s"), `segment "../s00001.m4s"`},
		"an address": {swap("s00001.m4s", "https://elsewhere.test/s"), `segment "https://elsewhere.test/s"`},
		"a key elsewhere": {
			swap("key:0", "https://elsewhere.test/k"),
			`key "METHOD=AES-128,URI=\"https://elsewhere.test/k\"" is not number 0 of ours`,
		},
		"a key out of order": {swap("key:1", "key:2"), `key "METHOD=AES-128,URI=\"key:2\"" is not number 1 of ours`},
		"a key twice":        {swap("key:1", "key:0"), `key "METHOD=AES-128,URI=\"key:0\"" is not number 1 of ours`},
		"a key with a zero":  {swap("key:1", "key:01"), `key "METHOD=AES-128,URI=\"key:01\"" is not number 1 of ours`},
		"a key with an IV": {
			swap(`URI="key:0"`, `URI="key:0",IV=0x00`),
			`key "METHOD=AES-128,URI=\"key:0\",IV=0x00" is not number 0 of ours`,
		},
		"another method": {
			swap("AES-128", "SAMPLE-AES"),
			`key "METHOD=SAMPLE-AES,URI=\"key:0\"" is not number 0 of ours`,
		},
		"a later media sequence": {
			swap("SEQUENCE:0", "SEQUENCE:7"),
			`unexpected line "#EXT-X-MEDIA-SEQUENCE:7" in a playlist`,
		},
		"an unknown tag": {
			swap("#EXT-X-KEY", "#EXT-X-DISCONTINUITY\n#EXT-X-KEY"),
			`unexpected line "#EXT-X-DISCONTINUITY" in a playlist`,
		},
		"a byte range": {
			swap("#EXTINF:4.000000,\n", "#EXTINF:4.000000,\n#EXT-X-BYTERANGE:10@0\n"),
			`"#EXT-X-BYTERANGE:10@0" between #EXTINF and its segment`,
		},
		"a negative duration":          {swap("4.000000", "-4.0"), `duration "-4.0,"`},
		"a duration that is no number": {swap("4.000000", "NaN"), `duration "NaN,"`},
		"a duration with an exponent":  {swap("4.000000", "4e0"), `duration "4e0,"`},
		"a duration of more than 1 h":  {swap("4.000000", "3600.1"), `duration "3600.1,"`},
		"a title":                      {swap("4.000000,", "4.000000,title"), `duration "4.000000,title"`},
		"a segment without duration":   {swap("#EXTINF:4.000000,\n", ""), `segment "s00000.m4s"`},
	} {
		if list, err := media.ParsePlaylist([]byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %+v, %v, want %s", name, list, err, c.want)
		}
	}
}

func TestParseMaster_refused(t *testing.T) {
	t.Parallel()
	const variant = "#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x360"
	const address = "\n360p/index.m3u8\n"
	const none = "a master playlist has 1 to 16 variants, each with its address"
	var all, seventeen strings.Builder
	for n := 1; n <= 9; n++ {
		all.WriteString(soundLine(n))
	}
	for n := range 17 {
		fmt.Fprintf(&seventeen, "%s\n%dp/index.m3u8\n", variant, 100+n)
	}
	for name, c := range map[string]struct{ text, want string }{
		"no variants":           {"", none},
		"no address":            {variant + "\n", none},
		"seventeen variants":    {seventeen.String(), none},
		"an address alone":      {"360p/index.m3u8\n", `unexpected line "360p/index.m3u8" in a master playlist`},
		"a tag without a value": {"#EXT-X-STREAM-INF\n", `unexpected line "#EXT-X-STREAM-INF" in a master playlist`},
		"a path": {
			variant + "\n../360p/index.m3u8\n",
			`variant "../360p/index.m3u8" is not <lines>p/index.m3u8`,
		},
		"another name":       {variant + "\n360p/list.m3u8\n", `variant "360p/list.m3u8" is not <lines>p/index.m3u8`},
		"the same one twice": {variant + address + variant + address, "rendition 360p is listed twice"},
		"no resolution": {
			"#EXT-X-STREAM-INF:BANDWIDTH=1" + address,
			`variant "BANDWIDTH=1" lacks BANDWIDTH or RESOLUTION`,
		},
		"no bandwidth": {
			"#EXT-X-STREAM-INF:RESOLUTION=640x360" + address,
			`variant "RESOLUTION=640x360" lacks BANDWIDTH or RESOLUTION`,
		},
		"a signed number": {
			"#EXT-X-STREAM-INF:BANDWIDTH=+1,RESOLUTION=640x360" + address,
			`attribute list "BANDWIDTH=+1,RESOLUTION=640x360": number "+1"`,
		},
		"a comma at the end": {variant + "," + address, `attribute list "BANDWIDTH=1,RESOLUTION=640x360,"`},
		"no attributes":      {"#EXT-X-STREAM-INF:words" + address, `attribute list "words"`},
		"another attribute": {
			variant + ",SUBTITLES=\"s\"" + address,
			`attribute list "BANDWIDTH=1,RESOLUTION=640x360,SUBTITLES=\"s\"": attribute SUBTITLES is not supported`,
		},
		"a group of nothing": {variant + ",AUDIO=\"a\"" + address, "1 of 1 variants hear one of 0 sounds"},
		"a sound at another address": {
			"#EXT-X-MEDIA:TYPE=AUDIO,URI=\"https://elsewhere.test\"\n" + variant + address,
			`"TYPE=AUDIO,URI=\"https://elsewhere.test\"" is not the sound sound-1`,
		},
		"a sound of another number": {
			soundLine(2) + hearing,
			`"TYPE=AUDIO,GROUP-ID=\"group_sound\",NAME=\"audio_2\",DEFAULT=NO,LANGUAGE=\"en\",` +
				`URI=\"sound-2/index.m3u8\"" is not the sound sound-1`,
		},
		"an attribute of subtitles": {
			"#EXT-X-MEDIA:TYPE=AUDIO,FORCED=NO\n" + variant + address,
			`attribute list "TYPE=AUDIO,FORCED=NO": attribute FORCED is not supported`,
		},
		"a single sound": {soundLine(1) + hearing, "1 of 1 variants hear one of 1 sounds"},
		"sounds that no variant hears": {
			soundLine(1) + soundLine(2) + variant + address,
			"0 of 1 variants hear one of 2 sounds",
		},
		"sounds that one of two variants hears": {
			soundLine(1) + soundLine(2) + hearing + variant + "\n720p/index.m3u8\n",
			"1 of 2 variants hear one of 2 sounds",
		},
		"subtitles in place of a sound": {
			soundLine(1) + strings.Replace(soundLine(2), "AUDIO", "SUBTITLES", 1) + hearing,
			`"TYPE=SUBTITLES,GROUP-ID=\"group_sound\",NAME=\"audio_2\",DEFAULT=NO,LANGUAGE=\"en\",` +
				`URI=\"sound-2/index.m3u8\"" is not the sound sound-2`,
		},
		"a language that is none": {
			soundLine(1) + strings.Replace(soundLine(2), "\"en\"", "\"<en>\"", 1) + hearing,
			`language "<en>"`,
		},
		"nine sounds": {all.String() + hearing, "1 of 1 variants hear one of 9 sounds"},
	} {
		if m, err := media.ParseMaster([]byte("#EXTM3U\n" + c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %+v, %v, want %s", name, m, err, c.want)
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
	again, err := media.ParseMaster([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Sounds, again.Sounds); diff != "" {
		t.Errorf("sounds (-written +read):\n%s", diff)
	}
}

// Accepted playlists are the same after they are written and read again, and every file in them has a plain name.
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
