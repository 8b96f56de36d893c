package mallclient

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// VM1Text returns the lines that VM1 signs.
func VM1Text(r *http.Request, timestamp int64, nonce string, body []byte) string {
	return strings.Join([]string{
		"VM1",
		fmt.Sprint(timestamp),
		nonce,
		r.Method,
		host(r),
		path(r),
		sortQuery(r.URL.RawQuery),
		hex.EncodeToString(hash(body)),
	}, "\n")
}

// sortQuery puts the pairs into the order of their names, and leaves those of one name in their order. It decodes
// nothing.
func sortQuery(query string) string {
	pairs := strings.Split(query, "&")
	name := func(pair string) string { n, _, _ := strings.Cut(pair, "="); return n }
	slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(name(a), name(b)) })
	return strings.Join(pairs, "&")
}

func signVM1(r *http.Request, secret []byte, keyID string, timestamp int64, nonce string, body []byte) {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(VM1Text(r, timestamp, nonce, body)))
	r.Header.Set("Authorization", fmt.Sprintf("VM1 key=%s, timestamp=%d, nonce=%s, body=%x, signature=%x",
		keyID, timestamp, nonce, hash(body), mac.Sum(nil)))
}

// MessageBase returns the signature base of RFC 9421, and the value of Signature-Input without its label. A request
// with a body has its Content-Digest.
func MessageBase(r *http.Request, keyID string, created int64, nonce string) (base, input string) {
	components := []string{"@method", "@authority", "@path", "@query"}
	values := []string{r.Method, host(r), path(r), "?" + r.URL.RawQuery}
	if digest := r.Header.Get("Content-Digest"); digest != "" {
		components, values = append(components, "content-digest"), append(values, digest)
	}
	var b strings.Builder
	for n, name := range components {
		fmt.Fprintf(&b, "%q: %s\n", name, values[n])
	}
	input = fmt.Sprintf(`("%s");created=%d;nonce="%s";keyid="%s";alg="ed25519"`, strings.Join(components, `" "`),
		created, nonce, keyID)
	return b.String() + `"@signature-params": ` + input, input
}

func signMessage(r *http.Request, private ed25519.PrivateKey, keyID string, created int64, nonce string, body []byte) {
	if len(body) > 0 {
		r.Header.Set("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(hash(body))+":")
	}
	base, input := MessageBase(r, keyID, created, nonce)
	signature := ed25519.Sign(private, []byte(base))
	r.Header.Set("Signature-Input", "mall="+input)
	r.Header.Set("Signature", "mall=:"+base64.StdEncoding.EncodeToString(signature)+":")
}
