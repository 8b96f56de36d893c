package videos

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"videomall/mall/fault"
	"videomall/mall/locale"
	"videomall/mall/media"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"

	videosview "videomall/views/studio/videos"
)

func (d Deps) retry(c *page.Ctx) error {
	err := d.Media.Pipeline.Retry(c.Request().Context(), c.Viewer.UserID, id(c), c.FormValue("stage"))
	switch {
	case errors.Is(err, media.ErrUnknownStage):
		c.Flash(ui.Warning, "video_moved")
	case err != nil:
		return err
	default:
		c.Flash(ui.Success, "video_retried")
	}
	return c.Redirect(videosview.URL(id(c)))
}

func (d Deps) remove(c *page.Ctx) error {
	if err := d.Media.Videos.Delete(c.Request().Context(), c.Viewer.UserID, id(c)); err != nil {
		return err
	}
	c.Flash(ui.Success, "video_deleted")
	return c.Redirect("/studio/videos")
}

// cover makes a cover of one of the video's pictures and asks which listing it is for.
func (d Deps) cover(c *page.Ctx) error {
	n, err := strconv.Atoi(c.FormValue("poster"))
	if err != nil {
		n = -1
	}
	stem, err := d.Media.Covers.SavePoster(c.Request().Context(), c.Viewer.UserID, id(c), n)
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "cover_saved")
	return c.Redirect("/studio/listings/new?" + url.Values{
		"video": {strconv.FormatInt(id(c), 10)},
		"cover": {stem},
	}.Encode())
}

// saved answers a form: the page anew, or what was wrong beside its field.
func (d Deps) saved(c *page.Ctx, err error, slug string, refused func(*videosview.VideoPage, map[string]string)) error {
	f := fault.From(err)
	switch {
	case err == nil:
		c.Flash(ui.Success, slug)
		return c.Redirect(videosview.URL(id(c)))
	case f.Kind == fault.Invalid && len(f.Fields) > 0:
		p, err := d.load(c)
		if err != nil {
			return err
		}
		refused(&p, f.Fields)
		return d.render(c, http.StatusUnprocessableEntity, p)
	}
	return err
}

func (d Deps) trailer(c *page.Ctx) error {
	from, to := c.FormValue("from"), c.FormValue("to")
	err := d.Media.Videos.SetTrailer(c.Request().Context(), c.Viewer.UserID, id(c), media.Trailer{
		From: moment(from),
		To:   moment(to),
	})
	return d.saved(c, err, "trailer_saved", func(p *videosview.VideoPage, wrong map[string]string) {
		p.Trailer = videosview.TrailerForm{
			From:      from,
			To:        to,
			FromError: wrong["from"],
			ToError:   wrong["to"],
		}
	})
}

// moment reads seconds as people type them, 75, 1:15 or 0:01:15; -1 when it is none.
func moment(s string) int {
	parts, total := strings.Split(strings.TrimSpace(s), ":"), 0
	if len(parts) > 3 {
		return -1
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil || n > 100_000 || i > 0 && n > 59 {
			return -1
		}
		total = total*60 + int(n)
	}
	return total
}

func (d Deps) captions(c *page.Ctx) error {
	r := c.Request()
	r.Body = http.MaxBytesReader(c.Response(), r.Body, MaxCaptionBody)
	file, err := formFile(r)
	if err != nil {
		return err
	}
	language := strings.TrimSpace(c.FormValue("language"))
	unseen, err := d.Media.Captions.Set(r.Context(), c.Viewer.UserID, id(c), language, file)
	slug := "captions_saved"
	if unseen > 0 {
		slug = "captions_unseen"
	}
	return d.saved(c, err, slug, func(p *videosview.VideoPage, wrong map[string]string) {
		p.Captions = videosview.CaptionsForm{
			Language:      language,
			LanguageError: wrong["language"],
			FileError:     wrong["file"],
		}
		for field, slug := range wrong {
			if line, ok := strings.CutPrefix(field, "file."); ok {
				p.Captions.FileLine, p.Captions.FileError = int(formvalue.ID(line)), slug
			}
		}
	})
}

// MaxCaptionBody is the most bytes of a form with subtitles: more than they may have, so that a file that is too large
// is told so in words. TakesCaptions says that a route takes such a form.
const MaxCaptionBody = media.MaxCaptionBytes + 1<<20

// TakesCaptions: see MaxCaptionBody.
func TakesCaptions(route string) bool { return route == captionsPath }

const captionsPath = "/studio/videos/:id/captions"

// formFile reads the file of a form; none is an empty one.
func formFile(r *http.Request) ([]byte, error) {
	f, _, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, err
		}
		return nil, page.ErrBadRequest(fmt.Errorf("read the form: %w", err))
	}
	defer f.Close()
	if err := page.CheckMultipart(r.MultipartForm); err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}

func (d Deps) dropCaptions(c *page.Ctx) error {
	err := d.Media.Captions.Drop(c.Request().Context(), c.Viewer.UserID, id(c), c.FormValue("language"))
	if err != nil {
		return err
	}
	c.Flash(ui.Success, "captions_deleted")
	return c.Redirect(videosview.URL(id(c)))
}

func (d Deps) chapters(c *page.Ctx) error {
	written := c.FormValue("chapters")
	list, lines := readChapters(written)
	err := d.Media.Captions.SetChapters(c.Request().Context(), c.Viewer.UserID, id(c), list)
	return d.saved(c, err, "chapters_saved", func(p *videosview.VideoPage, wrong map[string]string) {
		p.Chapters = videosview.ChaptersForm{Lines: written, Error: wrong["chapters"]}
		for n, line := range lines {
			for _, field := range []string{"start", "en", "zh"} {
				if slug := wrong[fmt.Sprintf("chapters.%d.%s", n, field)]; slug != "" {
					p.Chapters.Line, p.Chapters.Error = line, slug
					return
				}
			}
		}
	})
}

// readChapters reads a chapter a line, begin | title in English | title in Chinese, and says from which line each came.
// What can't be read becomes a value that the rules refuse.
func readChapters(s string) (list []media.Chapter, lines []int) {
	for n, line := range strings.Split(s, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		parts := strings.SplitN(line+"||", "|", 3)
		list = append(list, media.Chapter{
			Start: moment(parts[0]),
			Text:  locale.Text{En: strings.TrimSpace(parts[1]), Zh: strings.Trim(parts[2], " \t\r|")},
		})
		lines = append(lines, n+1)
	}
	return list, lines
}
