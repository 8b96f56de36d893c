// Package cart owns carts: SKUs and quantities that people and guests intend to buy, and the merge of a guest's cart
// into a person's at sign-in. It knows nothing of titles, prices and stock: the order module quotes the lines, and a
// line may name a SKU that nobody sells any more.
package cart

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall/cart/internal/dbsqlc"
	"videomall/mall/fault"
)

// The limits of a cart, so that a script can't fill the database.
const (
	MaxLines    = 50
	MaxQuantity = 100 // of one line; the limit of an offer is usually lower
)

// The faults that a person may be told.
var (
	ErrFull     = fault.New(fault.Conflict, "cart_full", "The cart is full. Remove something first.")
	ErrQuantity = fault.New(fault.Invalid, "cart_quantity", "The quantity must be between 1 and 100.")
	ErrNoLine   = fault.New(fault.NotFound, "cart_line_missing", "This video is not in the cart any more.")
	ErrNoOwner  = fault.New(fault.Invalid, "cart_owner", "The cart belongs to nobody.")
)

// Owner is the owner of a cart: a person, or else the guest who has GuestToken, a random secret. An Owner with neither
// has no cart.
type Owner struct {
	UserID     int64
	GuestToken string
}

// Item is one line. AddedAt is when its SKU was last added; changing the quantity does not change it.
type Item struct {
	SKUID    int64
	Quantity int
	AddedAt  time.Time
}

// Carts reads and changes carts. It is safe for concurrent use.
type Carts struct {
	pool *pgxpool.Pool
	now  func() time.Time
	q    *dbsqlc.Queries
}

// Deps are the dependencies of Carts.
type Deps struct {
	Pool *pgxpool.Pool
	Now  func() time.Time
}

// New returns the Carts of a database.
func New(d Deps) *Carts {
	return &Carts{
		pool: d.Pool,
		now:  d.Now,
		q:    dbsqlc.New(),
	}
}

// Bounds of a guest's token, which must be too long to guess. A token outside of them counts as none.
const minTokenLength, maxTokenLength = 20, 200

func validToken(s string) bool { return len(s) >= minTokenLength && len(s) <= maxTokenLength }

// keys returns the values of the two columns by which a query finds the owner's cart. If both are nil, it finds none.
func (o Owner) keys() (userID *int64, guestHash []byte) {
	switch {
	case o.UserID > 0:
		return &o.UserID, nil
	case validToken(o.GuestToken):
		return nil, hash(o.GuestToken)
	}
	return nil, nil
}

// hash returns what is stored of a token, so that nobody can open a cart with a copy of the table.
func hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Items lists the lines of a cart, the last added first. An owner without a cart has no lines.
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

// Count returns the number of lines, for the header of the page.
func (c *Carts) Count(ctx context.Context, o Owner) (int, error) {
	userID, guest := o.keys()
	if userID == nil && guest == nil {
		return 0, nil
	}
	n, err := c.q.Count(ctx, c.pool, dbsqlc.CountParams{UserID: userID, GuestHash: guest})
	return int(n), err
}
