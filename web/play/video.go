package play

import (
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/media"
	"videomall/mall/playback"
)

func (d Deps) master(c echo.Context) error {
	text, err := d.Playback.Master(c.Request().Context(), c.Param("token"), d.device(c), c.Param("video"))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, playback.PlaylistType, text)
}

func (d Deps) playlist(c echo.Context) error {
	text, err := d.Playback.Playlist(c.Request().Context(), c.Param("token"), d.device(c), c.Param("video"),
		c.Param("rendition"))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, playback.PlaylistType, text)
}

func (d Deps) key(c echo.Context) error {
	number, err := strconv.ParseUint(c.Param("number"), 10, 31)
	if err != nil {
		return media.ErrUnknownAsset.Because("key %q", c.Param("number"))
	}
	key, err := d.Playback.Key(c.Request().Context(), c.Param("token"), d.device(c), c.Param("video"), int(number))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMEOctetStream, key)
}

func (d Deps) segment(c echo.Context) error {
	f, contentType, err := d.Playback.OpenSegment(c.Request().Context(), playback.SegmentRequest{
		Exp:     c.Param("exp"),
		Session: c.Param("session"),
		Sig:     c.Param("sig"),
		Prefix:  c.Param("video"),
		Folder:  c.Param("folder"),
		File:    c.Param("file"),
	})
	if err != nil {
		return err
	}
	return serve(c, f, contentType)
}

// trailer is public. Its pieces change only with their video; which of them are shown is their creator's choice.
func (d Deps) trailer(c echo.Context) error {
	f, contentType, err := d.Playback.OpenTrailer(c.Request().Context(), c.Param("video"), c.Param("file"))
	if err != nil {
		return err
	}
	keep := "public, max-age=86400"
	if contentType == playback.PlaylistType {
		keep = "public, max-age=300"
	}
	c.Response().Header().Set("Cache-Control", keep)
	return serve(c, f, contentType)
}

// serve answers with the file, or with the ranges of it that were asked for, and closes it.
func serve(c echo.Context, f *media.File, contentType string) error {
	defer f.Close()
	c.Response().Header().Set(echo.HeaderContentType, contentType)
	// What is inside of f, and not f: the kernel copies nothing but a file that it can see.
	http.ServeContent(direct{c.Response()}, c.Request(), "", f.ModTime, f.ReadSeekCloser)
	return nil
}

// direct lets the kernel copy a file to the connection, which Echo's response, hiding the server's own writer, would
// prevent.
type direct struct{ *echo.Response }

func (w direct) ReadFrom(r io.Reader) (int64, error) {
	if !w.Committed {
		w.WriteHeader(http.StatusOK)
	}
	n, err := io.Copy(w.Response.Writer, r)
	w.Size += n
	return n, err
}
