package examples_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	mallclient "videomall/examples/go"
	"videomall/mall/partner/signature"
	"videomall/test/nodetest"
)

var update = flag.Bool("update", false, "write vectors.json anew")

// vector is one signed request. Of its keys it has those of its form.
type vector struct {
	Name       string            `json:"name"`
	Form       string            `json:"form"` // vm1 or rfc9421
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Body       string            `json:"body"`
	KeyID      string            `json:"keyId"`
	Secret     string            `json:"secret,omitempty"`
	PrivateKey string            `json:"privateKey,omitempty"`
	PublicKey  string            `json:"publicKey,omitempty"`
	Timestamp  int64             `json:"timestamp"`
	Nonce      string            `json:"nonce"`
	Text       string            `json:"text"` // what is signed
	Headers    map[string]string `json:"headers"`
}

const (
	vectorKeyID = "pk_abcdefghijklmnopqrstuvwxyz"
	vectorTime  = 1764547200
)

// requests are what the vectors sign.
var requests = []struct{ name, method, url, body string }{
	{"plain", "GET", "https://mall.example/api/v1/mall/partner/key", ""},
	{"body", "POST", "https://mall.example/api/v1/mall/partner/links", `{"reference":"sale-1","skuId":7}`},
	{"query is sorted by name", "GET", "https://mall.example/api/v1/mall/partner/videos?sort=newest&limit=5&cursor=", ""},
	{"repeated names keep their order", "GET", "https://mall.example/x?b=2&a=2&b=1&a=1", ""},
	{"plus and %20 stay what they are", "GET", "https://mall.example/x?q=a+b&p=a%20b", ""},
	{"empty values and pairs", "GET", "https://mall.example/x?b&a=&=c&&d=", ""},
	{"names of one beginning", "GET", "https://mall.example/x?a-b=1&a=2&aa=3", ""},
	{"unicode, escaped", "GET", "https://mall.example/%E6%B5%B7?q=%E6%B8%AF%E5%8F%A3&%C3%A9=1", ""},
	{"port that is not the usual one", "GET", "http://127.0.0.1:8080/api/v1/mall/partner/key", ""},
	{"usual port", "GET", "https://mall.example:443/api/v1/mall/partner/key", ""},
	{"question mark without a query", "GET", "https://mall.example/x?", ""},
	{"HEAD", "HEAD", "https://mall.example/api/v1/mall/partner/videos", ""},
	{"body in UTF-8", "POST", "https://mall.example/api/v1/mall/partner/links", `{"reference":"晨光","skuId":7}`},
}

// build signs all requests in both ways with the example client.
func build(t *testing.T) (list []vector) {
	t.Helper()
	private := ed25519.NewKeyFromSeed([]byte("32 bytes of a seed for vectors.."))
	privatePEM := pemOf(t, "PRIVATE KEY", func() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(private) })
	publicPEM := pemOf(t, "PUBLIC KEY", func() ([]byte, error) { return x509.MarshalPKIXPublicKey(private.Public()) })
	secret := "vmsec_" + base64.RawURLEncoding.EncodeToString([]byte("32 bytes of a secret for vectors"))
	for _, form := range []string{"vm1", "rfc9421"} {
		for _, q := range requests {
			v := vector{
				Name:      q.name,
				Form:      form,
				Method:    q.method,
				URL:       q.url,
				Body:      q.body,
				KeyID:     vectorKeyID,
				Timestamp: vectorTime,
				Nonce:     "n0nce-of-a-test-vector",
				Headers:   map[string]string{},
			}
			client := mallclient.Client{
				KeyID: v.KeyID,
				Now:   func() time.Time { return time.Unix(vectorTime, 0) },
				Nonce: func() string { return v.Nonce },
			}
			r, err := http.NewRequest(v.Method, v.URL, strings.NewReader(v.Body))
			if err != nil {
				t.Fatal(err)
			}
			if form == "vm1" {
				v.Secret, client.Secret = secret, secret
			} else {
				v.PrivateKey, v.PublicKey, client.PrivateKey = privatePEM, publicPEM, private
			}
			if err := client.Sign(r, []byte(v.Body)); err != nil {
				t.Fatal(err)
			}
			if form == "vm1" {
				v.Text = mallclient.VM1Text(r, v.Timestamp, v.Nonce, []byte(v.Body))
			} else {
				v.Text, _ = mallclient.MessageBase(r, v.KeyID, v.Timestamp, v.Nonce)
			}
			for name := range r.Header {
				v.Headers[strings.ToLower(name)] = r.Header.Get(name)
			}
			list = append(list, v)
		}
	}
	return list
}

