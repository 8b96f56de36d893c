package media

import "slices"

// A stranger's file is read as one of these formats and with these decoders alone. The list of formats is what keeps a
// playlist that names other files from being followed; the list of protocols alone does not, since those files are
// files.
const formats = "mov,matroska,mpegts,avi,flv"

// codec is a codec that the mall takes, by the name that ffprobe gives it, with the decoders that read it. A decoder's
// name is often the codec's, but not always: dts is read by dca.
type codec struct {
	name     string
	decoders []string
}

func same(names ...string) []codec {
	list := make([]codec, len(names))
	for i, n := range names {
		list[i] = codec{n, []string{n}}
	}
	return list
}

// pictureCodecs are what the picture of a video may be in.
func pictureCodecs() []codec {
	return append(
		same("h264", "hevc", "vp8", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "prores", "dnxhd", "h263",
			"vp6f",
			"msmpeg4v2", "wmv2", "ffv1"),
		codec{"av1", []string{"libdav1d", "av1"}},
		codec{"flv1", []string{"flv"}},
		codec{"msmpeg4v3", []string{"msmpeg4"}},
	)
}

// soundCodecs are what the sound of a video may be in.
func soundCodecs() []codec {
	return append(
		same("aac", "aac_latm", "ac3", "eac3", "truehd", "flac", "alac", "vorbis", "adpcm_ms", "adpcm_ima_wav",
			"adpcm_ima_qt",
			"adpcm_swf", "nellymoser", "wmav1", "wmav2", "pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le",
			"pcm_s24be", "pcm_s32le",
			"pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_mulaw", "pcm_alaw", "pcm_bluray",
			"pcm_dvd"),
		codec{"amr_nb", []string{"amrnb", "libopencore_amrnb"}},
		codec{"amr_wb", []string{"amrwb", "libopencore_amrwb"}},
		codec{"dts", []string{"dca"}},
		codec{"mp2", []string{"mp2float", "mp2"}},
		codec{"mp3", []string{"mp3float", "mp3"}},
		codec{"opus", []string{"opus", "libopus"}},
	)
}

func taken(list []codec, name string) bool {
	return slices.ContainsFunc(list, func(c codec) bool { return c.name == name })
}

// decoders is the whitelist that the tools get.
func decoders() (names []string) {
	for _, c := range append(pictureCodecs(), soundCodecs()...) {
		names = append(names, c.decoders...)
	}
	return names
}
