package main

import (
	"flag"
	"fmt"
	"log"
	"path/filepath"
	"strings"
	"time"
)

// Faces are the typefaces with which some videos write.
type Faces struct{ Serif, Mono *Typeface }

func main() {
	log.SetFlags(0)
	out := flag.String("out", "demo", "folder that holds catalogue/, footage/, covers/ and avatars/")
	only := flag.String("only", "", "comma-separated slugs; empty means all films")
	parts := flag.String("parts", "footage,captions,covers,avatars", "what to make")
	sheet := flag.String("look", "", "write contact sheets into this folder and stop")
	serif := flag.String("serif", "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc", "typeface for Chinese")
	mono := flag.String("mono", "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", "typeface for code")
	flag.Parse()
	if err := run(*out, *only, *parts, *sheet, *serif, *mono); err != nil {
		log.Fatal(err)
	}
}

func listed(list, word string) bool { return strings.Contains(","+list+",", ","+word+",") }

func run(out, only, parts, sheet, serif, mono string) error {
	var face Faces
	var err error
	if face.Serif, err = openTypeface(serif); err != nil {
		return err
	}
	if face.Mono, err = openTypeface(mono); err != nil {
		return err
	}
	for _, f := range videos(face) {
		if only != "" && !listed(only, f.Slug) {
			continue
		}
		begun := time.Now()
		if sheet != "" {
			err = look(f, 4, sheet)
		} else {
			err = makeParts(f, out, parts)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.Slug, err)
		}
		log.Printf("%-24s %s", f.Slug, time.Since(begun).Round(time.Second))
	}
	if sheet == "" && listed(parts, "avatars") {
		return drawAvatars(out)
	}
	return nil
}

func makeParts(f Video, out, parts string) error {
	dir := filepath.Join(out, "footage", f.Slug)
	if listed(parts, "footage") {
		if err := produce(f, out); err != nil {
			return err
		}
	}
	if listed(parts, "captions") {
		if err := writeCaptions(out, dir, f.Slug); err != nil {
			return err
		}
	}
	if listed(parts, "covers") {
		return writeCovers(f, out, dir)
	}
	return nil
}
