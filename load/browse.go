package load

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// onSale is what a visitor may come upon, read once before the crowd comes.
type onSale struct {
	videos []video
	words  []string // of their titles
}

type video struct {
	VideoID  int64 `json:"videoId"`
	SKUID    int64 `json:"skuId"`
	Slug     string
	Title    string
	Category string `json:"categorySlug"`
	Price    *struct{ Amount int64 }
}

// look reads what is on sale through the API.
func (c *Crowd) look(ctx context.Context, query string) (onSale, error) {
	a := c.ask(ctx, get(api+"/videos?limit=100&"+query).with("Accept-Language", "en"))
	var list struct{ Items []video }
	if !a.into(&list) {
		return onSale{}, fmt.Errorf("list what is on sale: %s", a.outcome())
	}
	if len(list.Items) == 0 {
		return onSale{}, errors.New("nothing of the kind is on sale")
	}
	s := onSale{videos: list.Items}
	for _, f := range s.videos {
		for _, w := range strings.Fields(f.Title) {
			if w = strings.Trim(w, ".,:;!?'\""); len(w) > 3 {
				s.words = append(s.words, w)
			}
		}
	}
	if len(s.words) == 0 {
		s.words = []string{"film"}
	}
	return s, nil
}

func (s onSale) video(v *Visit) video { return s.videos[v.draw.IntN(len(s.videos))] }
func (s onSale) word(v *Visit) string {
	return url.QueryEscape(s.words[v.draw.IntN(len(s.words))])
}

// page asks as a browser does; what it would load besides comes out of its cache or from an edge.
func page(path string) request {
	return get(path).with("Accept", "text/html").with("Accept-Encoding", "gzip")
}

// browse looks at the front page, a list, a search and some videos, with a reader's pauses.
func browse(ctx context.Context, c *Crowd) (func(context.Context, *Visit) string, error) {
	s, err := c.look(ctx, "sort=popular")
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v *Visit) string {
		sorts := []string{"newest", "popular", "price_asc", "price_desc"}
		walk := []struct {
			step string
			path func() string
		}{
			{"home page", func() string { return "/" }},
			{"list", func() string {
				return []string{"/videos", "/c/" + s.video(v).Category}[v.draw.IntN(2)] + "?sort=" +
					sorts[v.draw.IntN(len(sorts))]
			}},
			{"product page", func() string { return "/v/" + s.video(v).Slug }},
			{"search", func() string { return "/search?q=" + s.word(v) }},
			{"product page", func() string { return "/v/" + s.video(v).Slug }},
		}
		for n, w := range walk {
			if n > 0 && !v.think(ctx) {
				return abandoned
			}
			if a := v.ask(ctx, w.step, page(w.path())); !a.ok() {
				return a.outcome()
			}
		}
		return left
	}, nil
}
