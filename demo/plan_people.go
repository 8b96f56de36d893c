package demo

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"videomall/mall/account"
	"videomall/mall/order"
)

// drawn is an order of a person who has no id yet.
type drawn struct {
	order.Past
	email string
}

// opinion is a review with its time, its author's email and a reply.
type opinion struct {
	Review
	video video
	email string
	at    time.Time
	reply string
}

func (o opinion) locale() string {
	if o.Language == "zh" {
		return "zh-CN"
	}
	return "en"
}

// drawReviews lets each reviewer buy the video, and review it a little later.
func (p *plan) drawReviews() {
	creator := p.video("aurora-nights").creatorID
	answered := 0
	for _, r := range p.catalogue.Reviews {
		f := p.video(r.Video)
		oldest := min(int(p.now.Sub(f.published).Hours()/24), historyDays-1)
		bought := p.now.Add(-time.Duration(1+spread(r.Reviewer+r.Video, max(oldest*24-8, 1))) * time.Hour).
			Truncate(time.Millisecond)
		o := opinion{
			Review: r,
			video:  f,
			email:  shopperEmail(r.Reviewer),
			at:     bought.Add(time.Duration(10+p.random.IntN(45)) * time.Minute),
		}
		p.own(o.email, f.spuID)
		p.orders = append(p.orders, p.newOrder(o.email, bought, f.ways[0].skuID))
		if f.creatorID == creator && answered < len(replies) && p.random.Float64() < 0.5 {
			o.reply = replies[answered]
			answered++
		}
		p.reviews = append(p.reviews, o)
	}
}

// replies are answers of the demo's creator to reviews.
var replies = []string{
	"谢谢你看完。倒影那一段我等了四个晚上。",
	"Thank you! A longer cut is on its way.",
	"很高兴它陪到了孩子睡着。",
}

// drawShopper gives the demo's shopper a library: a video to own, rentals, a refunded one, and an order that was not
// paid. None of it prevents the shopper from buying a video to own.
func (p *plan) drawShopper() {
	email := emailOf(account.RoleShopper)
	for _, b := range []struct {
		slug    string
		rent    bool
		daysAgo int
		outcome string
	}{
		{"koi-pond", false, 60, "played"},
		{"pulled-noodles", true, 21, "played"},
		{"shape-of-sound", true, 16, "refunded"},
		{"snow-in-the-pines", true, 9, "unpaid"},
		{"neon-rain", true, 1, "waits"},
	} {
		f := p.video(b.slug)
		p.own(email, f.spuID)
		n := slices.IndexFunc(f.ways, func(w way) bool { return w.rent == b.rent })
		o := p.newOrder(email, p.midnight(b.daysAgo).Add(11*time.Hour+17*time.Minute), f.ways[n].skuID)
		switch b.outcome {
		case "played":
			o.StartedAt = o.PaidAt.Add(2 * time.Hour)
		case "refunded":
			back := o.PaidAt.Add(9 * time.Hour)
			o.Refund = &order.PastRefund{
				RefundNo: p.number(back),
				Reason:   "bought twice by mistake",
				At:       back,
			}
		case "unpaid":
			o.PaidAt = time.Time{}
		}
		p.orders = append(p.orders, o)
	}
}

// drawPeople makes the people who buy: those who wrote a review, and others.
func (p *plan) drawPeople() {
	seen := map[string]bool{}
	add := func(name, locale string) {
		if email := shopperEmail(name); !seen[email] {
			seen[email] = true
			p.people = append(p.people, account.User{
				Email:  email,
				Name:   name,
				Locale: locale,
			})
		}
	}
	for _, r := range p.catalogue.Reviews {
		add(r.Reviewer, opinion{Review: r}.locale())
	}
	for _, family := range familiesEn {
		for _, given := range givenEn {
			if p.random.Float64() < 0.5 {
				add(given+" "+family, "en")
			}
		}
	}
	for _, family := range familiesZh {
		for _, given := range givenZh {
			if p.random.Float64() < 0.5 {
				add(family+given, "zh-CN")
			}
		}
	}
	shopper := Accounts[0]
	p.people = append(p.people, account.User{Email: shopper.Email, Name: shopper.Name})
}

// shopperEmail makes an address from a name: of its words in Latin letters, or of a number if it has none.
func shopperEmail(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r < 'a' || r > 'z' })
	if len(words) == 0 {
		return "reader-" + strconv.Itoa(spread(name, 1e9)) + "@shoppers.example.test"
	}
	return strings.Join(words, ".") + "@shoppers.example.test"
}
