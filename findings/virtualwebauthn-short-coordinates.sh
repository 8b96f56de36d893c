#!/usr/bin/env bash
# github.com/descope/virtualwebauthn v1.0.3 writes the coordinates of a P-256 key without their leading zeros. RFC 9053 §7.1.1 wants all 32 bytes, and
# go-webauthn v0.18.2 refuses such a key, rightly: about every hundredth passkey of the authenticator can't be registered, so that tests fail at random.
# For us: tests take keys from malltest.NewPasskey, which makes another key then.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat > main.go <<'E'
package main

import (
	"fmt"

	"github.com/descope/virtualwebauthn"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

func main() {
	const whole = 77 // bytes of a COSE key with two coordinates of 32 bytes
	short, refused, wholeRefused := 0, 0, 0
	for range 5000 {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2).Key.AttestationData()
		_, err := webauthncose.ParsePublicKey(key)
		switch {
		case len(key) < whole && err != nil:
			refused++
			fallthrough
		case len(key) < whole:
			short++
		case err != nil:
			wholeRefused++
		}
	}
	fmt.Println("some of 5000 keys are short:", short > 5)
	fmt.Println("every short key is refused:", refused == short)
	fmt.Println("whole keys refused:", wholeRefused)
}
E
go mod init passkeys 2>/dev/null
go get github.com/descope/virtualwebauthn@v1.0.3 github.com/go-webauthn/webauthn@v0.18.2 2>/dev/null
diff - <(timeout 300 go run .) <<'E'
some of 5000 keys are short: true
every short key is refused: true
whole keys refused: 0
E
echo 'virtualwebauthn v1.0.3: keys whose coordinates begin with a zero are written too short, and refused'
