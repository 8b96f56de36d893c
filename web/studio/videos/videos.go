// Package videos owns the studio's pages of uploaded videos: the list, and each video's page with how far it has come,
// its posters, trailer, subtitles and chapters. Making videos is mall/media's; it refuses to know how.
package videos

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/media"
	"videomall/mall/media/ffmpeg"
	"videomall/mall/playback"
	videosview "videomall/views/studio/videos"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
	"videomall/web/play"
)

// Deps is what the pages work with.
type Deps struct {
	Site     *page.Site
	Media    media.Media
	Playback *playback.Playback
}

// perPage is how many videos a page lists.
const perPage = 50

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	creator, on := d.Site.RequireRole(account.RoleCreator), d.Site.Handle
	g.GET("/studio/videos", on(d.list), creator)
	g.GET("/studio/videos/:id", on(d.show), creator)
	g.GET("/studio/videos/:id/status", on(d.status), creator)
	g.GET("/studio/videos/:id/play", on(d.play), creator)
	g.GET("/admin/films/:id", on(d.inspect), d.Site.RequireDuty)
	g.GET("/studio/videos/:id/posters/:n", on(d.poster), creator)
	g.POST("/studio/videos/:id/cover", on(d.cover), creator)
	g.POST("/studio/videos/:id/retry", on(d.retry), creator)
	g.POST("/studio/videos/:id/delete", on(d.remove), creator)
	g.POST("/studio/videos/:id/trailer", on(d.trailer), creator)
	g.POST(captionsPath, on(d.captions), creator)
	g.POST("/studio/videos/:id/captions/delete", on(d.dropCaptions), creator)
	g.POST("/studio/videos/:id/chapters", on(d.chapters), creator)
}

// id is the video that the address names.
func id(c *page.Ctx) int64 { return formvalue.ID(c.Param("id")) }

func (d Deps) noFFmpeg() bool { return errors.Is(d.Media.Pipeline.Ready(), ffmpeg.ErrMissing) }

func (d Deps) list(c *page.Ctx) error {
	ctx, me := c.Request().Context(), c.Viewer.UserID
	before := formvalue.ID(c.QueryParam("before"))
	p := videosview.ListPage{NoFFmpeg: d.noFFmpeg()}
	var err error
	if p.Videos, err = d.Media.Videos.List(ctx, me, before, perPage+1); err != nil {
		return err
	}
	if len(p.Videos) > perPage {
		p.Videos = p.Videos[:perPage]
		p.Next = "/studio/videos?before=" + strconv.FormatInt(p.Videos[perPage-1].ID, 10)
	}
	if before > 0 {
		p.First = "/studio/videos"
	}
	ids := make([]int64, len(p.Videos))
	for i, v := range p.Videos {
		ids[i] = v.ID
	}
	if p.Stages, err = d.Media.Pipeline.Stages(ctx, me, ids...); err != nil {
		return err
	}
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, c.Text.T("studio.videos"), videosview.List(p))
}

// load reads what the page of a video shows.
func (d Deps) load(c *page.Ctx) (p videosview.VideoPage, err error) {
	ctx, me := c.Request().Context(), c.Viewer.UserID
	if p.Video, err = d.Media.Videos.Get(ctx, me, id(c)); err != nil {
		return p, err
	}
	stages, err := d.Media.Pipeline.Stages(ctx, me, p.Video.ID)
	if err != nil {
		return p, err
	}
	p.Stages = stages[p.Video.ID]
	p.NoFFmpeg = d.noFFmpeg()
	p.Language = play.LanguageName
	p.Trailer = videosview.TrailerOf(p.Video.Trailer)
	if p.Video.AssetID == nil {
		return p, nil
	}
	asset, err := d.Media.Assets.ByID(ctx, *p.Video.AssetID)
	if err != nil {
		return p, err
	}
	p.Asset, p.Chapters.Lines = &asset, videosview.ChapterLines(asset.Chapters)
	return p, nil
}

func (d Deps) render(c *page.Ctx, status int, p videosview.VideoPage) error {
	c.Page.NoIndex = true
	return c.Render(status, p.Video.Name, videosview.Page(p))
}

func (d Deps) show(c *page.Ctx) error {
	p, err := d.load(c)
	if err != nil {
		return err
	}
	return d.render(c, http.StatusOK, p)
}

// status is the part of the page that asks for itself. Once the video is made, or failed, the whole page has more to
// show.
func (d Deps) status(c *page.Ctx) error {
	p, err := d.load(c)
	if err != nil {
		return err
	}
	if p.Video.State != media.VideoProcessing {
		c.Response().Header().Set("HX-Refresh", "true")
	}
	return c.Fragment(http.StatusOK, videosview.Status(p))
}

func (d Deps) play(c *page.Ctx) error {
	v, err := d.Media.Videos.Get(c.Request().Context(), c.Viewer.UserID, id(c))
	if err != nil {
		return err
	}
	if v.AssetID == nil {
		return c.Redirect(videosview.URL(v.ID))
	}
	f, err := d.video(c, v)
	if err != nil {
		return err
	}
	if v.Posters > 0 {
		f.Poster = videosview.URL(v.ID) + "/posters/0"
	}
	return d.renderVideo(c, videosview.PlayPage{Video: v, Player: f})
}

// InspectURL is where an operator sees a creator's video before it is on sale.
func InspectURL(videoID int64) string { return "/admin/films/" + strconv.FormatInt(videoID, 10) }

// inspect plays anybody's video for an operator who decides on it.
func (d Deps) inspect(c *page.Ctx) error {
	v, err := d.Media.Videos.ByID(c.Request().Context(), id(c))
	if err == nil && v.AssetID == nil {
		err = media.ErrUnknownVideo.Because("video %d is %s", v.ID, v.State)
	}
	if err != nil {
		return err
	}
	f, err := d.video(c, v)
	if err != nil {
		return err
	}
	return d.renderVideo(c, videosview.PlayPage{
		Video:    v,
		Player:   f,
		Operator: true,
	})
}

// video is a packaged video with what lies beside it, for who may see it without having bought it.
func (d Deps) video(c *page.Ctx, v media.Video) (ui.Video, error) {
	ctx, me := c.Request().Context(), c.Viewer.UserID
	asset, err := d.Media.Assets.ByID(ctx, *v.AssetID)
	if err != nil {
		return ui.Video{}, err
	}
	f := ui.Video{
		Title:      v.Name,
		AuthURL:    play.PreviewURL(asset.ID),
		Watermark:  d.Playback.Watermark(me),
		SignInURL:  "/sign-in",
		DevicesURL: "/library/devices",
		Sounds:     len(asset.Sounds) > 0,
	}
	extras := d.Playback.Extras(me, asset)
	f.Thumbs = extras.ThumbsURL
	f.Captions, f.Chapters = play.Beside(extras, c.Text.Lang == text.ZhCN)
	return f, nil
}

func (d Deps) renderVideo(c *page.Ctx, p videosview.PlayPage) error {
	c.AdmitPlayer()
	c.Page.NoIndex = true
	return c.Render(http.StatusOK, p.Video.Name, videosview.Play(p))
}

func (d Deps) poster(c *page.Ctx) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil {
		n = -1
	}
	picture, err := d.Media.Videos.Poster(c.Request().Context(), c.Viewer.UserID, id(c), n)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, max-age=3600")
	return c.Blob(http.StatusOK, "image/jpeg", picture)
}
