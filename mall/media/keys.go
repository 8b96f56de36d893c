package media

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
)

// keySize is AES-128's, the only cipher that every player knows for whole segments.
const keySize = 16

// place ties a wrapped key to its row.
func place(assetID int64, number int) string { return fmt.Sprintf("%d/%d", assetID, number) }

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
