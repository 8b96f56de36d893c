package textnorm_test

import (
	"fmt"

	"videomall/mall/textnorm"
)

// Full-width letters and a zero-width space do not make another coupon code.
func ExampleKey() {
	fmt.Println(textnorm.Key("ＷＥＬＣＯＭＥ\u200b10 ") == textnorm.Key("WELCOME10"))
	// Output: true
}

func ExampleName() {
	fmt.Printf("%q\n", textnorm.Name("  The\u00a0\u00a0Sea\u200d "))
	// Output: "The Sea"
}

func ExampleSimplified() {
	fmt.Println(string(textnorm.Simplified('電')), string(textnorm.Simplified('影')))
	// Output: 电 影
}
