package media

import (
	"strconv"
	"strings"
)

// maxAlloc is the largest piece of memory that ffmpeg may ask for at once, in bytes. The process as a whole has
// ffmpeg.Bounds.
const maxAlloc = 2 << 30

// beginning are the first options of every run of ffmpeg: overwrite what an earlier try left, ask nothing, and log at
// this level ("error", "info") without a line of statistics.
func beginning(level string) []string {
	return []string{
		"-y", "-hide_banner", "-nostats", "-nostdin", "-loglevel", level, "-max_alloc",
		strconv.Itoa(maxAlloc),
	}
}

// reading are the options before every file that a tool opens. They allow one protocol, some formats and some decoders,
// and nothing else. Files of strangers take Limits.hostile, which begins with these.
func reading(protocol, formats string, decoders ...string) []string {
	return []string{
		"-protocol_whitelist", protocol,
		"-format_whitelist", formats,
		"-codec_whitelist", strings.Join(decoders, ","),
	}
}
