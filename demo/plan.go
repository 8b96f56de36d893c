package demo

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"videomall/mall/account"
	"videomall/mall/calendar"
	"videomall/mall/catalog"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
)

// plan is a history before it is written: who bought what and when, and what happened then. Everything else is computed
// from it.
type plan struct {
	now       time.Time
	catalogue Catalogue
	payWindow time.Duration
	entropy   *rand.ChaCha8 // for order numbers
	random    *rand.Rand    // reads from entropy
	videos    []video       // by id
	people    []account.User
	orders    []drawn // ordered by the time at which they were placed
	reviews   []opinion

	owned  map[string]map[int64]bool // videos by email
	abroad bool                      // whether some orders were paid in another currency
}

// video is what the history needs to know about a video.
type video struct {
	slug      string
	spuID     int64
	creatorID int64
	zone      calendar.Zone // of the creator's days
	seconds   int
	published time.Time
	weight    float64 // its popularity
	hold      float64 // the share of plays that reach the end
	ways      []way   // SKUs without limited stock
}

type way struct {
	skuID  int64
	rent   bool
	amount int64
	weight float64
}

func videoOf(v Video, p catalog.Product, zone calendar.Zone, now time.Time) video {
	f := video{
		slug:      v.Slug,
		spuID:     p.SPUID,
		creatorID: p.CreatorID,
		zone:      zone,
		seconds:   p.DurationSeconds,
		published: now.AddDate(0, 0, -v.PublishedDaysAgo),
		weight:    0.6 + float64(spread(v.Slug, 100))/70,
		hold:      0.35 + float64(spread(v.Slug+" end", 100))/250,
	}
	for _, k := range p.SKUs {
		if k.StockLimited || k.Price == nil {
			continue
		}
		w := way{
			skuID:  k.ID,
			rent:   k.Kind == catalog.KindRent,
			amount: k.Price.Amount.Amount,
			weight: 0.6,
		}
		if w.rent {
			w.weight = 0.35
		}
		if k.Quality == catalog.Quality4K {
			w.weight /= 3
		}
		f.ways = append(f.ways, w)
	}
	return f
}

func (p *plan) since() time.Time { return p.midnight(historyDays - 1) }

// midnight returns 00:00 UTC of the day that many days ago.
func (p *plan) midnight(daysAgo int) time.Time {
	return p.now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -daysAgo)
}

func (p *plan) video(slug string) video {
	n := slices.IndexFunc(p.videos, func(f video) bool { return f.slug == slug })
	return p.videos[n]
}

// draw makes the history. The random numbers do not depend on the hour, so that a later hour of the same day only adds
// to the history.
func (p *plan) draw() {
	slices.SortFunc(p.videos, func(a, b video) int { return cmp.Compare(a.spuID, b.spuID) })
	p.owned = map[string]map[int64]bool{}
	p.drawPeople()
	p.drawReviews()
	p.drawShopper()
	for daysAgo := historyDays - 1; daysAgo >= 0; daysAgo-- {
		for range p.ordersOn(daysAgo) {
			p.drawOrder(daysAgo)
		}
	}
	p.orders = slices.DeleteFunc(p.orders, func(o drawn) bool { return p.unfinished(o) })
	slices.SortStableFunc(p.orders, func(a, b drawn) int { return a.PlacedAt.Compare(b.PlacedAt) })
	p.failOneRefund()
	for n := range p.people { // people buy only after they have an account
		at := p.midnight(historyDays).Add(time.Duration(p.random.IntN(24)) * time.Hour)
		for _, o := range p.orders {
			if o.email == p.people[n].Email {
				at = o.PlacedAt.Add(-time.Duration(3+p.random.IntN(40)) * time.Minute)
				break
			}
		}
		p.people[n].CreatedAt = at
	}
}

// unfinished reports whether a part of an order would be in the future.
func (p *plan) unfinished(o drawn) bool {
	end := o.PaidAt.Add(time.Minute)
	if o.PaidAt.IsZero() {
		end = o.PlacedAt.Add(p.payWindow + time.Minute)
	}
	return end.After(p.now)
}

// ordersOn returns the number of orders on a day. It grows over time, and is higher at weekends.
func (p *plan) ordersOn(daysAgo int) int {
	n := 5 + 5*float64(historyDays-daysAgo)/historyDays
	if day := p.midnight(daysAgo).Weekday(); day == time.Saturday || day == time.Sunday {
		n *= 1.4
	}
	return int(n * (0.7 + 0.6*p.random.Float64()))
}

// moment returns a random time on a day. Most people buy in the evening, which in China is around noon UTC.
func (p *plan) moment(daysAgo int) time.Time {
	hour := math.Mod(12+4*p.random.NormFloat64()+48, 24)
	return p.midnight(daysAgo).Add(time.Duration(hour * float64(time.Hour))).Truncate(time.Millisecond)
}

func (p *plan) number(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), p.entropy).String()
}

