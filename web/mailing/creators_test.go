package mailing_test

import (
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/catalog/listing"
	"videomall/mall/ledger"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/review"
)

const olga, oscar = 901, 902 // operators

// submitted has the creator submit a new version of a listing, and returns its case.
func submitted(s *shop, spuID int64, word string) review.Case {
	s.T.Helper()
	_, err := s.Pool.Exec(s.Ctx, `with a as (
		insert into media_asset (prefix, duration_seconds, renditions) values ('a', 60, '[]') returning id)
		update video_product_spu set asset_id = a.id from a where video_product_spu.id = $1`, spuID)
	s.OK(err)
	e, err := s.Listings.Editing(s.Ctx, s.creator.ID, spuID)
	s.OK(err)
	e.Content.Description = locale.Text{Zh: "说明 " + word, En: "About " + word}
	e.Content.Cover = strings.Repeat("a", 32)
	saved, err := s.Listings.Save(s.Ctx, s.creator.ID, spuID, listing.Edit{
		Version: e.Version,
		Pressed: true,
		Content: e.Content,
	})
	s.OK(err)
	s.OK(s.Listings.Submit(s.Ctx, s.creator.ID, spuID, saved.Version))
	cases, err := s.Reviews.List(s.Ctx, review.Filter{CreatorID: s.creator.ID, Most: 1})
	s.OK(err)
	return cases[0]
}

func (s *shop) staff() {
	s.T.Helper()
	_, err := s.Pool.Exec(s.Ctx, `with made as (insert into account_user (id, email, name, password_hash)
			overriding system value
			values (901, 'olga@example.test', 'olga', ''), (902, 'oscar@example.test', 'oscar', '') returning id)
		insert into account_role (user_id, role, given_at) select id, unnest($1::text[]), now() from made`, account.Duties())
	s.OK(err)
}

func (s *shop) listing() int64 {
	s.T.Helper()
	return malltest.Query[int64](s.Mall, `select spu_id from video_product_sku where id = $1`, s.Sells(990, -1))[0]
}

func TestMall_mails_decisions_of_the_review(t *testing.T) {
	s := openShop(t)
	s.staff()
	spu := s.listing()
	k := submitted(s, spu, "one")
	if k.NeedsTwo() {
		t.Fatalf("it scores %d", k.Score)
	}
	_, err := s.Reviews.Return(s.Ctx, olga, k.ID, k.Version, review.Verdict{
		Causes: []string{"cover", "rights"},
		Note:   "The <b>cover</b> shows a trademark.",
	})
	s.OK(err)
	m := s.gets(s.creator, "Your product needs changes")
	if !strings.Contains(m.Content.Text, "“Film 1”") || !strings.Contains(m.Content.Text, "The <b>cover</b> shows") ||
		strings.Contains(m.Content.HTML, "<b>") || !strings.Contains(m.Content.HTML, "Cover · Rights to the material") {
		t.Errorf("text %s\nHTML %s", m.Content.Text, m.Content.HTML)
	}
	a, err := s.Reviews.Appeal(s.Ctx, s.creator.ID, spu, "It is mine.")
	s.OK(err)
	s.OK(s.Reviews.Answer(s.Ctx, oscar, a.ID, true, "You are right."))
	m = s.gets(s.creator, "Your product needs changes", "Your appeal was granted")
	s.says(m, "Film 1", "You are right.", "http://127.0.0.1/studio/listings/")
	k, err = s.Reviews.Get(s.Ctx, k.ID)
	s.OK(err)
	_, err = s.Reviews.Approve(s.Ctx, oscar, k.ID, k.Version)
	s.OK(err)
	all := []string{"Your product needs changes", "Your appeal was granted", "Your product was approved"}
	s.gets(s.creator, all...)
	s.again()
	s.gets(s.creator, all...)
	s.gets(s.ann)
}

