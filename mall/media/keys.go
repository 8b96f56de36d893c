package media

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
)

// keySize is AES-128's, the only cipher that every player knows for whole segments.
const keySize = 16

// wrapper encrypts segment keys before they reach the database.
type wrapper struct{ aead cipher.AEAD }

// newWrapper takes the 32 bytes of an AES-256 key.
func newWrapper(key []byte) (wrapper, error) {
	if len(key) != 32 {
		return wrapper{}, fmt.Errorf("the key that wraps segment keys has %d bytes, not 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return wrapper{}, err
	}
	aead, err := cipher.NewGCM(block)
	return wrapper{aead}, err
}

// place ties a wrapped key to its row: moved to another film or number, it does not open.
func place(assetID int64, number int) []byte { return fmt.Appendf(nil, "%d/%d", assetID, number) }

func (w wrapper) wrap(key []byte, assetID int64, number int) []byte {
	nonce := make([]byte, w.aead.NonceSize(), w.aead.NonceSize()+keySize+w.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails: it ends the process instead
	return w.aead.Seal(nonce, nonce, key, place(assetID, number))
}

func (w wrapper) unwrap(wrapped []byte, assetID int64, number int) ([]byte, error) {
	n := w.aead.NonceSize()
	if len(wrapped) < n {
		return nil, fmt.Errorf("wrapped key %d/%d is cut off", assetID, number)
	}
	key, err := w.aead.Open(nil, wrapped[:n], wrapped[n:], place(assetID, number))
	if err != nil {
		return nil, fmt.Errorf("unwrap key %d/%d: was SECRET_KEY changed? %w", assetID, number, err)
	}
	return key, nil
}

// encrypt is HLS's AES-128: CBC over the whole segment with PKCS#7 padding, the IV its media sequence number.
func encrypt(key, clear []byte, sequence int) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(clear)%aes.BlockSize
	out := make([]byte, len(clear)+pad)
	copy(out, clear)
	for i := len(clear); i < len(out); i++ {
		out[i] = byte(pad)
	}
	iv := make([]byte, aes.BlockSize)
	for i, n := aes.BlockSize-1, sequence; n > 0; i, n = i-1, n>>8 {
		iv[i] = byte(n)
	}
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out, nil
}
