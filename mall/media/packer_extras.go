package media

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
)

// trailer copies the beginning of the smallest rendition, with the default sound.
func (p *packer) trailer(r Rendition, sounds []Sound) error {
	picture, err := p.trailerPart(r.Name, "")
	if err != nil {
		return err
	}
	var sound Playlist
	if len(sounds) > 0 {
		if sound, err = p.trailerPart(byDefault(sounds).Name, trailerSound); err != nil {
			return err
		}
	}
	for name, text := range trailerPlaylists(r, picture, sound) {
		if err := p.write("trailer/"+name, text); err != nil {
			return err
		}
	}
	return nil
}

// trailerPart copies the first segments of a folder. Each file gets the prefix before its name.
func (p *packer) trailerPart(folder, prefix string) (Playlist, error) {
	list, err := p.clear(folder)
	if err != nil {
		return Playlist{}, err
	}
	list.Segments = list.Segments[:min(trailerSegments, len(list.Segments))]
	for _, file := range append([]string{list.Init}, files(list.Segments)...) {
		if err := p.copy(folder+"/"+file, "trailer/"+prefix+file); err != nil {
			return Playlist{}, err
		}
	}
	return list.renamed(prefix), nil
}

func files(segments []Segment) []string {
	names := make([]string, len(segments))
	for i, s := range segments {
		names[i] = s.File
	}
	return names
}

func (p *packer) captions() ([]Caption, error) {
	names, err := fs.Glob(p.src, "*.vtt")
	if err != nil {
		return nil, err
	}
	captions := []Caption{}
	for _, name := range names {
		if name == ThumbsFile {
			continue
		}
		language := strings.TrimSuffix(name, ".vtt")
		if !languageName.MatchString(language) {
			return nil, ErrBadPackage.Because("%s is not <language>.vtt", name)
		}
		text, err := p.webVTT(name)
		if err != nil {
			return nil, err
		}
		if err := p.write("film/"+ExtrasFolder+"/"+name, text); err != nil {
			return nil, err
		}
		captions = append(captions, Caption{Language: language, File: name})
	}
	return captions, nil
}

// thumbnails copies thumbs.vtt and the sheets that its cues name: "sheet.jpg#xywh=0,0,160,90".
func (p *packer) thumbnails() (bool, error) {
	text, err := p.webVTT(ThumbsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	copied := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		sheet, _, ok := strings.Cut(strings.TrimSpace(line), "#xywh=")
		if !ok || copied[sheet] {
			continue
		}
		if !sheetName.MatchString(sheet) {
			return false, ErrBadPackage.Because("thumbs.vtt names %.80q", sheet)
		}
		if err := p.copy(sheet, "film/"+ExtrasFolder+"/"+sheet); err != nil {
			return false, err
		}
		copied[sheet] = true
	}
	return true, p.write("film/"+ExtrasFolder+"/"+ThumbsFile, text)
}

func (p *packer) webVTT(name string) ([]byte, error) {
	text, err := p.read(name)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("WEBVTT")) {
		return nil, ErrBadPackage.Because("%s is not WebVTT", name)
	}
	return text, nil
}
