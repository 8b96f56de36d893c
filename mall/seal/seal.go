// Package seal encrypts small secrets before they reach the database: AES-256-GCM under a random nonce, tied to the
// place where they lie. It refuses to know what they are, and where keys come from.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// Box seals and opens under one key. It is safe for concurrent use.
type Box struct{ aead cipher.AEAD }

// New takes the 32 bytes of an AES-256 key; their number is the only thing that can be wrong.
func New(key []byte) (Box, error) {
	if len(key) != 32 {
		return Box{}, fmt.Errorf("a key of %d bytes, not 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return Box{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return Box{aead}, err
}

// Seal encrypts a secret for a place, such as "webhook/7".
func (b Box) Seal(secret []byte, place string) []byte {
	return b.aead.Seal(nil, nil, secret, []byte(place))
}

// Open decrypts what was sealed for that place: moved to another one's row, or under another key, it does not open.
func (b Box) Open(sealed []byte, place string) ([]byte, error) {
	secret, err := b.aead.Open(nil, nil, sealed, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("was SECRET_KEY changed? %w", err)
	}
	return secret, nil
}
