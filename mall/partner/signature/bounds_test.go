package signature_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"videomall/mall/fault"
	"videomall/mall/partner/signature"
)

// TestRead_bounds: anybody can send what is read before a key is known, so that little of it is.
func TestRead_bounds(t *testing.T) {
	t.Parallel()
	const params = `;created=1764547200;nonce="0123456789abcdef";keyid="pk_aaaaaaaaaaaaaaaaaaaaaaaaaa";alg="ed25519"`
	read := func(components, signed string) map[string]string {
		h := http.Header{"Signature-Input": {"m=(" + components + ")" + params}, "Signature": {signed}}
		for n := range 40 {
			h.Set(fmt.Sprintf("X-%d", n), "1")
		}
		_, err := signature.Read(signature.Request{
			Method: "GET",
			Scheme: "https",
			Host:   "mall.example",
			Target: "/",
			Header: h,
		})
		if err != nil && !errors.Is(err, signature.ErrMalformed) {
			t.Errorf("%.40s: %v", components, err)
		}
		if err == nil {
			return nil
		}
		return fault.From(err).Fields
	}
	signed := "m=:" + strings.Repeat("A", 86) + "==:"
	names := func(count int) string {
		list := []string{`"@method"`, `"@authority"`, `"@target-uri"`}
		for n := range count - len(list) {
			list = append(list, fmt.Sprintf(`"x-%d"`, n))
		}
		return strings.Join(list, " ")
	}
	if got := read(names(32), signed); got != nil {
		t.Errorf("32 components: refused by %v", got)
	}
	if got := read(names(33), signed)["signature-input"]; got != "too_many_components" {
		t.Errorf("33 components: got %q", got)
	}
	if got := read(names(10)+strings.Repeat(" ", 4<<10), signed)["signature-input"]; got != "too_long" {
		t.Errorf("a long Signature-Input: got %q", got)
	}
	if got := read(names(3), signed+strings.Repeat(" ", 4<<10))["signature"]; got != "too_long" {
		t.Errorf("a long Signature: got %q", got)
	}
	// What follows an unknown component is not looked at: the required ones are missing.
	got := read(`"nothing" `+names(10), signed)
	if got["signature-input"] != "component_unknown" || len(got) != 1 {
		t.Errorf("an unknown component first: got %v, want nothing more", got)
	}
	_, err := signature.Read(signature.Request{Header: http.Header{"Authorization": {"VM1 " + strings.Repeat("a=b,", 1100)}}})
	if got := fault.From(err).Fields["authorization"]; got != "too_long" {
		t.Errorf("a long Authorization: got %q", got)
	}
}