func TestMall_mails_takedowns_and_appeals(t *testing.T) {
	s := openShop(t)
	s.staff()
	spu := s.listing()
	p, err := s.Catalog.FindByID(s.Ctx, spu)
	s.OK(err)
	down := func(keep bool) review.Takedown {
		t.Helper()
		d, err := s.Reviews.TakeDown(s.Ctx, olga, review.Target{
			SPUID:      spu,
			CreatorID:  s.creator.ID,
			Title:      p.Title,
			Reason:     "Somebody claims it.",
			KeepAccess: keep,
		})
		s.OK(err)
		return d
	}
	first := down(true)
	m := s.gets(s.creator, "Your product was taken down")
	s.says(m, "Film 1", "Somebody claims it.", "can go on watching", "/appeal")
	a, err := s.Reviews.Appeal(s.Ctx, s.creator.ID, spu, "It is mine.")
	s.OK(err)
	s.OK(s.Reviews.Answer(s.Ctx, oscar, a.ID, false, "Show us the contract."))
	s.says(s.gets(s.creator, "Your product was taken down", "Your appeal was refused"), "Show us the contract.")
	s.OK(s.Reviews.Undo(s.Ctx, olga, first.ID))
	s.gets(s.creator, "Your product was taken down", "Your appeal was refused", "The takedown of your product was undone")
	second := down(false)
	_, err = s.Reviews.Appeal(s.Ctx, s.creator.ID, spu, "It is still mine.")
	s.OK(err)
	s.OK(s.Reviews.Undo(s.Ctx, olga, second.ID)) // which grants the appeal: one mail, not two
	s.gets(s.creator, "Your product was taken down", "Your appeal was refused", "The takedown of your product was undone",
		"Your appeal was granted")
}

func TestMall_mails_payouts_and_their_destination(t *testing.T) {
	s := openShop(t)
	s.staff()
	s.Credit(s.creator.ID, 500_000)
	s.OK(s.Ledger.SetDestination(s.Ctx, s.creator.ID, ledger.Destination{Name: "Ada", Account: "DE0212030000202051"}))
	m := s.gets(s.creator, "Your payout account has changed")
	s.says(m, "••••2051", "/forgot-password", "/studio/earnings", "Payouts to it can")
	if strings.Contains(m.Content.Text, "DE0212030000202051") {
		t.Error("the whole account is named")
	}
	s.OK(s.Ledger.SetDestination(s.Ctx, s.creator.ID, ledger.Destination{Name: "Ada", Account: "DE0212030000202051"}))
	s.gets(s.creator, "Your payout account has changed") // the same again is no change
	got := []string{"Your payout account has changed"}
	s.Advance(100 * time.Hour)
	ask := func(key string) ledger.Payout {
		t.Helper()
		p, err := s.Ledger.RequestPayout(s.Ctx, s.creator.ID, money.Of(100_000, "CNY"), key)
		s.OK(err)
		return p
	}
	sees := func(subject string, words ...string) {
		t.Helper()
		got = append(got, subject)
		m := s.gets(s.creator, got...)
		s.says(m, words...)
		if strings.Contains(m.Content.Text, "for operators alone") {
			t.Errorf("the creator reads an operator's note: %s", m.Content.Text)
		}
	}
	p := ask("one")
	s.OK(s.Ledger.ApprovePayout(s.Ctx, olga, p.ID, p.Version, "for operators alone"))
	sees("Payout of CN¥1,000.00 approved", "••••2051", "http://127.0.0.1/studio/earnings")
	s.OK(s.Ledger.MarkPaid(s.Ctx, oscar, p.ID, p.Version+1, "SEPA-42"))
	sees("Payout of CN¥1,000.00 sent", "SEPA-42", "••••2051")
	s.OK(s.Ledger.MarkFailed(s.Ctx, oscar, p.ID, p.Version+2, "Account closed"))
	sees("Payout of CN¥1,000.00 failed", "Account closed")
	p = ask("two")
	s.OK(s.Ledger.RefusePayout(s.Ctx, olga, p.ID, p.Version, "Call us first"))
	sees("Payout of CN¥1,000.00 refused", "Call us first")
	p = ask("three")
	s.OK(s.Ledger.CancelPayout(s.Ctx, s.creator.ID, p.ID, p.Version)) // by themselves: nothing to tell
	s.again()
	s.gets(s.creator, got...)
}