// newOrder returns a paid order of these SKUs.
func (p *plan) newOrder(email string, at time.Time, skuIDs ...int64) drawn {
	paid := at.Add(time.Duration(20+p.random.IntN(240)) * time.Second)
	return drawn{email: email, Past: order.Past{
		OrderNo:   p.number(at),
		SKUIDs:    skuIDs,
		Provider:  sandbox.Name,
		AttemptNo: p.number(at.Add(time.Second)),
		TxnNo:     "txn" + p.number(paid),
		PlacedAt:  at,
		PaidAt:    paid,
	}}
}

func (p *plan) own(email string, spuID int64) {
	if p.owned[email] == nil {
		p.owned[email] = map[int64]bool{}
	}
	p.owned[email][spuID] = true
}

// drawOrder lets a random person buy something on a day.
func (p *plan) drawOrder(daysAgo int) {
	at := p.moment(daysAgo)
	who := p.people[p.random.IntN(len(p.people))]
	count := 1
	if p.random.Float64() < 0.2 {
		count = 2
	}
	var bought []way
	var videos []video
	for range count {
		f, w, ok := p.choose(who.Email, at)
		if !ok {
			break
		}
		p.own(who.Email, f.spuID)
		bought, videos = append(bought, w), append(videos, f)
	}
	if len(bought) == 0 {
		return
	}
	var skuIDs []int64
	var total int64
	for _, w := range bought {
		skuIDs, total = append(skuIDs, w.skuID), total+w.amount
	}
	o := p.newOrder(who.Email, at, skuIDs...)
	// Every random number is drawn even if it is not used, so that the hour does not change what is drawn next.
	luck, coupon, plays, reason := p.random.Float64(), p.random.Float64(), p.random.Float64() < 0.9, p.random.IntN(
		len(refundReasons))
	started := o.PaidAt.Add(time.Duration(10+p.random.IntN(2000)) * time.Minute)
	back := o.PaidAt.Add(time.Duration(6+p.random.IntN(5*24)) * time.Hour)
	refundNo := p.number(back)
	switch {
	case coupon < 0.12 && videos[0].creatorID == p.video("aurora-nights").creatorID && bought[0].amount > 0 &&
		!p.used(who.Email, creatorCoupon):
		o.CouponCode = creatorCoupon
	case coupon > 0.94 && bought[0].amount > 0 && !p.used(who.Email, mallCoupon):
		o.CouponCode = mallCoupon
	}
	if started.Before(p.now) && plays {
		o.StartedAt = started
	}
	switch {
	case luck < 0.07:
		o.PaidAt, o.StartedAt = time.Time{}, time.Time{} // never paid
	case luck < 0.11 && total > 0 && back.Add(time.Hour).Before(p.now):
		o.Refund = &order.PastRefund{
			RefundNo: refundNo,
			Reason:   refundReasons[reason],
			At:       back,
		}
	}
	p.orders = append(p.orders, o)
}

var refundReasons = []string{
	"bought twice by mistake", "wrong edition", "买错了版本",
	"does not play on the buyer's television", "孩子误点购买", "changed their mind",
}

// used reports whether a person has used a coupon. Everybody may use it once.
func (p *plan) used(email, code string) bool {
	return slices.ContainsFunc(p.orders, func(o drawn) bool { return o.email == email && o.CouponCode == code })
}

// choose draws a video that was on sale and that the buyer does not have, and a way to buy it.
func (p *plan) choose(email string, at time.Time) (video, way, bool) {
	var sum float64
	weights := make([]float64, len(p.videos))
	for n, f := range p.videos {
		age := at.Sub(f.published).Hours() / 24
		if age < 0 || len(f.ways) == 0 || p.owned[email][f.spuID] {
			continue
		}
		weights[n] = f.weight * (1 + 2*math.Exp(-age/6)) // people buy new videos most
		sum += weights[n]
	}
	at1, at2 := p.random.Float64()*sum, p.random.Float64()
	for n, weight := range weights {
		if at1 -= weight; at1 >= 0 || weight == 0 {
			continue
		}
		f := p.videos[n]
		var ways float64
		for _, w := range f.ways {
			ways += w.weight
		}
		at2 *= ways
		for _, w := range f.ways {
			if at2 -= w.weight; at2 < 0 {
				return f, w, true
			}
		}
	}
	return video{}, way{}, false
}

// failOneRefund lets the provider refuse the last refund but one, which opens a case.
func (p *plan) failOneRefund() {
	for n, seen := len(p.orders)-1, 0; n >= 0; n-- {
		if p.orders[n].Refund == nil {
			continue
		}
		if seen++; seen == 2 {
			p.orders[n].Refund.Error = "the card was closed"
			return
		}
	}
}

var (
	familiesEn = strings.Fields("Andersson Bianchi Costa Dubois Evans Fischer Garcia Hughes")
	givenEn    = strings.Fields("Ada Ben Chloe David Elena Felix Greta Hugo Ines Jonas Klara Liam")
	familiesZh = strings.Fields("王 李 张 刘 陈 杨 赵 黄 周 吴")
	givenZh    = strings.Fields("伟 芳 秀英 敏 静 丽 强 磊 洋 艳 勇 杰 涛 子涵 思远 雨桐")
)
