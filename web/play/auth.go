package play

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/media"
	"videomall/mall/playback"
	"videomall/views/address"
	"videomall/web/page"
)

// HeartbeatURL is where players say that they play. Its bearer is a play token and no person's.
const HeartbeatURL = "/api/v1/mall/play/heartbeat"

const maxBody = 4 << 10

// session is what a player is told at each authorisation and heartbeat.
type session struct {
	Token            string    `json:"token"`
	PlaylistURL      string    `json:"playlistUrl"`
	ExpiresAt        time.Time `json:"expiresAt"`
	SessionID        string    `json:"sessionId"`
	SegmentPrefix    string    `json:"segmentPrefix"`
	HeartbeatURL     string    `json:"heartbeatUrl"`
	HeartbeatSeconds int       `json:"heartbeatSeconds"`
}

func describe(s playback.Session) session {
	return session{
		Token:            s.Token,
		PlaylistURL:      s.PlaylistURL,
		ExpiresAt:        s.ExpiresAt.UTC(),
		SessionID:        s.SessionID,
		SegmentPrefix:    s.SegmentPrefix,
		HeartbeatURL:     HeartbeatURL,
		HeartbeatSeconds: s.HeartbeatSeconds,
	}
}

// authorization adds what a player shows beside the video.
type authorization struct {
	session
	ResumeSeconds int       `json:"resumeSeconds"`
	Captions      []caption `json:"captions"`
	ThumbnailsURL string    `json:"thumbnailsUrl,omitempty"`
	PosterURL     string    `json:"posterUrl,omitempty"`
	Watermark     string    `json:"watermark,omitempty"` // of free minutes none
}

type caption struct {
	Language string `json:"language"`
	Label    string `json:"label"`
	URL      string `json:"url"`
}

// forSale is a refusal that buying would lift.
type forSale struct {
	error
	url string
}

func (f forSale) Unwrap() error  { return f.error }
func (f forSale) BuyURL() string { return f.url }

// authorize answers GET, and POST {takeover: true}, which ends the stream on another screen.
func (d Deps) authorize(c *page.Ctx) error {
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
	product, err := d.product(c)
	if err != nil {
		return err
	}
	if product.AssetID == nil {
		return media.ErrUnknownAsset.Because("SPU %d has no video", product.SPUID)
	}
	ctx := c.Request().Context()
	s, err := d.Playback.Authorize(ctx, playback.AuthRequest{
		UserID:   c.Viewer.UserID,
		SPUID:    product.SPUID,
		AssetID:  *product.AssetID,
		By:       playback.Credential(c.Viewer.Grant),
		Device:   d.ensureDevice(c.Context),
		Label:    label(c.Request()),
		TakeOver: takeOver,
		Look:     c.IsHead(),
	})
	if errors.Is(err, entitlement.ErrNotEntitled) || errors.Is(err, entitlement.ErrExpired) ||
		errors.Is(err, entitlement.ErrRevoked) {
		return forSale{err, c.PublicURL(address.Product(product.Slug))}
	}
	if err != nil {
		return err
	}
	asset, err := d.Media.Assets.ByID(ctx, *product.AssetID)
	if err != nil {
		return err
	}
	progress, err := d.Playback.Progress(ctx, c.Viewer.UserID, []int64{product.SPUID})
	if err != nil {
		return err
	}
	a := authorization{session: describe(s), ResumeSeconds: progress[product.SPUID].Resume()}
	a = d.beside(a, c.Viewer.UserID, asset)
	if product.Cover != "" {
		a.PosterURL = address.Cover(product.Cover, media.CoverLarge)
	}
	return c.JSON(http.StatusOK, a)
}

// beside adds what lies beside a video, signed for a viewer.
func (d Deps) beside(a authorization, viewer int64, asset media.Asset) authorization {
	extras := d.Playback.Extras(viewer, asset)
	a.Captions = captions(extras.Captions)
	a.ThumbnailsURL = extras.ThumbsURL
	a.Watermark = d.Playback.Watermark(viewer)
	return a
}

func captions(signed []playback.Caption) []caption {
	list := []caption{}
	for _, x := range signed {
		list = append(list, caption{
			Language: x.Language,
			Label:    LanguageName(x.Language),
			URL:      x.URL,
		})
	}
	return list
}

// product is the video that the address names by its number, whether or not it is still on sale: it was bought.
func (d Deps) product(c *page.Ctx) (catalog.Product, error) {
	id, err := strconv.ParseInt(c.Param("videoId"), 10, 64)
	if err != nil {
		return catalog.Product{}, catalog.ErrProductNotFound.Because("video %q", c.Param("videoId"))
	}
	ctx := c.Request().Context()
	cards, err := d.Catalog.Cards(ctx, []int64{id})
	if err != nil {
		return catalog.Product{}, err
	}
	if len(cards) == 0 {
		return catalog.Product{}, catalog.ErrProductNotFound.Because("video %d", id)
	}
	return d.Catalog.FindAny(ctx, cards[0].Slug)
}

// wantsTakeOver reads what a player asks for. GET starts a stream as well, so it is refused when another site sent the
// browser.
func wantsTakeOver(r *http.Request) (bool, error) {
	if r.Method != http.MethodPost {
		return false, page.RefuseElsewhere(r)
	}
	var body struct{ Takeover bool }
	if err := decode(r, &body); err != nil {
		return false, err
	}
	return body.Takeover, nil
}

func decode(r *http.Request, into any) error {
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody)).Decode(into); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return page.ErrBadRequest(err)
	}
	return nil
}

// heartbeat takes {position} and Authorization: Bearer with the play token.
func (d Deps) heartbeat(c echo.Context) error {
	r := c.Request()
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	// The header names the stream; who sits before it says the session, which a bearer token would stand in for.
	r.Header.Del("Authorization")
	viewer, err := d.Site.From(c)
	if err != nil {
		return err
	}
	var body struct{ Position float64 }
	if err := decode(r, &body); err != nil {
		return err
	}
	s, err := d.Playback.Heartbeat(r.Context(), playback.HeartbeatRequest{
		Token:    token,
		Device:   d.device(c),
		UserID:   viewer.Viewer.UserID,
		By:       playback.Credential(viewer.Viewer.Grant),
		Position: body.Position,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describe(s))
}
