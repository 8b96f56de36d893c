package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"videomall/mall/fault"
)

func TestFrom_wrapped_error(t *testing.T) {
	t.Parallel()
	moved := fault.New(fault.Conflict, "order_moved", "The order has moved on.")
	err := fmt.Errorf("pay 7: %w", moved.Because("read: %w", io.EOF).With("orderNo", "stale"))
	if !errors.Is(err, moved) || !errors.Is(err, io.EOF) {
		t.Fatalf("%v lost its slug or its cause", err)
	}
	f := fault.From(err)
	if f.Kind != fault.Conflict || f.Fields["orderNo"] != "stale" || f.Message != moved.Message {
		t.Fatalf("got %+v", f)
	}
	if moved.Fields != nil || moved.Unwrap() != nil {
		t.Fatal("the declared fault was changed by its copies")
	}
	if g := fault.From(io.EOF); g.Kind != fault.Internal || g.Slug != "internal" {
		t.Fatalf("a foreign error became %+v", g)
	}
}
