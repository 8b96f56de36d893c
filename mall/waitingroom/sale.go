package waitingroom

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	// salePrefix begins the name of a flash sale's room; the campaign's id follows.
	salePrefix = "campaign:"
	// saleSlots is how many people a flash sale admits at once: a tenth of those who may wait for the order writer of
	// one process, so that people who are admitted are not told that the mall is busy.
	saleSlots = 400
	// admissionTTL is how long an admission is cached. Everybody in the queue asks for it every two seconds.
	admissionTTL = time.Second
)

// SaleRoom is the name of the waiting room before a flash sale.
func SaleRoom(campaignID int64) string { return salePrefix + strconv.FormatInt(campaignID, 10) }

// Sale is what a waiting room needs to know about a flash sale.
type Sale struct {
	StartsAt, EndsAt time.Time
	Available        int64 // units that can be bought now; 0 while the sale does not sell
}

// SalesDeps are the dependencies of Sales.
type SalesDeps struct {
	// Find reads a flash sale; it returns nil for one that is not public.
	Find func(ctx context.Context, campaignID int64) (*Sale, error)
	Now  func() time.Time
}

// Sales returns the admissions of flash sales.
type Sales struct {
	deps SalesDeps
	// cached is load, with its results cached. The cache is no field: see memory in mall/cache.
	cached func(ctx context.Context, campaignID int64) (Admission, error)
}

// NewSales returns Sales with the given dependencies.
func NewSales(d SalesDeps) *Sales {
	s := &Sales{deps: d}
	admissions := otter.Must(&otter.Options[int64, Admission]{
		MaximumSize:      1000,
		ExpiryCalculator: otter.ExpiryWriting[int64, Admission](admissionTTL),
	})
	s.cached = func(ctx context.Context, campaignID int64) (Admission, error) {
		return admissions.Get(ctx, campaignID, otter.LoaderFunc[int64, Admission](s.load))
	}
	return s
}

// Admission finds the admission of a room by its name. It ends with its sale, or when nothing is left to wait for.
// Errors: ErrUnknown.
func (s *Sales) Admission(ctx context.Context, room string) (Admission, error) {
	digits, ok := strings.CutPrefix(room, salePrefix)
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || room != SaleRoom(id) {
		return Admission{}, ErrUnknown.Because("%q", room)
	}
	a, err := s.cached(ctx, id)
	if err == nil && a.Room == "" {
		err = ErrUnknown.Because("campaign %d", id)
	}
	return a, err
}

// load reads a sale's admission. It returns the zero value for a sale that nobody can queue for, because it is not
// public or has not begun.
func (s *Sales) load(ctx context.Context, campaignID int64) (Admission, error) {
	sale, err := s.deps.Find(ctx, campaignID)
	if err != nil || sale == nil || s.deps.Now().Before(sale.StartsAt) {
		return Admission{}, err
	}
	a := Admission{
		Room:  SaleRoom(campaignID),
		Slots: saleSlots,
		Ends:  sale.EndsAt,
	}
	if sale.Available == 0 { // sold out, stopped, or over
		a.Ends = sale.StartsAt
	}
	return a, nil
}
