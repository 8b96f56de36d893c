package page_test

import (
	"fmt"

	"videomall/web/page"
)

// A form says where to go next; an address of somebody else's site is not followed.
func ExampleSafeNext() {
	fmt.Println(page.SafeNext("/orders?page=2", "/"))
	fmt.Println(page.SafeNext("https://evil.example/", "/"))
	fmt.Println(page.SafeNext("//evil.example", "/"))
	// Output:
	// /orders?page=2
	// /
	// /
}
