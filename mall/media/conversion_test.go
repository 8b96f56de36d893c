package media_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/media"
)

func TestVideo_Conversion(t *testing.T) {
	w := factory(t)
	cover := kept(t, "cover.png", sample(t, join(lavfi("testsrc2=s=320x180"), "-frames:v", "1", ".png")...))
	words := kept(t, "words.srt", []byte("1\n00:00:00,000 --> 00:00:01,000\nHello\n"))
	many := sample(t,
		join(lavfi("testsrc2=s=320x180:r=120:d=2", "sine=f=300:d=2", "sine=f=1200:d=4", "anoisesrc=d=1"), "-i", words,
			"-i", cover,
			"-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "4", "-map", "5", h264, "-c:a", "aac",
			"-ac:a:1",
			"6", "-c:s", "ass",
			"-c:v:1", "copy", "-disposition:a:0", "comment", "-disposition:a:1", "default",
			"-metadata:s:a:1", "language=fre", ".mkv")...)
	v, _, _ := w.packagedVideo("many.mkv", many)
	c := v.Conversion
	if c.Rate != "60" || c.SourceRate != "120" || c.UnevenRate || c.Held != 2 || c.Silent != 0 ||
		c.Colours != media.ColoursAssumedSmall || c.Interlaced {
		t.Errorf("%+v", c)
	}
	if want := (media.SoundChoice{
		Track:    2,
		Of:       3,
		Language: "fre",
		Channels: 6,
		Why:      media.SoundMain,
	}); c.Sound == nil || *c.Sound != want {
		t.Errorf("sound %+v", c.Sound)
	}
	if len(c.Offered) != 2 || c.Offered[0].Label != "français" || c.Offered[1].Label != "2" {
		t.Errorf("offered %+v", c.Offered)
	}
	left := map[string]int{media.LeftOutPicture: 1, media.LeftOutSound: 1, media.LeftOutSubtitle: 1}
	if diff := cmp.Diff(left, c.LeftOut); diff != "" {
		t.Errorf("tracks left out (-want +got):\n%s", diff)
	}

	paused := sample(t,
		join(lavfi("testsrc2=s=320x180:r=30:d=8,select='if(lt(t,5),not(mod(n,30)),1)'", "sine=d=3"), "-fps_mode", "vfr",
			"-enc_time_base", "1/90000", h264, "-colorspace", "bt709", "-c:a", "aac", ".mp4")...)
	v, _, _ = w.packagedVideo("paused.mp4", paused)
	c = v.Conversion
	if c.Rate != "30" || !c.UnevenRate || c.Held != 0 || c.Silent != 5 || c.Sound == nil ||
		c.Sound.Why != media.SoundOnly || len(c.LeftOut) != 0 ||
		c.Colours != media.ColoursKept {
		t.Errorf("%+v, sound %+v", c, c.Sound)
	}
}
