package playtest

import (
	"bytes"
	"fmt"
	"testing/fstest"
)

// ClearVideo returns the files of a video of 20 s before it is encrypted: five segments of 1000 bytes, which differ, with
// captions in two languages and thumbnails.
func ClearVideo() fstest.MapFS {
	files := fstest.MapFS{
		"master.m3u8": {
			Data: []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\n360p/index.m3u8\n"),
		},
		"360p/init.mp4": {Data: []byte("init")},
		"en.vtt":        {Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n")},
		"zh.vtt":        {Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\n你好\n")},
		"thumbs.vtt":    {Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\nthumbs.webp#xywh=0,0,1,1\n")},
		"thumbs.webp":   {Data: []byte("sheet")},
	}
	list := "#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n"
	for i := range 5 {
		list += fmt.Sprintf("#EXTINF:4.000000,\ns%d.m4s\n", i)
		files[fmt.Sprintf("360p/s%d.m4s", i)] = &fstest.MapFile{Data: bytes.Repeat([]byte{'a' + byte(i)}, 1000)}
	}
	files["360p/index.m3u8"] = &fstest.MapFile{Data: []byte(list + "#EXT-X-ENDLIST\n")}
	return files
}
