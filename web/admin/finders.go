package admin

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/riverqueue/river/rivertype"

	"videomall/mall"
	"videomall/mall/ledger"
	"videomall/mall/order"
	"videomall/mall/review"
	adminview "videomall/views/admin"
	"videomall/views/text"
)

// Finders are the kinds of things that the console's search finds, in the order in which it shows them. Each asks one
// module.
func Finders(m *mall.Mall) []Finder {
	return []Finder{
		{
			Kind:  "order",
			Names: []string{"order"},
			Find:  orderHits(m),
		},
		{
			Kind:  "payment",
			Names: []string{"payment", "refund"},
			Find:  paymentHits(m),
		},
		{
			Kind:  "person",
			Names: []string{"account", "creator", "person"},
			Find:  personHits(m),
		},
		{
			Kind:  "listing",
			Names: []string{"spu", "listing"},
			Find:  listingHits(m),
		},
		{
			Kind:  "film",
			Names: []string{"file"},
			Find:  videoHits(m),
		},
		{
			Kind:  "payout",
			Names: []string{"payout"},
			Find:  payoutHits(m),
		},
		{
			Kind:  "case",
			Names: []string{"case"},
			Find:  caseHits(m),
		},
		{
			Kind:  "sale",
			Names: []string{"campaign", "sale"},
			Find:  saleHits(m),
		},
		{
			Kind:  "coupon",
			Names: []string{"coupon"},
			Find:  couponHits(m),
		},
		{
			Kind:  "webhook",
			Names: []string{"webhook"},
			Find:  hookHits(m),
		},
		{
			Kind:  "letter",
			Names: []string{"event", "job", "letter"},
			Find:  letterHits(m),
		},
	}
}

type finding = func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error)

func orderHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Orders.Lookup(ctx, q, most)
		var hits []adminview.Hit
		for _, o := range found {
			hits = append(hits, adminview.Hit{
				Title: o.OrderNo,
				Code:  true,
				Href:  "/admin/orders/" + o.OrderNo,
				Exact: len(q) == order.NumberLength,
				Note:  t.T("order.state."+string(o.Status)) + " · " + t.Money(o.Total),
			})
		}
		return hits, err
	}
}

func paymentHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Payments.Lookup(ctx, q, most)
		var hits []adminview.Hit
		for _, k := range found {
			h := adminview.Hit{
				Title: k.Number,
				Code:  true,
				Href:  "/admin/orders/" + k.Reference,
				Note:  t.T("find.payment."+k.Kind) + " · " + t.Money(k.Amount),
			}
			if k.Reference == "" { // money that nobody asked for waits among the cases
				h.Href, h.Note = "/admin/cases", h.Note+" · "+t.T("find.nobodys")
			}
			hits = append(hits, h)
		}
		return hits[:min(len(hits), most)], err
	}
}

func personHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Accounts.Lookup(ctx, q, most)
		var hits []adminview.Hit
		for _, u := range found {
			hits = append(hits, adminview.Hit{
				Title: u.Email,
				Href:  adminview.PersonURL(u.ID),
				Note:  u.Name + " · " + adminview.RoleWords(t, u.Roles),
				Exact: strings.EqualFold(u.Email, q),
			})
		}
		return hits, err
	}
}

func listingHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Listings.Lookup(ctx, q, most)
		var hits []adminview.Hit
		for _, l := range found {
			hits = append(hits, adminview.Hit{
				Title: t.Of(l.Title),
				Href:  adminview.ProductURL(l.SPUID),
				Note: t.T("people.listing_n", "Number",
					strconv.FormatInt(l.SPUID, 10)) + " · " + t.T("find.listing."+l.Status),
			})
		}
		return hits, err
	}
}

func videoHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Media.Videos.Lookup(ctx, q, most)
		var hits []adminview.Hit
		for _, v := range found {
			hits = append(hits, adminview.Hit{
				Title: v.Name,
				Href:  adminview.PersonURL(v.OwnerID),
				Note: t.T("people.video_n", "Number",
					strconv.FormatInt(v.ID, 10)) + " · " + t.T("find.film."+string(v.State)),
			})
		}
		return hits, err
	}
}

func payoutHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, _ int) ([]adminview.Hit, error) {
		id, ok := number(q)
		if !ok {
			return nil, nil
		}
		p, err := m.Ledger.Payout(ctx, id)
		if errors.Is(err, ledger.ErrPayoutNotFound) {
			return nil, nil
		}
		return []adminview.Hit{{
			Title: t.T("find.payout_n", "Number", q),
			Href:  "/admin/payouts/" + q,
			Note:  t.T("earnings.state_"+string(p.State)) + " · " + t.Money(p.Amount),
		}}, err
	}
}

func caseHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, _ int) ([]adminview.Hit, error) {
		id, ok := number(q)
		if !ok {
			return nil, nil
		}
		k, err := m.Reviews.Get(ctx, id)
		if errors.Is(err, review.ErrNotFound) {
			return nil, nil
		}
		return []adminview.Hit{{
			Title: t.T("find.case_n", "Number", q),
			Href:  "/admin/review/" + q,
			Note:  t.Of(k.Content.Title),
		}}, err
	}
}

func saleHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Promotions.Lookup(ctx, q, most)
		var hits []adminview.Hit
		for _, s := range found {
			hits = append(hits, adminview.Hit{
				Title: t.Of(s.Name),
				Href:  "/admin/sales/" + strconv.FormatInt(s.ID, 10),
				Note:  t.T("sale.state_" + string(s.Status)),
			})
		}
		return hits, err
	}
}

// couponHits leads to a coupon of the mall, or for a creator's coupon to the creator.
func couponHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Promotions.LookupCoupons(ctx, q, most)
		var hits []adminview.Hit
		for _, k := range found {
			h := adminview.Hit{
				Title: k.Code,
				Code:  true,
				Href:  adminview.PersonURL(k.OwnerID),
				Note:  t.T("find.coupon." + string(k.Status)),
			}
			if k.MallWide {
				h.Href = "/admin/offers/coupons/" + strconv.FormatInt(k.ID, 10)
				h.Note = h.Note + " · " + t.T("find.mall_wide")
			}
			hits = append(hits, h)
		}
		return hits, err
	}
}

func hookHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		found, err := m.Webhooks.Lookup(ctx, q, most)
		var hits []adminview.Hit
		for _, e := range found {
			hits = append(hits, adminview.Hit{
				Title: e.URL,
				Href:  adminview.PersonURL(e.OwnerID),
				Note:  t.T("find.hook." + string(e.State)),
			})
		}
		return hits, err
	}
}

func letterHits(m *mall.Mall) finding {
	return func(ctx context.Context, t *text.Printer, q string, most int) ([]adminview.Hit, error) {
		id, ok := number(q)
		if !ok {
			return nil, nil
		}
		letters, err := m.Outbox.Lookup(ctx, id)
		if err != nil {
			return nil, err
		}
		var hits []adminview.Hit
		standing := map[bool]string{true: t.T("find.letter.trying"), false: t.T("find.letter.dead")}
		for _, l := range letters {
			hits = append(hits, adminview.Hit{
				Title: t.T("find.letter.event", "Number", q, "Whose", l.Subscriber),
				Href:  eventURL(l),
				Note:  l.Event.Type + " · " + standing[l.Trying()],
			})
		}
		j, err := m.River.JobGet(ctx, id)
		switch {
		case errors.Is(err, rivertype.ErrNotFound):
			return hits, nil
		case err != nil:
			return nil, err
		case j.State == rivertype.JobStateDiscarded, j.State == rivertype.JobStateRetryable:
			hits = append(hits, adminview.Hit{
				Title: t.T("find.letter.job", "Number", q),
				Href:  jobURL(j.ID),
				Note:  j.Kind + " · " + standing[j.State == rivertype.JobStateRetryable],
			})
		}
		return hits[:min(len(hits), most)], nil
	}
}

// number reads an id. It accepts only the form in which the mall writes ids.
func number(q string) (int64, bool) {
	n, err := strconv.ParseInt(q, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == q
}
