package demo

import (
	"cmp"
	"math"
	"slices"
	"time"

	"videomall/mall/insight"
	"videomall/mall/order"
)

// sources lead people here. part is the percentage of views of each.
var sources = []struct {
	name string
	part float64
}{
	{insight.SourceSearch, 38},
	{insight.SourceDirect, 24},
	{insight.SourceSocial, 22},
	{"newsletter", 9},
	{"film-diary.example", 7},
}

// traffic counts for each day how many people saw the videos and how many played them. Plays follow from purchases. For
// some buyers the source is known.
func (p *plan) traffic(items []order.ImportedItem) []insight.Past {
	type key struct {
		day time.Time
		spu int64
	}
	days := map[key]*insight.Past{}
	at := func(day time.Time, f video) *insight.Past {
		k := key{day, f.spuID}
		if days[k] == nil {
			days[k] = &insight.Past{
				Day:       day,
				CreatorID: f.creatorID,
				SPUID:     f.spuID,
				Views:     map[string]int64{},
				Buyers:    map[string]int64{},
			}
		}
		return days[k]
	}
	byID := map[int64]video{}
	for _, f := range p.videos {
		byID[f.spuID] = f
		for daysAgo := historyDays - 1; daysAgo >= 0; daysAgo-- {
			if day := f.zone.DayOf(p.now).AddDate(0, 0, -daysAgo); !day.Before(f.zone.DayOf(f.published)) {
				p.visit(at(day, f), f, daysAgo)
			}
		}
	}
	lines := map[string]int{}
	for _, i := range items {
		lines[i.OrderNo]++
	}
	for _, i := range items {
		f := byID[i.SPUID]
		day := f.zone.DayOf(i.PaidAt)
		p.arrive(at(day, f), lines[i.OrderNo] == 1)
		if i.Refunded {
			continue
		}
		played := f.zone.DayOf(i.PaidAt.Add(time.Duration(p.random.IntN(30)) * time.Hour))
		if !played.After(f.zone.DayOf(p.now)) && p.random.Float64() < 0.9 {
			p.play(at(played, f), f)
		}
	}
	list := make([]insight.Past, 0, len(days))
	for _, d := range days {
		list = append(list, *d)
	}
	slices.SortFunc(list, func(a, b insight.Past) int {
		return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.SPUID, b.SPUID))
	})
	return list
}

// visit counts people who see a video's page and don't buy it.
func (p *plan) visit(d *insight.Past, f video, daysAgo int) {
	age := d.Day.Sub(f.published).Hours() / 24
	visitors := (4 + 6*float64(historyDays-daysAgo)/historyDays) * f.weight * (1 + 2*math.Exp(-max(age, 0)/6)) * (0.6 +
		0.8*p.random.Float64())
	if daysAgo == 0 { // the day is not over
		visitors *= p.now.Sub(f.zone.Start(d.Day)).Hours() / 24
	}
	for range int(visitors) {
		d.Visitors++
		d.Views[p.source()]++
		if p.random.Float64() < 0.2 {
			d.Views[p.source()]++ // a second view
		}
	}
}

// arrive counts a buyer, who has seen the page. If known is set, the order may be credited to a source.
func (p *plan) arrive(d *insight.Past, known bool) {
	source := p.source()
	d.Visitors++
	d.Views[source]++
	if p.random.Float64() < 0.85 && known {
		d.Buyers[source]++
	}
}

func (p *plan) source() string {
	at := 100 * p.random.Float64()
	for _, s := range sources {
		if at -= s.part; at < 0 {
			return s.name
		}
	}
	return insight.SourceDirect
}

// play counts a viewer. Some leave early, some in the middle, and the others watch to the end.
func (p *plan) play(d *insight.Past, f video) {
	end := p.random.Float64()
	if p.random.Float64() < f.hold+0.2 {
		end = 1
	}
	d.Viewers++
	d.Plays++
	d.Seconds += int64(end * float64(f.seconds))
	for n := range d.Reached {
		if float64(n) <= end*float64(len(d.Reached)-1) {
			d.Reached[n]++
		}
	}
}
