package seal_test

import (
	"bytes"
	"testing"

	"videomall/mall/seal"
)

func TestBox_Open_needs_the_place_and_the_key(t *testing.T) {
	t.Parallel()
	box, err := seal.New(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := seal.New(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("sixteen bytes ok")
	sealed := box.Seal(secret, "film/7/1")
	if bytes.Contains(sealed, secret) || bytes.Equal(sealed, box.Seal(secret, "film/7/1")) {
		t.Error("the secret was sealed without a nonce, or not sealed")
	}
	if opened, err := box.Open(sealed, "film/7/1"); err != nil || !bytes.Equal(opened, secret) {
		t.Errorf("opened %q, %v", opened, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"elsewhere":         func() ([]byte, error) { return box.Open(sealed, "film/7/2") },
		"under another key": func() ([]byte, error) { return other.Open(sealed, "film/7/1") },
		"cut off":           func() ([]byte, error) { return box.Open(sealed[:5], "film/7/1") },
		"empty":             func() ([]byte, error) { return box.Open(nil, "film/7/1") },
	} {
		if opened, err := open(); err == nil {
			t.Errorf("%s: opened %q", name, opened)
		}
	}
	for _, size := range []int{0, 16, 31, 33} {
		if _, err := seal.New(make([]byte, size)); err == nil {
			t.Errorf("a key of %d bytes is accepted", size)
		}
	}
}
