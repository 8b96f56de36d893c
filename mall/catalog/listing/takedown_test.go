package listing_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/mall/catalog"
)

func TestListings_TakeDownTx(t *testing.T) {
	d := openDesk(t)
	id := d.live(t)
	ctx := t.Context()
	status := func(want string) {
		t.Helper()
		if e := d.editing(t, id); e.Status != want {
			t.Errorf("the status is %s, want %s", e.Status, want)
		}
	}
	down := func() error {
		return d.tx(t, func(tx pgx.Tx) error { _, err := d.TakeDownTx(ctx, tx, id); return err })
	}
	restore := func() error {
		return d.tx(t, func(tx pgx.Tx) error { _, err := d.RestoreTx(ctx, tx, id); return err })
	}
	is(t, d.PutBack(ctx, 7, id), catalog.ErrProductState)
	for range 2 {
		if err := d.TakeOff(ctx, 7, id); err != nil {
			t.Fatal(err)
		}
		status(catalog.StatusTakenDown)
		if err := d.PutBack(ctx, 7, id); err != nil {
			t.Fatal(err)
		}
		status(catalog.StatusLive)
	}
	if err := d.TakeOff(ctx, 7, id); err != nil {
		t.Fatal(err)
	}
	if err := down(); err != nil {
		t.Fatal(err)
	}
	is(t, d.PutBack(ctx, 7, id), catalog.ErrProductState)
	is(t, down(), catalog.ErrProductState)
	// An approved edit does not put it back by itself.
	if err := d.approve(t, d.submit(t, id, d.whole()).ID); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusTakenDown)
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusTakenDown) // as its creator had left it
	is(t, restore(), catalog.ErrProductState)
	if err := d.PutBack(ctx, 7, id); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusLive)
	if err := down(); err != nil {
		t.Fatal(err)
	}
	if err := restore(); err != nil {
		t.Fatal(err)
	}
	status(catalog.StatusLive) // as it was before
	is(t, restore(), catalog.ErrProductState)
}
