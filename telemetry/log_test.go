package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"videomall/telemetry"
)

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func TestNewLogger_redacts_secrets(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		log := telemetry.NewLogger(&out, slog.LevelInfo, format)
		h := http.Header{
			"Authorization": {"Bearer hunter22hunter"},
			"Cookie":        {"session=hunter22"},
			"Accept":        {"text/html"},
		}
		log.With("api_key", "hunter22").WithGroup("request").Info("GET /p/"+jwt+"/master.m3u8",
			"password", "hunter22", "Set-Cookie", "hunter22", "header", h,
			"path", "/k/"+jwt+"/3", "page", "GET /sandbox/pay/hunter22HUNTER22/pay: refused", "segment",
			"/s/1790000000/sess1/hunter22hunter22/v1/0001.ts",
			"err", errors.New("connect postgres://mall:hunter22@db/mall: refused"),
			"query", "/reset?token=hunter22&next=/library", "note", "Authorization was Bearer hunter22hunter",
			"dsn", "host=db password=hunter22 user=mall", "raw", []byte("password='hunter22' x"),
			"keys", "sk_live_hunter22hunter whsec_hunter22", "pem", "-----BEGIN PRIVATE KEY-----\nhunter22",
			slog.Group("form", "newPassword", "hunter22", "name", "Mei"))
		s := out.String()
		if strings.Contains(s, "hunter22") || strings.Contains(s, "eyJ") {
			t.Errorf("%s: %s", format, s)
		}
		for _, kept := range []string{
			"master.m3u8", "sess1", "next=/library", "postgres://mall:", "text/html", "Mei",
			"0001.ts", "/pay: refused",
		} {
			if !strings.Contains(s, kept) {
				t.Errorf("%s: lost %q: %s", format, kept, s)
			}
		}
	}
}

func TestRedact_keeps_ordinary_text(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"/p/how-to-paint-mountains", "/s/search?q=token", "https://mall.example.com:8080/videos",
		"order 01J8Z paid in 15m0s",
		"视频 12 已上架", "cursor=abc", "basic course",
	} {
		if got := telemetry.Redact(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestNewLogger_adds_request_id(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelInfo, "json").With("part", "web")
	log.InfoContext(telemetry.WithRequestID(context.Background(), "r-1"), "hello")
	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatal(err)
	}
	if record["request_id"] != "r-1" || record["part"] != "web" {
		t.Errorf("%v", record)
	}
}

func TestAtLeast_warnings_pass(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	ctx := telemetry.WithRequestID(context.Background(), "r-1")
	quiet := telemetry.AtLeast(slog.LevelWarn, telemetry.NewLogger(&out, slog.LevelInfo, "text")).With("part", "jobs").
		WithGroup("g")
	quiet.InfoContext(ctx, "counted again")
	quiet.WarnContext(ctx, "slow", "n", 1)
	quiet.ErrorContext(ctx, "broken")
	got := out.String()
	if strings.Contains(got, "counted") || !strings.Contains(got, "slow part=jobs g.n=1") ||
		!strings.Contains(got, "broken") || !strings.Contains(got, "r-1") {
		t.Error(got)
	}
	out.Reset()
	telemetry.AtLeast(slog.LevelWarn, telemetry.NewLogger(&out, slog.LevelError, "text")).Warn("slow")
	if out.Len() > 0 {
		t.Errorf("it logs what the log itself drops: %s", &out)
	}
}

func TestRequestIDFrom_untrusted_header(t *testing.T) {
	t.Parallel()
	if got := telemetry.RequestIDFrom("abc-1.2_3"); got != "abc-1.2_3" {
		t.Errorf("got %q", got)
	}
	for _, bad := range []string{"", "a b", "a\nb", strings.Repeat("a", 65), "<script>", "日"} {
		if got := telemetry.RequestIDFrom(bad); got == bad || len(got) < 20 {
			t.Errorf("%q gave %q", bad, got)
		}
	}
}

func FuzzRedact_no_jwt(f *testing.F) {
	f.Add("GET /p/", "/master.m3u8")
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := telemetry.Redact(before + " " + jwt + " " + after); strings.Contains(got, jwt) {
			t.Error(got)
		}
	})
}
