package malltest

import "github.com/descope/virtualwebauthn"

// coseKey is the length of an encoded key on P-256, in bytes, whose coordinates have their 32 bytes each.
const coseKey = 77

// NewPasskey makes a passkey on P-256. virtualwebauthn encodes a coordinate that begins with a zero in fewer bytes than
// RFC 9053 wants, which servers refuse: about every hundredth of its keys is of no use.
func NewPasskey() virtualwebauthn.Credential {
	for {
		if c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(c.Key.AttestationData()) == coseKey {
			return c
		}
	}
}
