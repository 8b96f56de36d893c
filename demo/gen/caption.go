package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

func stamp(seconds float64) string {
	ms := int(math.Round(seconds * 1000))
	return fmt.Sprintf("%02d:%02d:%02d.%03d", ms/3600000, ms/60000%60, ms/1000%60, ms%1000)
}

// writeCaptions turns the narration of the catalogue into one WebVTT file for each language. It reads the text from
// disk and not through package demo, which cannot be built before the pictures that it embeds exist.
func writeCaptions(out, dir, slug string) error {
	type line struct {
		From, To float64
		Zh, En   string
	}
	files, err := filepath.Glob(filepath.Join(out, "catalogue", "videos-*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var videos []struct {
			Slug      string
			Narration []line
		}
		if err := json.Unmarshal(data, &videos); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, v := range videos {
			if v.Slug != slug {
				continue
			}
			for _, lang := range []string{"zh", "en"} {
				var vtt strings.Builder
				vtt.WriteString("WEBVTT\n")
				for _, l := range v.Narration {
					text := l.Zh
					if lang == "en" {
						text = l.En
					}
					fmt.Fprintf(&vtt, "\n%s --> %s\n%s\n", stamp(l.From), stamp(l.To), text)
				}
				if err := os.WriteFile(filepath.Join(dir, lang+".vtt"), []byte(vtt.String()), 0o644); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return fmt.Errorf("the catalogue has no video %q", slug)
}
