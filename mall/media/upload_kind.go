package media

import (
	"bytes"
	"path"
	"strings"
)

// sniffed is how many of a file's first bytes say what it claims to be.
const sniffed = 1 << 10

// kinds are the containers that the mall takes, by the endings of their names.
var kinds = map[string]bool{
	".mp4": true, ".m4v": true, ".mov": true, ".mkv": true, ".webm": true, ".ts": true,
	".m2ts": true, ".mts": true,
	".avi": true, ".flv": true,
}

// Kinds are those endings, for a page that lets people choose: ".avi,.flv,…".
const Kinds = ".avi,.flv,.m2ts,.m4v,.mkv,.mov,.mp4,.mts,.ts,.webm"

// isVideo judges a file by what is said of it. Systems disagree about videos: many know no type, and ".ts" is a text to
// some.
func isVideo(name, declared string) bool {
	ext := strings.ToLower(path.Ext(name))
	kind, _, _ := strings.Cut(strings.ToLower(declared), "/")
	return kinds[ext] && (kind == "" || kind == "video" || kind == "application" || kind == "text" && ext == ".ts")
}

// beginsVideo is true for the first bytes of a container that the mall takes. A playlist, which would make a decoder
// read other files, is text.
func beginsVideo(b []byte) bool {
	at := func(offset int, s string) bool {
		return len(b) >= offset+len(s) && string(b[offset:offset+len(s)]) == s
	}
	switch {
	case at(0, "\x1aE\xdf\xa3"), at(0, "FLV\x01"), at(0, "RIFF") && at(8, "AVI "): // Matroska and WebM, Flash, AVI
		return true
	// MPEG-TS, and with time stamps
	case at(0, "G") && at(188, "G") && at(376, "G"), at(4, "G") && at(196, "G") && at(388, "G"):
		return true
	}
	// MP4 and QuickTime: a box whose size comes first.
	for _, box := range []string{"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"} {
		if at(4, box) {
			return !bytes.HasPrefix(b, []byte("#EXT"))
		}
	}
	return false
}
