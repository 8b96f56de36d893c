package admin

import (
	"videomall/mall/playback"
	"videomall/views/text"
)

// PlayFacts are the lines of the play log of one video in the evidence, each with its name.
func PlayFacts(log playback.PlayLog) [][2]string { return playFacts(text.For(text.En), log) }
