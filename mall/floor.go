package mall

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

	"videomall/mall/promotion"
	"videomall/mall/risk"
)

const (
	// salePrefix begins the name of a flash sale's line; the campaign's id follows.
	salePrefix = "campaign:"
	// saleSlots are how many people are on the floor of a flash sale at once: a tenth of what may wait for the writer
	// of one process, so that whoever is let in is not told that it is busy.
	saleSlots = 400
	// floorLife is how long a floor is remembered. Everybody in line asks for it every two seconds.
	floorLife = time.Second
)

// SaleLine is the name of the line before a flash sale.
func SaleLine(campaignID int64) string { return salePrefix + strconv.FormatInt(campaignID, 10) }

// Floor finds what a line leads to, by its name. It ends with its sale, and when nothing is left to wait for.
// Errors: risk.ErrNoQueue.
func (m *Mall) Floor(ctx context.Context, name string) (risk.Floor, error) {
	digits, ok := strings.CutPrefix(name, salePrefix)
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || name != SaleLine(id) {
		return risk.Floor{}, risk.ErrNoQueue.Because("%q", name)
	}
	f, err := m.floors.Get(ctx, id, otter.LoaderFunc[int64, risk.Floor](m.saleFloor))
	if err == nil && f.Name == "" {
		err = risk.ErrNoQueue.Because("campaign %d", id)
	}
	return f, err
}

// saleFloor is a flash sale's; the zero floor stands for a sale that nobody can stand in line for: it is not public, or
// has not begun.
func (m *Mall) saleFloor(ctx context.Context, id int64) (risk.Floor, error) {
	c, err := m.Promotions.Public(ctx, id)
	if errors.Is(err, promotion.ErrNotFound) {
		return risk.Floor{}, nil
	}
	if err != nil {
		return risk.Floor{}, err
	}
	if m.now().Before(c.StartsAt) {
		return risk.Floor{}, nil
	}
	f := risk.Floor{
		Name:  SaleLine(id),
		Slots: saleSlots,
		Ends:  c.EndsAt,
	}
	left := int64(0)
	if c.On(m.now()) {
		counts, err := m.Inventory.CampaignCounts(ctx, []int64{id})
		if err != nil {
			return risk.Floor{}, err
		}
		for _, n := range counts {
			left += n.Available
		}
	}
	if left == 0 { // sold out, stopped, or over
		f.Ends = c.StartsAt
	}
	return f, nil
}

func newFloors() *otter.Cache[int64, risk.Floor] {
	return otter.Must(&otter.Options[int64, risk.Floor]{
		MaximumSize:      1000,
		ExpiryCalculator: otter.ExpiryWriting[int64, risk.Floor](floorLife),
	})
}
