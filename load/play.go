package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A viewer loads the first segments at once, as players do, and the others as they are watched; not more than
// mostSegments.
const (
	buffered     = 2
	mostSegments = 6
)

// play buys a free video for everybody before the crowd comes; the crowd watches it, each on a screen of their own.
func play(ctx context.Context, c *Crowd) (func(context.Context, *Visit) string, error) {
	s, err := c.look(ctx, "sort=popular&priceMax=0")
	if err != nil {
		return nil, fmt.Errorf("find a free video: %w", err)
	}
	f := s.videos[0]
	err = c.beforehand(ctx, c.People(), func(ctx context.Context, n int) error { return c.own(ctx, f, n) })
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *Visit) string { return v.watch(ctx, f.VideoID) }, nil
}

// own orders a free video and waits until it is delivered.
func (c *Crowd) own(ctx context.Context, f video, n int) error {
	p := c.stage.People[n]
	var o orderAnswer
	if a := c.ask(ctx, order(p, c.key(n), f.SKUID, 0)); !a.into(&o) {
		return fmt.Errorf("order a free video: %s", a.outcome())
	}
	c.book.write(entry{
		visit:   n,
		person:  p,
		key:     c.key(n),
		orderNo: o.OrderNo,
		end:     placed,
	})
	for until := time.Now().Add(c.plan.Linger); time.Now().Before(until); {
		a := c.ask(ctx, get(api+"/orders/"+o.OrderNo).as(p))
		if !a.into(&o) {
			return fmt.Errorf("look at order %s: %s", o.OrderNo, a.outcome())
		}
		if o.Status == "DELIVERED" {
			return nil
		}
		if !sleepUntil(ctx, time.Now().Add(100*time.Millisecond)) {
			return ctx.Err()
		}
	}
	return errors.New("a free order was not delivered: does a worker run?")
}

// playing is what a player is handed when it is authorised.
type playing struct {
	Token        string
	PlaylistURL  string `json:"playlistUrl"`
	HeartbeatURL string `json:"heartbeatUrl"`
	cookies      string
}

// watch plays a video: authorisation, playlists, keys, segments at the pace of watching, heartbeats.
func (v *Visit) watch(ctx context.Context, videoID int64) (end string) {
	a := v.insist(ctx, "authorise",
		get(fmt.Sprintf("%s/play/auth/%d", api, videoID)).with("Cookie", v.person().Session))
	var p playing
	if !a.into(&p) {
		return a.outcome()
	}
	p.cookies = v.person().Session // and the screen's, which was handed out just now
	for _, k := range (&http.Response{Header: a.header}).Cookies() {
		p.cookies += "; " + k.Name + "=" + k.Value
	}
	if a = v.ask(ctx, "master playlist", get(p.PlaylistURL).with("Cookie", p.cookies)); !a.ok() {
		return a.outcome()
	}
	lists := reels(p.PlaylistURL, string(a.body))
	if len(lists) == 0 {
		return "empty playlist"
	}
	if a = v.ask(ctx, "playlist", get(lists[0].url).with("Cookie", p.cookies)); !a.ok() {
		return a.outcome()
	}
	position := 0.0
	for n, r := range reels(lists[0].url, string(a.body)) {
		if n == mostSegments {
			break
		}
		if n >= buffered && !v.pause(ctx, time.Duration(r.seconds*float64(time.Second))) {
			return abandoned
		}
		position += r.seconds
		if a = v.segment(ctx, p, r, position, n%2 == 1); !a.ok() {
			return a.outcome()
		}
	}
	return "watched"
}

// segment fetches a segment with the key that is new at it, and tells the position afterwards where a heartbeat is due.
// It returns the first answer that is not ok, or the last.
func (v *Visit) segment(ctx context.Context, p playing, r reel, position float64, beat bool) answer {
	if r.key != "" {
		if a := v.ask(ctx, "key", get(r.key).with("Cookie", p.cookies)); !a.ok() {
			return a
		}
	}
	a := v.ask(ctx, "segment", get(r.url))
	if !a.ok() || !beat {
		return a
	}
	return v.ask(ctx, "heartbeat", post(p.HeartbeatURL, map[string]float64{"position": position}).
		with("Cookie", p.cookies).with("Authorization", "Bearer "+p.Token))
}

// reel is a line of a playlist: another playlist, or a segment with the key that is new at it.
type reel struct {
	url, key string
	seconds  float64
}

var (
	length = regexp.MustCompile(`^#EXTINF:([0-9.]+)`)
	key    = regexp.MustCompile(`^#EXT-X-KEY:.*URI="([^"]+)"`)
)

// reels reads what of RFC 8216 the mall writes.
func reels(base, playlist string) (list []reel) {
	var next reel
	at, err := url.Parse(base)
	if err != nil {
		return nil
	}
	absolute := func(ref string) string {
		u, err := at.Parse(ref)
		if err != nil {
			return ref
		}
		return u.RequestURI()
	}
	for line := range strings.Lines(playlist) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case line[0] != '#':
			next.url = absolute(line)
			list = append(list, next)
			next = reel{}
		default:
			if m := length.FindStringSubmatch(line); m != nil {
				next.seconds, _ = strconv.ParseFloat(m[1], 64) // digits and points; a wrong one is a pause of nothing
			}
			if m := key.FindStringSubmatch(line); m != nil {
				next.key = absolute(m[1])
			}
		}
	}
	return list
}
