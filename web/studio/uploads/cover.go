package uploads

import (
	"errors"
	"io"
	"net/http"
	"time"

	"videomall/mall/fault"
	"videomall/mall/media"
	"videomall/views/address"
	"videomall/web/page"
	"videomall/web/transfer"
)

const (
	// maxCoverBody is larger than a picture may be, so that a picture that is too large can be answered in words.
	maxCoverBody = 20 << 20
	// coverTime and coverRate bound how long a picture may hold one of the few turns; the rate is in bytes a second.
	coverTime = 2 * time.Minute
	coverRate = 8 << 10
)

// saveCover takes the first file of a form and answers with the name that a listing keeps. Nothing of the body is read
// before it is the picture's turn.
func (d Deps) saveCover(c *page.Ctx) error {
	r := c.Request()
	turn, err := d.Media.Covers.Begin(r.Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	defer turn.End()
	body := transfer.NewBody(r.Body, http.NewResponseController(c.Response()), transfer.BodyLimits{
		Rate:     coverRate,
		Within:   coverTime,
		Stopping: d.Stopping,
	})
	defer body.End()
	r.Body = http.MaxBytesReader(c.Response(), io.NopCloser(body), maxCoverBody)
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
			return broken(err)
		}
		if part.FileName() == "" {
			continue
		}
		stem, err := turn.Save(r.Context(), part, r.ContentLength)
		if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
			err = media.ErrCoverSize
		}
		if err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, map[string]string{"cover": stem, "url": address.CoverSet(stem)})
	}
}

// broken distinguishes a body that came too slowly from one that can't be read.
func broken(err error) error {
	if _, ours := errors.AsType[*fault.Fault](err); ours {
		return err
	}
	return page.ErrBadRequest(err)
}
