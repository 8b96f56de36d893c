package library

import (
	"bytes"
	"net/http"
	"strconv"

	"videomall/mall/playback"
	"videomall/views/ui"
	"videomall/web/page"
	"videomall/web/play"

	libraryview "videomall/views/library"
)

func (d Deps) devices(c *page.Ctx) error {
	devices, err := d.Playback.Devices(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	here := play.CurrentDevice(c.Context, d.Playback, d.Secure)
	p := libraryview.DevicesPage{Most: d.Playback.MaxDevices(), Now: c.Now}
	for _, v := range devices {
		p.Devices = append(p.Devices, libraryview.Device{
			ID:    v.ID,
			Label: v.Label,
			Since: v.CreatedAt,
			Seen:  v.LastSeenAt,
			Here:  bytes.Equal(v.Hash, here),
		})
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("library.devices"), libraryview.Devices(p))
}

func (d Deps) removeDevice(c *page.Ctx) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return playback.ErrNoDevice.Because("device %q", c.Param("id"))
	}
	ctx := c.Request().Context()
	hash, err := d.Playback.RemoveDevice(ctx, c.Viewer.UserID, id)
	if err != nil {
		return err
	}
	// Whoever sits there is signed out too; who removes the device they sit at gives its place back and goes on.
	if _, err := d.Sessions.EndDevicesOn(ctx, c.Viewer.UserID, hash, c.Session()); err != nil {
		return err
	}
	c.Flash(ui.Success, "device_removed")
	return c.Redirect("/library/devices")
}
