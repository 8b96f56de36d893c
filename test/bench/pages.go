package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"
)

// pages measures what a shopper sees most, each against Echo sending the same headers and bytes.
func (b *bench) pages(ctx context.Context) ([]row, error) {
	catalogue, err := b.anyVideos(ctx)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, p := range []struct{ name, path string }{
		{"home_page", "/"},
		{"list_page", "/videos?sort=newest"},
		{"product_page", "/v/" + catalogue[0].Slug},
		{"search", "/search?q=%E6%B5%B7"},
	} {
		got, err := load(ctx, 0, func(ctx context.Context, _ int) error { return b.get(ctx, b.url+p.path) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		limit, err := b.echoLimit(ctx, p.path)
		if err != nil {
			return nil, fmt.Errorf("limit of %s: %w", p.name, err)
		}
		rows = append(rows, against(p.name, "pages/s", got, limit))
	}
	return rows, nil
}

func (b *bench) get(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	return b.send(r, http.StatusOK)
}

// send reads an answer to its end and fails on another status.
func (b *bench) send(r *http.Request, want int) error {
	res, err := b.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		return fmt.Errorf("%s %s: %d %s", r.Method, r.URL.Path, res.StatusCode, text)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// echoLimit has a bare Echo send what the mall answered at path.
func (b *bench) echoLimit(ctx context.Context, path string) (figure, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+path, nil)
	if err != nil {
		return figure{}, err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := b.client.Do(r)
	if err != nil {
		return figure{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return figure{}, err
	}
	header := res.Header
	e := echo.New()
	e.GET("/*", func(c echo.Context) error {
		for name, values := range header {
			for _, v := range values {
				c.Response().Header().Add(name, v)
			}
		}
		c.Response().WriteHeader(http.StatusOK)
		_, err := c.Response().Write(body)
		return err
	})
	server := httptest.NewServer(e)
	defer server.Close()
	return load(ctx, 0, func(ctx context.Context, _ int) error { return b.get(ctx, server.URL+path) })
}
