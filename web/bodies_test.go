package web_test

import (
	"strings"
	"testing"

	"videomall/mall/account"
)

// TestServer_body_limits checks that a form with subtitles may be larger than other forms.
func TestServer_body_limits(t *testing.T) {
	h := openHouse(t, nil)
	creator := h.person("mia", account.RoleCreator)
	c := h.at("192.0.2.1")
	c.signIn(creator)
	send := func(path string, bytes int) int {
		body := "--x\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\nen\r\n--x\r\nContent-Disposition: " +
			"form-data; name=\"file\"; filename=\"a.srt\"\r\n\r\n" +
			"1\n00:00:01,000 --> 00:00:02,000\nHello\n" + strings.Repeat("\n", bytes) + "\r\n--x--\r\n"
		return c.ask("POST", path, body, "Content-Type", "multipart/form-data; boundary=x").status
	}
	for _, r := range []struct {
		path   string
		bytes  int
		status int
	}{
		{"/studio/videos/999/captions", 300 << 10, 404}, // accepted, but there is no such video
		{"/studio/videos/999/captions", 3 << 20, 413},
		{"/studio/videos/999/chapters", 300 << 10, 413},
	} {
		if got := send(r.path, r.bytes); got != r.status {
			t.Errorf("%s with %d bytes: got %d, want %d", r.path, r.bytes, got, r.status)
		}
	}
}
