package uploads

import (
	"encoding/base64"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/mall/media"
	"videomall/web/page"
	"videomall/web/transfer"
)

// The protocol is https://tus.io/protocols/resumable-upload, version 1.0.0, with the extensions creation, expiration
// and termination.
const (
	tusResumable  = "1.0.0"
	tusExtensions = "creation,expiration,termination"
	patchType     = "application/offset+octet-stream"
	// videoHeader is ours: the video that a complete upload became.
	videoHeader = "Mall-Video"
)

// tusHeaders are those of the core and of the extensions that a request may have.
var tusHeaders = []string{"Upload-Length", "Upload-Metadata", "Upload-Offset"}

var (
	errTusVersion = fault.New(fault.Invalid, "tus_version", "This upload protocol is tus 1.0.0.")
	errTusHeader  = fault.New(fault.Invalid, "tus_header", "A header of the upload is missing or can't be read.")
	errTusOffer   = fault.New(fault.Invalid, "tus_extension",
		"The upload uses an extension of tus that this address does not offer. "+
			"It offers creation, expiration and termination: no parallel uploads, no length that comes later, no "+
			"checksums, no bytes in the first request.")
	errTusType = fault.New(fault.Invalid, "unsupported_media_type", "The request's content type is not understood.")
)

// withStatus answers a fault with a status of its own, where the protocol asks for one.
func withStatus(status int, f *fault.Fault) error { return echo.NewHTTPError(status).SetInternal(f) }

func (d Deps) tusOptions(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Tus-Resumable", tusResumable)
	h.Set("Tus-Version", tusResumable)
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Max-Size", strconv.FormatInt(d.Media.Uploads.FileLimit(), 10))
	return c.NoContent(http.StatusNoContent)
}

func tusVersion(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Tus-Resumable", tusResumable)
		if c.Request().Header.Get("Tus-Resumable") != tusResumable {
			h.Set("Tus-Version", tusResumable)
			return withStatus(http.StatusPreconditionFailed, errTusVersion)
		}
		return next(c)
	}
}

// offered refuses extensions that are not offered before any of the body is read. A client that is not refused assumes
// that it was understood: Upload-Concat, for example, declares a whole file to be a part of one.
func offered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		for name := range r.Header {
			if strings.HasPrefix(name, "Upload-") && !slices.Contains(tusHeaders, name) {
				return page.ErrBadRequest(errTusOffer.With(name, "not_offered"))
			}
		}
		creates := r.Method == http.MethodPost && r.Header.Get("X-HTTP-Method-Override") == ""
		if kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); creates && err == nil &&
			kind == patchType {
			return page.ErrBadRequest(errTusOffer.With(echo.HeaderContentType, "not_offered"))
		}
		return next(c)
	}
}

// tusBegin is the extension creation. It refuses an upload of unknown size, because nothing could be checked before the
// first byte.
func (d Deps) tusBegin(c *page.Ctx) error {
	if d.Media.Uploads.Direct() {
		return media.ErrUploadWrongWay
	}
	size, err := strconv.ParseInt(c.Request().Header.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return page.ErrBadRequest(errTusHeader.Because("Upload-Length: %w", err))
	}
	said, err := metadata(c.Request().Header.Get("Upload-Metadata"))
	if err != nil {
		return page.ErrBadRequest(errTusHeader.Because("Upload-Metadata: %w", err))
	}
	u, err := d.Media.Uploads.Begin(c.Request().Context(), c.Viewer.UserID, media.NewUpload{
		Name: said["filename"],
		Type: said["filetype"],
		Size: size,
	})
	if errors.Is(err, media.ErrUploadSize) && size > 0 {
		return withStatus(http.StatusRequestEntityTooLarge, fault.From(err))
	}
	if errors.Is(err, media.ErrDiskFull) {
		return withStatus(http.StatusInsufficientStorage, fault.From(err))
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, c.PublicURL(tusPath+"/"+u.ID))
	describe(c, u)
	return c.NoContent(http.StatusCreated)
}

// metadata reads pairs of a key and a base64 value, "filename ZmlsbS5tcDQ=,draft".
func metadata(header string) (map[string]string, error) {
	said := map[string]string{}
	for pair := range strings.SplitSeq(header, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
		if err != nil {
			return nil, err
		}
		said[key] = string(b)
	}
	return said, nil
}

func describe(c *page.Ctx, u media.Upload) {
	h := c.Response().Header()
	h.Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	h.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
	if u.Complete() {
		h.Set(videoHeader, strconv.FormatInt(*u.VideoID, 10))
		return
	}
	h.Set("Upload-Expires", u.ExpiresAt.UTC().Format(http.TimeFormat))
}

// tus answers for one upload. A client that can't send PATCH says it in a header.
func (d Deps) tus(c *page.Ctx) error {
	method := c.Request().Method
	if other := c.Request().Header.Get("X-HTTP-Method-Override"); method == http.MethodPost {
		method = other
	}
	switch method {
	case http.MethodHead:
		u, err := d.Media.Uploads.Get(c.Request().Context(), c.Viewer.UserID, c.Param("id"))
		if err != nil {
			return err
		}
		describe(c, u)
		return c.NoContent(http.StatusOK)
	case http.MethodPatch:
		return d.patch(c)
	case http.MethodDelete:
		return d.cancel(c)
	}
	c.Response().Header().Set(echo.HeaderAllow, "OPTIONS, HEAD, PATCH, DELETE")
	return echo.ErrMethodNotAllowed
}

func (d Deps) patch(c *page.Ctx) error {
	r := c.Request()
	if kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); err != nil || kind != patchType {
		return withStatus(http.StatusUnsupportedMediaType, errTusType)
	}
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 {
		return page.ErrBadRequest(errTusHeader.Because("Upload-Offset: %w", err))
	}
	body := transfer.NewBody(r.Body, http.NewResponseController(c.Response()), transfer.BodyLimits{
		Rate:     d.MinRate,
		Stopping: d.Stopping,
	})
	defer body.End()
	u, err := d.Media.Uploads.Write(r.Context(), c.Viewer.UserID, c.Param("id"), offset, body, r.ContentLength)
	switch {
	case errors.Is(err, media.ErrUploadBusy):
		return withStatus(http.StatusLocked, fault.From(err))
	case errors.Is(err, media.ErrDiskFull):
		return withStatus(http.StatusInsufficientStorage, fault.From(err))
	case errors.Is(err, media.ErrUploadTooLong):
		return withStatus(http.StatusRequestEntityTooLarge, fault.From(err))
	case err != nil:
		return err
	}
	describe(c, u)
	return c.NoContent(http.StatusNoContent)
}
