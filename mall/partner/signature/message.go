package signature

import (
	"crypto/ed25519"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"
)

// readMessage reads a signature of RFC 9421. It accepts one signature for each request, of these parameters: created,
// nonce, keyid and alg, and if wanted expires and tag. Errors: ErrMalformed.
func readMessage(r Request, inputs []string) (Claim, error) {
	c := Claim{Form: RFC9421}
	label, list, err := oneInput(inputs)
	if err != nil {
		return c, ErrMalformed.With("signature-input", "malformed").Because("%w", err)
	}
	var w wrong
	c.signature = signatureOf(&w, r.Header.Values("Signature"), label)
	c.readParams(&w, list.Params)
	c.readCovered(&w, list, r)
	if c.params, err = httpsfv.Marshal(httpsfv.List{list}); err != nil {
		w.is(true, "signature-input", "malformed")
	}
	return c, w.err()
}

// oneInput returns the only signature of a Signature-Input.
func oneInput(inputs []string) (label string, list httpsfv.InnerList, err error) {
	inputDict, err := httpsfv.UnmarshalDictionary(inputs)
	if err != nil {
		return "", list, err
	}
	names := inputDict.Names()
	if len(names) != 1 {
		return "", list, ErrMalformed.Because("%d signatures", len(names))
	}
	member, _ := inputDict.Get(names[0])
	list, is := member.(httpsfv.InnerList)
	if !is {
		return "", list, ErrMalformed.Because("%q is no list", names[0])
	}
	return names[0], list, nil
}

// signatureOf returns the signature with that label.
func signatureOf(w *wrong, fields []string, label string) []byte {
	raw, found := bytesOf(fields, label)
	w.is(!found || len(raw) != ed25519.SignatureSize, "signature", "malformed")
	return raw
}

// bytesOf returns a member of a dictionary that is a byte sequence.
func bytesOf(fields []string, name string) ([]byte, bool) {
	fieldDict, err := httpsfv.UnmarshalDictionary(fields)
	if err != nil {
		return nil, false
	}
	member, _ := fieldDict.Get(name)
	item, is := member.(httpsfv.Item)
	if !is {
		return nil, false
	}
	raw, is := item.Value.([]byte)
	return raw, is
}

func (c *Claim) readParams(w *wrong, params *httpsfv.Params) {
	text := func(name string) string {
		value, _ := params.Get(name)
		s, _ := value.(string)
		return s
	}
	moment := func(name string) (time.Time, bool) {
		value, _ := params.Get(name)
		seconds, is := value.(int64)
		return time.Unix(seconds, 0), is && seconds >= 0 && seconds < 1e12
	}
	for _, name := range params.Names() {
		w.is(!slices.Contains([]string{"created", "expires", "nonce", "keyid", "alg", "tag"}, name),
			"signature-input", "unknown_parameter")
	}
	created, is := moment("created")
	w.is(!is, "created", "malformed")
	c.At = created
	if _, there := params.Get("expires"); there {
		expires, is := moment("expires")
		w.is(!is, "expires", "malformed")
		c.Expires = expires
	}
	c.KeyID, c.Nonce = text("keyid"), text("nonce")
	w.is(!keyForm.MatchString(c.KeyID), "keyid", "malformed")
	w.is(!nonceForm.MatchString(c.Nonce), "nonce", "malformed")
	w.is(text("alg") != "ed25519", "alg", "unknown")
}

// maxComponents is how many components a signature may cover.
const maxComponents = 32

// readCovered checks that a signature covers what a request is: its method, its host, its address and its body. It
// stops at the first component that it does not know.
func (c *Claim) readCovered(w *wrong, list httpsfv.InnerList, r Request) {
	if len(list.Items) > maxComponents {
		w.is(true, "signature-input", "too_many_components")
		return
	}
	for _, item := range list.Items {
		name, is := item.Value.(string)
		if !is || len(item.Params.Names()) > 0 || slices.Contains(c.covered, name) {
			w.is(true, "signature-input", "component_unknown")
			return
		}
		if _, known := component(name, r); !known {
			w.is(true, "signature-input", "component_unknown")
			return
		}
		c.covered = append(c.covered, name)
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(c.covered, n) })
	}
	w.is(!has("@method"), "@method", "not_covered")
	w.is(!has("@authority") && !has("@target-uri"), "@authority", "not_covered")
	w.is(!has("@target-uri") && !has("@path", "@query"), "@path", "not_covered")
	if !has("content-digest") {
		w.is(len(r.Body) > 0, "content-digest", "not_covered")
		return
	}
	sum, found := bytesOf(r.Header.Values("Content-Digest"), "sha-256")
	w.is(!found || len(sum) != sha256.Size, "content-digest", "malformed")
	c.digest = sum
}

// component returns the value of a component that a signature may cover (RFC 9421, 2.1 and 2.2).
func component(name string, r Request) (value string, known bool) {
	path, query := r.parts()
	switch name {
	case "@method":
		return r.Method, true
	case "@authority":
		return r.Host, true
	case "@scheme":
		return r.Scheme, true
	case "@target-uri":
		return r.Scheme + "://" + r.Host + path + query, true
	case "@path":
		return path, true
	case "@query":
		return "?" + strings.TrimPrefix(query, "?"), true
	}
	if name != strings.ToLower(name) {
		return "", false
	}
	values := r.Header[http.CanonicalHeaderKey(name)]
	trimmed := make([]string, len(values))
	for n, v := range values {
		trimmed[n] = strings.TrimSpace(v)
	}
	return strings.Join(trimmed, ", "), len(values) > 0
}

// base is the signature base of RFC 9421, 2.5.
func (c Claim) base(r Request) string {
	var b strings.Builder
	for _, name := range c.covered {
		value, _ := component(name, r)
		b.WriteString(`"` + name + `": ` + value + "\n")
	}
	b.WriteString(`"@signature-params": ` + c.params)
	return b.String()
}

func (c Claim) confirmsMessage(public []byte, r Request) bool {
	return len(public) == ed25519.PublicKeySize && ed25519.Verify(public, []byte(c.base(r)), c.signature)
}
