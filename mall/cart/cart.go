// Package cart owns what a person means to buy: SKUs and quantities, for people and for guests, and the move from the
// one to the other at sign-in. It refuses to know titles, prices and stock: the order module quotes what lies here, and
// a line may name a SKU that nobody sells any more.
package cart

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/cart/internal/dbsqlc"
	"videomall/mall/fault"
)

// The bounds of a cart, so that a script that only adds fills nothing but its own.
const (
	MaxLines    = 50
	MaxQuantity = 100 // of one line; an offer's own limit is usually lower
)

// What a person may be told.
var (
	ErrFull     = fault.New(fault.Conflict, "cart_full", "The cart is full. Remove something first.")
	ErrQuantity = fault.New(fault.Invalid, "cart_quantity", "The quantity must be between 1 and 100.")
	ErrNoLine   = fault.New(fault.NotFound, "cart_line_missing", "This video is not in the cart any more.")
	ErrNoOwner  = fault.New(fault.Invalid, "cart_owner", "The cart belongs to nobody.")
)

// Owner is who a cart belongs to: a person, or else the guest who holds GuestToken, a random secret. With neither there
// is no cart.
type Owner struct {
	UserID     int64
	GuestToken string
}

// Item is one line. AddedAt is when it was last added, which a later change of the quantity leaves alone.
type Item struct {
	SKUID    int64
	Quantity int
	AddedAt  time.Time
}

// Carts holds the verbs. It is safe for concurrent use.
type Carts struct {
	pool *pgxpool.Pool
	now  func() time.Time
	q    *dbsqlc.Queries
}

// Deps are what carts stand on.
type Deps struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
}

// New makes the verbs.
func New(d Deps) *Carts {
	return &Carts{
		pool: d.Pool,
		now:  d.Now,
		q:    dbsqlc.New(),
	}
}

// A guest's token is a secret too long to guess; whoever holds it is the guest. Anything shorter counts as none.
const minTokenLength, maxTokenLength = 20, 200

func validToken(s string) bool { return len(s) >= minTokenLength && len(s) <= maxTokenLength }

// keys are the two columns a query finds the owner by; both nil find nothing.
func (o Owner) keys() (userID *int64, guestHash []byte) {
	switch {
	case o.UserID > 0:
		return &o.UserID, nil
	case validToken(o.GuestToken):
		return nil, hash(o.GuestToken)
	}
	return nil, nil
}

// hash is what the database learns of a token, so that a copy of the table opens nobody's cart.
func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Items lists the lines, the last added first. No cart has no lines.
func (c *Carts) Items(ctx context.Context, o Owner) ([]Item, error) {
	userID, guest := o.keys()
	if userID == nil && guest == nil {
		return nil, nil
	}
	rows, err := c.q.Items(ctx, c.pool, dbsqlc.ItemsParams{UserID: userID, GuestHash: guest})
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(rows))
	for i, r := range rows {
		items[i] = Item{
			SKUID:    r.SkuID,
			Quantity: int(r.Quantity),
			AddedAt:  r.AddedAt,
		}
	}
	return items, nil
}

// Count is the number of lines, for the header.
func (c *Carts) Count(ctx context.Context, o Owner) (int, error) {
	userID, guest := o.keys()
	if userID == nil && guest == nil {
		return 0, nil
	}
	n, err := c.q.Count(ctx, c.pool, dbsqlc.CountParams{UserID: userID, GuestHash: guest})
	return int(n), err
}
