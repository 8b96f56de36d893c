package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// footageFolder is the folder of the videos in a checkout. They have 33 MB, which a mall without the demo does not
// need.
const footageFolder = "demo/footage"

// OpenVideos returns the folder of all videos' footage: the one that is named, otherwise demo/footage below the working
// directory, otherwise that of the checkout whose bin folder contains this program. The folder may be missing as long
// as nothing is read from it.
func OpenVideos(named string) fs.FS {
	if named != "" {
		return os.DirFS(named)
	}
	if _, err := os.Stat(footageFolder); err == nil {
		return os.DirFS(footageFolder)
	}
	if program, err := os.Executable(); err == nil {
		return os.DirFS(filepath.Join(filepath.Dir(program), "..", footageFolder))
	}
	return os.DirFS(footageFolder)
}

// Footage returns the folder of one video: master.m3u8; 360p/, 720p/ and for some 2160p/, each with
// index.m3u8, init.mp4 and s00000.m4s onwards; zh.vtt, en.vtt; thumbs.webp, thumbs.vtt;
// poster.webp (1280 x 720). Nothing in it is encrypted.
func Footage(videos fs.FS, slug string) (fs.FS, error) {
	_, err := fs.Stat(videos, slug+"/master.m3u8")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the video %q is not here: DEMO_VIDEOS names the folder %s of the source code: %w",
			slug, footageFolder, err)
	}
	if err != nil {
		return nil, fmt.Errorf("demo: footage of %q: %w", slug, err)
	}
	return fs.Sub(videos, slug)
}
