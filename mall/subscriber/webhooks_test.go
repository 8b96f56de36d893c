package subscriber_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"videomall/mall/catalog"
	"videomall/mall/catalog/listing"
	"videomall/mall/ledger"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/review"
	"videomall/mall/webhook"
)

// A creator's server is told what becomes of their listings and payouts, and nobody else's is.
func TestSubscribe_webhooks(t *testing.T) {
	m := making(t)
	for _, owner := range []int64{1, m.oscar.ID} {
		_, _, err := m.Webhooks.Add(m.Ctx, owner, webhook.Draft{
			URL:   "https://hooks.example.com/mall",
			Types: webhook.Types(),
		})
		m.OK(err)
	}
	told := func(owner int64) []string {
		m.Relayed()
		return malltest.Query[string](m.Mall, `select d.type || ' ' || d.aggregate from webhook_delivery d
			join webhook_endpoint e on e.id = d.endpoint_id where e.owner_id = $1 order by d.id`, owner)
	}
	sku := listing.SKU{
		Kind:        catalog.KindOwn,
		Quality:     catalog.QualityHD,
		Price:       new(int64(990)),
		MaxPerOrder: 1,
	}
	spu := m.begun("Glacier")
	c := m.submitted(spu, "Glacier", sku)
	_, err := m.Reviews.Return(m.Ctx, m.olga.ID, c.ID, c.Version, review.Verdict{
		Causes: review.Causes()[:1],
		Note:   "the title says little",
	})
	m.OK(err)
	m.approved(m.submitted(spu, "Glacier at noon", sku))
	m.approved(m.submitted(spu, "Glacier at dusk", sku))
	m.OK(m.Listings.TakeOff(m.Ctx, 1, spu))
	want := []string{"listing.returned", "listing.published", "listing.revised", "listing.taken_down"}
	if diff := cmp.Diff(want, types(told(1))); diff != "" {
		t.Errorf("webhooks of listings (-want +sent):\n%s", diff)
	}

	m.Credit(1, 50000)
	m.OK(m.Ledger.SetDestination(m.Ctx, 1, ledger.Destination{Name: "Creator Ltd", Account: "DE89370400440532013000"}))
	m.Advance(m.Ledger.Terms().PayoutWait)
	for key, decide := range map[string]func(ledger.Payout){
		"paid": func(p ledger.Payout) {
			m.OK(m.Ledger.ApprovePayout(m.Ctx, m.olga.ID, p.ID, p.Version, ""))
			m.OK(m.Ledger.MarkPaid(m.Ctx, m.olga.ID, p.ID, p.Version+1, "bank 1"))
			m.OK(m.Ledger.MarkFailed(m.Ctx, m.olga.ID, p.ID, p.Version+2, "it came back"))
		},
		"refused": func(p ledger.Payout) {
			m.OK(m.Ledger.RefusePayout(m.Ctx, m.olga.ID, p.ID, p.Version, "another account, please"))
		},
		"cancelled": func(p ledger.Payout) { m.OK(m.Ledger.CancelPayout(m.Ctx, 1, p.ID, p.Version)) },
	} {
		p, err := m.Ledger.RequestPayout(m.Ctx, 1, money.Of(2000, "CNY"), key)
		m.OK(err)
		decide(p)
	}
	got := types(told(1)[4:])
	slices.Sort(got)
	want = []string{"payout.approved", "payout.failed", "payout.paid", "payout.refused"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("webhooks of payouts (-want +sent):\n%s", diff)
	}
	if got := told(m.oscar.ID); len(got) != 0 {
		t.Errorf("another creator was sent %q", got)
	}
}

func types(told []string) (list []string) {
	for _, d := range told {
		kind, _, _ := strings.Cut(d, " ")
		list = append(list, kind)
	}
	return list
}