func pemOf(t testing.TB, kind string, marshal func() ([]byte, error)) string {
	t.Helper()
	der, err := marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// vectors reads vectors.json, which docs/partners.md points to.
func vectors(t *testing.T) (list []vector) {
	t.Helper()
	raw, err := os.ReadFile("vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestVectors_Go_client_signs_them compares the file with what the client for Go signs; both forms are deterministic.
func TestVectors_Go_client_signs_them(t *testing.T) {
	t.Parallel()
	made := build(t)
	if *update {
		raw, err := json.MarshalIndent(made, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("vectors.json", append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(made, vectors(t)); diff != "" {
		t.Errorf("vectors (-client +vectors.json):\n%s", diff)
	}
}

// received is a vector as the mall receives it, in one of the forms of a request line.
func received(t *testing.T, v vector, absolute bool) (signature.Request, []byte) {
	t.Helper()
	scheme, rest, _ := strings.Cut(v.URL, "://")
	host, target, _ := strings.Cut(rest, "/")
	r := signature.Request{
		Method: v.Method,
		Scheme: scheme,
		Host:   strings.TrimSuffix(host, ":443"),
		Target: "/" + target,
		Header: http.Header{},
		Body:   []byte(v.Body),
	}
	if absolute {
		r.Target = v.URL
	}
	for name, value := range v.Headers {
		r.Header.Set(name, value)
	}
	if v.Form == "vm1" {
		secret, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(v.Secret, "vmsec_"))
		if err != nil {
			t.Fatal(err)
		}
		return r, secret
	}
	block, _ := pem.Decode([]byte(v.PublicKey))
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return r, public.(ed25519.PublicKey)
}

// TestVectors_mall_accepts_them checks every vector with the mall's own code, by path and by a whole address, and that
// it refuses each with any part of it changed.
func TestVectors_mall_accepts_them(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		for _, absolute := range []bool{false, true} {
			r, key := received(t, v, absolute)
			c, err := signature.Read(r)
			if err != nil || !c.Confirms(key, r) || !c.CoversBody(r.Body) {
				t.Errorf("%s %q: not accepted: %v", v.Form, v.Name, err)
				continue
			}
			if c.CoversBody([]byte(v.Body + " ")) {
				t.Errorf("%s %q: accepted with another body", v.Form, v.Name)
			}
			for part, change := range map[string]func(*signature.Request){
				"method": func(r *signature.Request) { r.Method = "PATCH" },
				"host":   func(r *signature.Request) { r.Host = "other.example" },
				"path":   func(r *signature.Request) { r.Target = strings.Replace(r.Target, "/", "/y", 1) },
				"query": func(r *signature.Request) {
					if r.Target += "&z=1"; !strings.Contains(v.URL, "?") {
						r.Target = strings.Replace(r.Target, "&", "?", 1)
					}
				},
			} {
				if part == "path" && absolute {
					continue
				}
				changed := r
				change(&changed)
				if c, err := signature.Read(changed); err == nil && c.Confirms(key, changed) {
					t.Errorf("%s %q: accepted with another %s", v.Form, v.Name, part)
				}
			}
		}
	}
}

// TestVectors_others_verify_them has the vectors verified by node:crypto and by the package http-message-signatures, and
// signed again by the client for Node.
func TestVectors_others_verify_them(t *testing.T) {
	t.Parallel()
	list := vectors(t)
	var found []struct {
		Name     string            `json:"name"`
		Verified bool              `json:"verified"`
		Detail   string            `json:"detail"`
		Signed   map[string]string `json:"signed"`
	}
	nodetest.Ask(t, "http-message-signatures", map[string]any{"vectors": list}, &found)
	if len(found) != len(list) {
		t.Fatalf("answers: got %d, want %d", len(found), len(list))
	}
	for n, f := range found {
		if !f.Verified {
			t.Errorf("%s %q: not verified: %s", list[n].Form, f.Name, f.Detail)
		}
		// The parser of addresses in Node drops a question mark without a query.
		if diff := cmp.Diff(list[n].Headers, f.Signed); diff != "" && f.Name != "question mark without a query" {
			t.Errorf("%s %q (-Go +Node):\n%s", list[n].Form, f.Name, diff)
		}
	}
}
