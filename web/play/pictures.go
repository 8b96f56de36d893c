package play

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/mall/media"
)

var errNoPicture = fault.New(fault.NotFound, "unknown_picture", "There is no such picture.")

// pictures serves WebP files, which anybody may see. Their names carry no version, so a browser keeps one for a day and
// then asks whether it still holds, by the hash of what it has.
func pictures(files fs.FS) echo.HandlerFunc {
	return func(c echo.Context) error {
		name := c.Param("file")
		if files == nil || path.Ext(name) != ".webp" || path.Base(name) != name || !fs.ValidPath(name) {
			return errNoPicture.Because("%q", name)
		}
		picture, err := fs.ReadFile(files, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			return errNoPicture.Because("%w", err)
		}
		if err != nil {
			return err
		}
		sum := sha256.Sum256(picture)
		h := c.Response().Header()
		h.Set("Cache-Control", "public, max-age=86400, stale-while-revalidate=604800")
		h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
		h.Set(echo.HeaderContentType, "image/webp")
		http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(picture))
		return nil
	}
}

// cover serves a creator's cover from the storage, and else what others does. A creator's cover never changes: a new
// one has a new name.
func (d Deps) cover(others echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		f, err := d.Media.Covers.Open(c.Request().Context(), c.Param("file"))
		if errors.Is(err, media.ErrNoCover) {
			return others(c)
		}
		if err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		return serve(c, f, "image/webp")
	}
}
