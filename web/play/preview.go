package play

import (
	"net/http"
	"strconv"

	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/web/page"
)

// PreviewURL authorises a video for its creator and for those who decide on it, as a player asks: GET, or POST
// {takeover: true}.
func PreviewURL(assetID int64) string {
	return "/preview/" + strconv.FormatInt(assetID, 10) + "/auth"
}

// preview answers as authorize does.
func (d Deps) preview(c *page.Ctx) error {
	if !c.Viewer.SignedIn() {
		return playback.ErrSignedOut
	}
	if err := c.CheckFactor(); err != nil {
		return err
	}
	takeOver, err := wantsTakeOver(c.Request())
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(c.Param("assetId"), 10, 64)
	if err != nil {
		return media.ErrUnknownAsset.Because("asset %q", c.Param("assetId"))
	}
	ctx, viewer := c.Request().Context(), c.Viewer.UserID
	s, err := d.Playback.Preview(ctx, playback.PreviewRequest{
		UserID:   viewer,
		AssetID:  id,
		By:       playback.Credential(c.Viewer.Grant),
		Device:   d.ensureDevice(c.Context),
		TakeOver: takeOver,
		Look:     c.IsHead(),
	})
	if err != nil {
		return err
	}
	asset, err := d.Media.Assets.ByID(ctx, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, d.beside(authorization{session: describe(s)}, viewer, asset))
}
