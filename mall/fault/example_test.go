package fault_test

import (
	"errors"
	"fmt"

	"videomall/mall/fault"
)

var errOrderNotFound = fault.New(fault.NotFound, "order_not_found", "There is no such order.")

// The slug and the message are public; the cause is for the log.
func ExampleFault_Because() {
	err := fmt.Errorf("show order: %w", errOrderNotFound.Because("no row with number %s", "01J9"))

	fmt.Println(errors.Is(err, errOrderNotFound))
	f := fault.From(err)
	fmt.Println(f.Kind == fault.NotFound, f.Slug, f.Message)
	// Output:
	// true
	// true order_not_found There is no such order.
}

// An error that wraps no fault reveals nothing to the public.
func ExampleFrom() {
	f := fault.From(errors.New("dial tcp 10.0.0.7:5432: connection refused"))
	fmt.Println(f.Kind == fault.Internal, f.Slug)
	// Output: true internal
}

func ExampleFault_With() {
	invalid := fault.New(fault.Invalid, "invalid_listing", "Please correct the listing.")
	err := invalid.With("title", "required").With("price", "too_high")
	fmt.Println(err.Fields["title"], err.Fields["price"], len(invalid.Fields))
	// Output: required too_high 0
}
