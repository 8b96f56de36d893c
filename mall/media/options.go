package media

import (
	"strconv"
	"strings"
)

// maxAlloc is the largest piece of memory that ffmpeg may ask for at once, in bytes. The process as a whole has
// ffmpeg.Bounds.
const maxAlloc = 2 << 30

// beginning are the options that every run of ffmpeg begins with: it replaces what an earlier try left, asks nobody
// anything, and says what is at least of this level ("error", "info") without counting frames meanwhile.
func beginning(level string) []string {
	return []string{"-y", "-hide_banner", "-nostats", "-nostdin", "-loglevel", level, "-max_alloc",
		strconv.Itoa(maxAlloc)}
}

// reading are the options before every file that a tool opens: by which protocol, as which formats and with which
// decoders alone. A file of a stranger's takes Limits.hostile, which begins with these.
func reading(protocol, formats string, decoders ...string) []string {
	return []string{
		"-protocol_whitelist", protocol,
		"-format_whitelist", formats,
		"-codec_whitelist", strings.Join(decoders, ","),
	}
}
