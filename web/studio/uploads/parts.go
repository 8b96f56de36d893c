package uploads

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"videomall/mall/media"
	"videomall/web/page"
)

// direct is how an upload in parts stands.
type direct struct {
	URL       string       `json:"url"`
	Size      int64        `json:"size"`
	PartSize  int64        `json:"partSize"`
	ExpiresAt time.Time    `json:"expiresAt"`
	Parts     []media.Part `json:"parts"`
	VideoID   *int64       `json:"videoId,omitempty"`
}

func describeParts(u media.Upload, parts []media.Part) direct {
	if parts == nil {
		parts = []media.Part{}
	}
	return direct{
		URL:       partsPath + "/" + u.ID,
		Size:      u.Size,
		PartSize:  u.PartSize,
		ExpiresAt: u.ExpiresAt.UTC(),
		Parts:     parts,
		VideoID:   u.VideoID,
	}
}

// maxJSON bounds what a script says of a file or asks for.
const maxJSON = 16 << 10

func read(c *page.Ctx, into any) error {
	if err := json.NewDecoder(io.LimitReader(c.Request().Body, maxJSON)).Decode(into); err != nil {
		return page.ErrBadRequest(err)
	}
	return nil
}

func (d Deps) partsBegin(c *page.Ctx) error {
	if !d.Media.Uploads.Direct() {
		return media.ErrUploadWrongWay
	}
	var said struct {
		Name, Type string
		Size       int64
	}
	if err := read(c, &said); err != nil {
		return err
	}
	u, err := d.Media.Uploads.Begin(c.Request().Context(), c.Viewer.UserID, media.NewUpload{
		Name: said.Name,
		Type: said.Type,
		Size: said.Size,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, describeParts(u, nil))
}

func (d Deps) partsShow(c *page.Ctx) error {
	ctx, owner, id := c.Request().Context(), c.Viewer.UserID, c.Param("id")
	u, err := d.Media.Uploads.Get(ctx, owner, id)
	if err != nil {
		return err
	}
	var parts []media.Part
	if u.Offset < u.Size { // else they are joined, or about to be
		if parts, err = d.Media.Uploads.Parts(ctx, owner, id); err != nil && !errors.Is(err, media.ErrUnknownUpload) {
			return err
		}
	}
	answer := describeParts(u, parts)
	return c.JSON(http.StatusOK, struct {
		direct
		Offset int64 `json:"offset"`
	}{answer, u.Offset})
}

func (d Deps) partsSign(c *page.Ctx) error {
	var asked struct{ Numbers []int }
	if err := read(c, &asked); err != nil {
		return err
	}
	signed, err := d.Media.Uploads.SignParts(c.Request().Context(), c.Viewer.UserID, c.Param("id"), asked.Numbers)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"parts": signed})
}

func (d Deps) partsComplete(c *page.Ctx) error {
	id, err := d.Media.Uploads.Complete(c.Request().Context(), c.Viewer.UserID, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int64{"videoId": id})
}
