package media_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db/dbtest"
	"videomall/mall/media"
)

var secret = []byte("a key of just thirty-two bytesok")

type fixture struct {
	media.Media
	pool *pgxpool.Pool
	dir  string
}

func open(t *testing.T) fixture {
	t.Helper()
	pool, dir := dbtest.New(t), t.TempDir()
	storage, err := media.OpenStorage("", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { storage.Close() })
	m, err := media.New(media.Deps{
		Pool:    pool,
		Storage: storage,
		Key:     secret,
		Now:     time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return fixture{m, pool, filepath.Join(dir, "media")}
}

// video is a clear video of n segments in 360p and 720p. Its content is no video: tests compare it only.
func video(n int) fstest.MapFS {
	files := fstest.MapFS{"master.m3u8": {Data: []byte("#EXTM3U\n#EXT-X-VERSION:7\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=985600,RESOLUTION=640x360,CODECS=\"avc1.64001e,mp4a.40.2\"\n360p/index.m3u8\n\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=3220800,RESOLUTION=1280x720,CODECS=\"avc1.64001f,mp4a.40.2\"\n720p/index.m3u8\n\n")}}
	for i, name := range []string{"360p", "720p"} {
		var list strings.Builder
		fmt.Fprintf(&list,
			"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"+
				"#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init_%d.mp4\"\n", i)
		files[fmt.Sprintf("%s/init_%d.mp4", name, i)] = &fstest.MapFile{Data: []byte("init " + name)}
		for s := range n {
			fmt.Fprintf(&list, "#EXTINF:4.000000,\ns%05d.m4s\n", s)
			files[fmt.Sprintf("%s/s%05d.m4s", name, s)] = &fstest.MapFile{
				Data: bytes.Repeat([]byte{byte(s), byte(i)}, 500+s),
			}
		}
		list.WriteString("#EXT-X-ENDLIST\n")
		files[name+"/index.m3u8"] = &fstest.MapFile{Data: []byte(list.String())}
	}
	return files
}

func withExtras(files fstest.MapFS) fstest.MapFS {
	files["zh-CN.vtt"] = &fstest.MapFile{Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\n你好\n")}
	files["en.vtt"] = &fstest.MapFile{Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n")}
	files["thumbs.vtt"] = &fstest.MapFile{
		Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\nsheet.jpg#xywh=0,0,160,90\n"),
	}
	files["sheet.jpg"] = &fstest.MapFile{Data: []byte("a picture")}
	return files
}

// decrypt does what a player does: AES-128-CBC, PKCS#7, the media sequence number as IV.
func decrypt(t *testing.T, key, sealed []byte, sequence int) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, 16)
	binary.BigEndian.PutUint64(iv[8:], uint64(sequence))
	clear := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(clear, sealed)
	return clear[:len(clear)-int(clear[len(clear)-1])]
}

func (f fixture) read(t *testing.T, prefix, folder, file string) []byte {
	t.Helper()
	h, err := f.Storage.OpenVideo(t.Context(), prefix, folder, file)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	b, err := io.ReadAll(h)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withSounds is the video of n segments with two sounds beside it, the second of which has a rest after the picture's
// end.
func withSounds(n int) fstest.MapFS {
	files := video(n)
	master := strings.ReplaceAll(string(files["master.m3u8"].Data), "mp4a.40.2\"", "mp4a.40.2\",AUDIO=\"group_sound\"")
	files["master.m3u8"] = &fstest.MapFile{
		Data: []byte(strings.Replace(master, "VERSION:7\n", "VERSION:7\n"+soundLine(1)+
			strings.Replace(soundLine(2), "DEFAULT=NO", "DEFAULT=YES", 1), 1)),
	}
	for i, name := range []string{"sound-1", "sound-2"} {
		list := strings.Replace(string(files["360p/index.m3u8"].Data), "init_0", "init", 1)
		files[name+"/init.mp4"] = &fstest.MapFile{Data: []byte("init " + name)}
		if i == 1 {
			list = strings.Replace(list, "#EXT-X-ENDLIST", fmt.Sprintf("#EXTINF:0.021,\ns%05d.m4s\n#EXT-X-ENDLIST", n),
				1)
		}
		files[name+"/index.m3u8"] = &fstest.MapFile{Data: []byte(list)}
		for s := range n + i {
			files[fmt.Sprintf("%s/s%05d.m4s", name, s)] = &fstest.MapFile{
				Data: bytes.Repeat([]byte{byte(s), byte(7 + i)}, 300+s),
			}
		}
	}
	return files
}
