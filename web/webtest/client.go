package webtest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"
)

// NewClient makes an HTTP client that keeps cookies and follows no redirect.
func NewClient(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// Response is an answer that has been read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Do sends a request and reads the whole answer.
func Do(t testing.TB, client *http.Client, r *http.Request) Response {
	t.Helper()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Response{
		Status: res.StatusCode,
		Header: res.Header,
		Body:   string(body),
	}
}
