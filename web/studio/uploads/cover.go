package uploads

import (
	"errors"
	"io"
	"net/http"
	"time"

	"videomall/mall/media"
	"videomall/web/page"
)

const (
	// maxCoverBody is more than a picture may have, so that one that is too large is told so in words.
	maxCoverBody = 20 << 20
	coverTime    = 2 * time.Minute
)

// saveCover takes the first file of a form and answers with the name that a listing keeps.
func (d Deps) saveCover(c *page.Ctx) error {
	r := c.Request()
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(coverTime)) // the machine's clock, as connections go by
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxCoverBody)
	form, err := r.MultipartReader()
	if err != nil {
		return page.ErrBadRequest(err)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return media.ErrCoverKind.Because("the form has no file")
		}
		if err != nil {
			return page.ErrBadRequest(err)
		}
		if part.FileName() == "" {
			continue
		}
		stem, err := d.Media.SaveCover(r.Context(), c.Viewer.UserID, part)
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			err = media.ErrCoverSize
		}
		if err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, map[string]string{"cover": stem, "url": "/media/covers/" + stem + "-{w}.webp"})
	}
}
