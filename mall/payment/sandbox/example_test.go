package sandbox_test

import (
	"fmt"
	"time"

	"videomall/mall/payment/sandbox"
)

// The command line prints the same signature:
//
//	printf '1764428400.{"event":"paid"}' | openssl dgst -sha256 -hmac 'a secret of sixteen'
func ExampleSign() {
	body := []byte(`{"event":"paid"}`)
	fmt.Println(sandbox.SignatureHeader + ": " + sandbox.Sign("a secret of sixteen", time.Unix(1764428400, 0), body))
	// Output:
	// Sandbox-Signature: t=1764428400,v1=2c1a2ca033e10282a59897f4b4ed842b869b605c6acacad5dd9f02f2b38f6432
}
