// Package seal encrypts small secrets before they reach the database, with AES-256-GCM and a random nonce, and binds
// them to the place where they are stored. It refuses to know what the secrets are and where keys come from.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// Box seals and opens secrets with one key. It is safe for concurrent use.
type Box struct{ aead cipher.AEAD }

// New returns a Box for an AES-256 key. It fails if the key does not have 32 bytes.
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

// Open decrypts a secret that was sealed for that place. It fails if the secret was sealed for another place or with
// another key.
func (b Box) Open(sealed []byte, place string) ([]byte, error) {
	secret, err := b.aead.Open(nil, nil, sealed, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("was SECRET_KEY changed? %w", err)
	}
	return secret, nil
}
