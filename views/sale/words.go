// Package sale draws flash sales as visitors see them. It takes campaigns, offers and counts as the business hands them
// out and decides how they read; it refuses to ask for anything itself.
package sale

import (
	"strconv"
	"strings"
	"time"

	"videomall/mall/catalog"
	"videomall/mall/inventory"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/views/address"
	"videomall/views/text"
	"videomall/views/ui"
)

// Phase is how a sale, or one of its lots, stands for somebody who wants to buy.
type Phase string

// The phases. A lot is held when all that is left waits for others' payment: some of it may come back.
const (
	Before  Phase = "before"
	Running Phase = "running"
	Held    Phase = "held"
	SoldOut Phase = "sold_out"
	Ended   Phase = "ended"
)

// Live is how a sale stands at a moment: what changes while people look at it.
type Live struct {
	Phase    Phase
	StartsAt time.Time
	EndsAt   time.Time
	Lots     []LiveLot
}

// LiveLot is one lot of it; Left counts the units that can be bought now.
type LiveLot struct {
	SKUID int64
	Left  int64
	Phase Phase
}

// LiveOf says how a campaign stands at a moment with those counts. A start that the clock has reached and the mall has
// not is still ahead; an end that the clock has reached is the end.
func LiveOf(c promotion.Campaign, counts map[inventory.CampaignKey]inventory.Counts, now time.Time) Live {
	l := Live{
		StartsAt: c.StartsAt,
		EndsAt:   c.EndsAt,
		Phase:    SoldOut,
		Lots:     make([]LiveLot, len(c.Items)),
	}
	on := c.On(now)
	for n, i := range c.Items {
		k := counts[inventory.CampaignKey{CampaignID: c.ID, SKUID: i.SKUID}]
		lot := LiveLot{
			SKUID: i.SKUID,
			Left:  k.Available,
			Phase: Running,
		}
		switch {
		case k.Available > 0:
			l.Phase = Running
		case k.Frozen > 0:
			lot.Phase = Held
			if l.Phase == SoldOut {
				l.Phase = Held
			}
		default:
			lot.Phase = SoldOut
		}
		l.Lots[n] = lot
	}
	if on {
		return l
	}
	l.Phase = Ended
	if c.Status == promotion.Scheduled && now.Before(c.EndsAt) {
		l.Phase = Before
	}
	for n := range l.Lots {
		l.Lots[n].Phase = l.Phase
	}
	return l
}

// Lot is one SKU of a sale with its video; Video is nil for one that can't be shown any more.
type Lot struct {
	Item  promotion.Item
	Live  LiveLot
	Video *catalog.Offer
}

// Priced returns the lot at the prices that price makes of its own, which stay as they are.
func (l Lot) Priced(price func(money.Money) money.Money) Lot {
	l.Item.Amount = price(l.Item.Amount)
	if l.Video != nil {
		v := *l.Video
		v.Amount = price(v.Amount)
		l.Video = &v
	}
	return l
}

// Name is a campaign's name in the reader's language.
func Name(t *text.Printer, c promotion.Campaign) string { return t.Of(c.Name) }

// VideoTitle is a video's title in the reader's language.
func VideoTitle(t *text.Printer, o *catalog.Offer) string {
	if o == nil {
		return t.T("sale.gone")
	}
	return t.Of(o.Title)
}

// SKU says in words what is sold of a video.
func SKU(t *text.Printer, o *catalog.Offer) string {
	if o == nil {
		return ""
	}
	return t.SKU(o.Kind, o.Quality, o.RentHours)
}

// PriceOf is the sale's price beside the normal one.
func PriceOf(amount money.Money, normal *catalog.Offer, large bool) ui.Price {
	p := ui.Price{Now: amount, Large: large}
	if normal != nil {
		p.Was = normal.Amount
	}
	return p
}

func cover(o *catalog.Offer, sizes string, eager bool) ui.Image {
	i := ui.Image{Sizes: sizes, Eager: eager}
	if o != nil {
		i.URL = address.CoverSet(o.Cover)
	}
	return i
}

// URL is the address of a campaign's page in the shop.
func URL(campaignID int64) string { return "/sales/" + id(campaignID) }

func id(n int64) string { return strconv.FormatInt(n, 10) }

func millis(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }

// tile is one number of the clock.
type tile struct {
	unit  string // "days", "hours", "minutes", "seconds"
	value string
}

// tiles are the time from now until a moment, none of it negative.
func tiles(until, now time.Time) []tile {
	left := int64(max(until.Sub(now), 0) / time.Second)
	two := func(n int64) string {
		if n < 10 {
			return "0" + strconv.FormatInt(n, 10)
		}
		return strconv.FormatInt(n, 10)
	}
	return []tile{
		{"days", strconv.FormatInt(left/86400, 10)},
		{"hours", two(left / 3600 % 24)},
		{"minutes", two(left / 60 % 60)},
		{"seconds", two(left % 60)},
	}
}

// leftWords puts a count into the words that also go to the script, where it stands as {left}.
func leftWords(words, count string) string { return strings.ReplaceAll(words, "{left}", count) }
