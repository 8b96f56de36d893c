package mailing_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/mail"
	"videomall/mall/malltest"
	"videomall/mall/order"
	"videomall/mall/payment/sandbox"
	"videomall/web/invoices"
)

// shop is a mall with a creator, whose account is the first, and buyers who read their mail.
type shop struct {
	*malltest.Mall
	creator, ann, bob account.User
}

func openShop(t *testing.T) *shop {
	t.Helper()
	t.Parallel()
	s := &shop{Mall: malltest.Listening(t)}
	s.PDF = invoices.PDF
	s.creator = s.person("creator", "en")
	s.ann = s.person("ann", "en")
	s.bob = s.person("bob", "zh-CN")
	if s.creator.ID != 1 {
		t.Fatalf("the creator is account %d", s.creator.ID)
	}
	return s
}

// person makes an account that nobody can sign in to.
func (s *shop) person(name, lang string) account.User {
	s.T.Helper()
	id := malltest.Query[int64](s.Mall, `insert into account_user (email, name, password_hash, locale)
		values ($1 || '@example.test', $1, '', $2) returning id`, name, lang)[0]
	u, err := s.Accounts.User(s.Ctx, id)
	s.OK(err)
	return u
}

// inbox relays all events, sends all mails and returns what a person has got.
func (s *shop) inbox(u account.User) []mail.Kept {
	s.T.Helper()
	s.Relayed()
	return s.Post(u.Email)
}

// gets fails unless a person has got just these mails, by their subjects, and returns the latest.
func (s *shop) gets(u account.User, subjects ...string) mail.Kept {
	s.T.Helper()
	box := s.inbox(u)
	var got []string
	for _, k := range box {
		got = append(got, k.Content.Subject)
	}
	if strings.Join(got, " | ") != strings.Join(subjects, " | ") {
		s.T.Fatalf("%s has got %q, want %q", u.Name, got, subjects)
	}
	if len(box) == 0 {
		return mail.Kept{}
	}
	return box[len(box)-1]
}

// says fails unless a mail has all these words, as text and, without quotes, as HTML.
func (s *shop) says(k mail.Kept, words ...string) {
	s.T.Helper()
	for _, w := range words {
		if !strings.Contains(k.Content.Text, w) || !strings.Contains(k.Content.HTML, w) {
			s.T.Errorf("%q lacks %q: %s", k.Content.Subject, w, k.Content.Text)
		}
	}
}

func (s *shop) pays(o order.Order, options sandbox.PayOptions) {
	s.T.Helper()
	s.Pay(o, options)
	s.DeliverNotices()
}

func (s *shop) buys(u account.User, skuIDs ...int64) order.Order {
	s.T.Helper()
	o := s.Place(u.ID, skuIDs...)
	s.pays(o, sandbox.PayOptions{})
	s.OK(s.Orders.Deliver(s.Ctx, o.OrderNo))
	return s.Becomes(o.OrderNo, order.Delivered)
}

// again delivers every event to the mails once more, as a relay does whose commit was lost.
func (s *shop) again() {
	s.T.Helper()
	_, err := s.Pool.Exec(s.Ctx, `update outbox_delivery set state = 'pending', settled_at = null
		where subscriber = 'mails'`)
	s.OK(err)
}

func TestMall_mails_a_receipt(t *testing.T) {
	s := openShop(t)
	o := s.buys(s.ann, s.Sells(990, -1), s.Sells(500, -1))
	k := s.gets(s.ann, "Your receipt for CN¥14.90")
	s.says(k, "Film 1", "Film 2", "CN¥9.90", "CN¥5.00", "CN¥14.90", o.OrderNo, "attached",
		"http://127.0.0.1/orders/"+o.OrderNo, "in your library")
	if len(k.Content.Attachments) != 1 {
		t.Fatalf("%d attachments", len(k.Content.Attachments))
	}
	file := k.Content.Attachments[0]
	if !strings.HasPrefix(file.Name, "INV-") || !strings.HasSuffix(file.Name, ".pdf") || file.Type != "application/pdf" {
		t.Errorf("attached %s of type %s", file.Name, file.Type)
	}
	for _, r := range file.Name {
		if r > 126 {
			t.Errorf("the name %q is not ASCII", file.Name)
		}
	}
	shown := pdfText(t, file.Data)
	for _, w := range []string{strings.TrimSuffix(file.Name, ".pdf"), "Film 1", "14.90", o.OrderNo} {
		if !strings.Contains(shown, w) {
			t.Errorf("the PDF lacks %q: %s", w, shown)
		}
	}
	s.again()
	s.gets(s.ann, "Your receipt for CN¥14.90")
	s.gets(s.bob)
	s.buys(s.bob, s.Sells(700, -1))
	s.says(s.gets(s.bob, "您的收据：¥7.00"), "影片", "收据见附件")
	s.gets(s.ann, "Your receipt for CN¥14.90")
	s.gets(s.creator)
}

// An order is paid and its access is late: the receipt waits for its document for a while and then leaves without it,
// and the buyer is told of the access when it comes.
func TestMall_mails_access_after_waiting(t *testing.T) {
	s := openShop(t)
	s.PDF = nil
	o := s.Place(s.ann.ID, s.Sells(990, -1))
	s.pays(o, sandbox.PayOptions{})
	s.gets(s.ann) // its document may still come
	s.Advance(6 * time.Minute)
	s.says(s.gets(s.ann, "Your receipt for CN¥9.90"), "on the page of the order")
	s.OK(s.Orders.Deliver(s.Ctx, o.OrderNo))
	k := s.gets(s.ann, "Your receipt for CN¥9.90", "Your videos are ready")
	s.says(k, "Film 1", "http://127.0.0.1/library", o.OrderNo)
	s.again()
	s.gets(s.ann, "Your receipt for CN¥9.90", "Your videos are ready")
}

func TestMall_mails_nothing_of_a_free_order(t *testing.T) {
	s := openShop(t)
	o := s.Place(s.ann.ID, s.Sells(0, -1))
	s.OK(s.Orders.Deliver(s.Ctx, o.OrderNo))
	s.gets(s.ann)
}

func TestMall_mails_each_refund(t *testing.T) {
	s := openShop(t)
	o := s.buys(s.ann, s.Sells(990, -1), s.Sells(500, -1))
	refund := func(item int) {
		t.Helper()
		r, err := s.Orders.Refunds().Request(s.Ctx, order.RefundRequest{
			OrderNo: o.OrderNo,
			ItemIDs: []int64{o.Items[item].ID},
			Reason:  "secret of the staff",
			Actor:   "operator:9",
			Key:     fmt.Sprint(item),
		})
		s.OK(err)
		s.gets(s.ann, s.subjects(s.ann)...) // not before it has succeeded
		s.submits(r.RefundNo)
	}
	s.gets(s.ann, "Your receipt for CN¥14.90")
	refund(1)
	k := s.gets(s.ann, "Your receipt for CN¥14.90", "Refund of CN¥5.00")
	s.says(k, "Film 2", "CN¥5.00", "http://127.0.0.1/orders/"+o.OrderNo, "can no longer be watched")
	if strings.Contains(k.Content.Text, "Film 1") || strings.Contains(k.Content.Text, "secret") {
		t.Errorf("it says too much: %s", k.Content.Text)
	}
	refund(0)
	s.gets(s.ann, "Your receipt for CN¥14.90", "Refund of CN¥5.00", "Refund of CN¥9.90")
	s.again()
	s.gets(s.ann, "Your receipt for CN¥14.90", "Refund of CN¥5.00", "Refund of CN¥9.90")
	s.gets(s.bob)
}

// submits sends a refund to the provider and hears of its success.
func (s *shop) submits(refundNo string) {
	s.T.Helper()
	if err := s.Orders.Refunds().Submit(s.Ctx, refundNo); err != nil && !errors.Is(err, order.ErrAwaitsProvider) {
		s.T.Fatal(err)
	}
	s.DeliverNotices()
}

func (s *shop) subjects(u account.User) (list []string) {
	for _, k := range s.inbox(u) {
		list = append(list, k.Content.Subject)
	}
	return list
}

func TestMall_mails_of_a_payment_that_came_twice(t *testing.T) {
	s := openShop(t)
	o := s.Place(s.ann.ID, s.Sells(990, -1))
	s.pays(o, sandbox.PayOptions{Twice: true})
	s.OK(s.Orders.Deliver(s.Ctx, o.OrderNo))
	for _, no := range malltest.Query[string](s.Mall, `select refund_no from order_refund where status = 'pending'`) {
		s.submits(no)
	}
	s.says(s.gets(s.ann, "Your receipt for CN¥9.90", "Refund of CN¥9.90"), "paid twice")
}

// TestMall_mails_only_the_recipients_own: whoever is named in the row decides what may be read, whatever the row says.
func TestMall_mails_only_the_recipients_own(t *testing.T) {
	s := openShop(t)
	sku := s.Sells(990, -1)
	s.buys(s.ann, sku)
	s.Relayed()
	_, err := s.Pool.Exec(s.Ctx, `update mail set user_id = $1, recipient = $2`, s.bob.ID, s.bob.Email)
	s.OK(err)
	s.gets(s.bob)
	if got := malltest.Query[string](s.Mall, `select state || ' ' || reason from mail`); fmt.Sprint(got) != "[dropped moot]" {
		t.Errorf("the mail is %q", got)
	}
}

// TestMall_mails_nothing_of_the_past: what happened long ago, and what happened before the mall was upgraded.
func TestMall_mails_nothing_of_the_past(t *testing.T) {
	s := openShop(t)
	s.buys(s.ann, s.Sells(990, -1))
	s.Advance(73 * time.Hour) // the relay was away
	s.gets(s.ann)
	s.again()
	s.gets(s.ann)
	s.buys(s.bob, s.Sells(500, -1))
	s.gets(s.bob, "您的收据：¥5.00")
}

// An old event stands before the place where the migration has put the subscriber, and one that a mall without mail has
// relayed stands before the place where it is when there is a mail server.
func TestMall_mails_nothing_from_before_there_was_mail(t *testing.T) {
	s := openShop(t)
	o := s.Place(s.ann.ID, s.Sells(990, -1))
	s.pays(o, sandbox.PayOptions{})
	silent := s.Silent()
	if silent.Mails != nil || silent.Notices != nil {
		t.Fatal("a mall without a transport has mails")
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		_, err := silent.Outbox.Relay(s.Ctx)
		s.OK(err)
		if malltest.Query[bool](s.Mall, `select exists (select from outbox_event e join outbox_delivery d on d.event_id = e.id
			where e.type = 'order.paid' and d.subscriber = 'mails' and d.state = 'delivered')`)[0] {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody relayed")
		}
	}
	s.gets(s.ann)
	_, err := s.Pool.Exec(s.Ctx, `insert into outbox_event (xid, type, aggregate, payload, created_at)
		select '9', type, aggregate, payload, created_at from outbox_event where type = 'order.paid'`)
	s.OK(err)
	s.gets(s.ann)
	if n := malltest.Query[int64](s.Mall, `select count(*) from outbox_delivery d join outbox_event e on e.id = d.event_id
		where e.xid = '9' and d.subscriber = 'mails'`)[0]; n != 0 {
		t.Errorf("%d events of the past were delivered", n)
	}
}

// An account that is gone is told nothing, and the event is no dead letter.
func TestMall_mails_nobody_without_an_account(t *testing.T) {
	s := openShop(t)
	s.buys(account.User{ID: 4711}, s.Sells(990, -1))
	s.Relayed()
	if n := malltest.Query[int64](s.Mall, `select count(*) from mail`)[0]; n != 0 {
		t.Errorf("%d mails", n)
	}
}

func sells(s *shop, hours int) int64 {
	s.T.Helper()
	sku := s.Sells(500, -1)
	_, err := s.Pool.Exec(s.Ctx, `update video_product_sku set kind = 'rent', rent_hours = $2 where id = $1`, sku, hours)
	s.OK(err)
	return sku
}

func (s *shop) remind() {
	s.T.Helper()
	_, err := s.Notices.Remind(s.Ctx)
	s.OK(err)
}

func TestMall_reminds_of_a_rental_that_ends(t *testing.T) {
	s := openShop(t)
	long, short := sells(s, 72), sells(s, 48)
	s.buys(s.ann, long, short)
	owned, err := s.Entitlements.Owned(s.Ctx, s.ann.ID, malltest.Query[int64](s.Mall, `select id from video_product_spu`))
	s.OK(err)
	for _, list := range owned {
		for _, e := range list {
			_, err := s.Entitlements.Start(s.Ctx, e.ID)
			s.OK(err)
		}
	}
	s.remind()
	s.gets(s.ann, "Your receipt for CN¥10.00")
	s.Advance(47 * time.Hour)
	s.remind()
	s.gets(s.ann, "Your receipt for CN¥10.00")
	s.Advance(2 * time.Hour)
	s.remind()
	s.remind()
	k := s.gets(s.ann, "Your receipt for CN¥10.00", "Your rental ends soon")
	s.says(k, "Film 1", "http://127.0.0.1/watch/film-1")
	s.Advance(12 * time.Hour)
	s.remind()
	s.gets(s.ann, "Your receipt for CN¥10.00", "Your rental ends soon")
}

func TestMall_reminds_nobody_who_may_go_on_watching(t *testing.T) {
	s := openShop(t)
	sku := sells(s, 72)
	s.buys(s.ann, sku)
	s.buys(s.ann, sku) // a second window, which is not open
	first := malltest.Query[int64](s.Mall, `select min(id) from video_entitlement`)[0]
	_, err := s.Entitlements.Start(s.Ctx, first)
	s.OK(err)
	s.Advance(60 * time.Hour)
	s.remind()
	s.gets(s.ann, "Your receipt for CN¥5.00", "Your receipt for CN¥5.00")
}

func TestMall_reminds_of_an_order_that_waits(t *testing.T) {
	s := openShop(t)
	s.Place(s.bob.ID, s.Sells(500, -1)) // 15 minutes
	s.Advance(10 * time.Minute)
	s.remind()
	s.gets(s.bob)
	slow := s.OrdersWith(func(d *order.Deps) { d.PayWindow = 40 * time.Minute })
	place := func(u account.User, amount int64) order.Order {
		t.Helper()
		o, _, err := slow.Place(s.Ctx, order.PlaceRequest{
			UserID:         u.ID,
			IdempotencyKey: fmt.Sprint(u.ID, amount),
			Items:          []order.Line{{SKUID: s.Sells(amount, -1), Quantity: 1}},
		})
		s.OK(err)
		return o
	}
	o, paid := place(s.ann, 990), place(s.ann, 700)
	s.Advance(19 * time.Minute)
	s.remind()
	s.gets(s.ann)
	s.Advance(2 * time.Minute)
	s.remind()
	s.pays(paid, sandbox.PayOptions{}) // before its reminder has left
	s.OK(s.Orders.Deliver(s.Ctx, paid.OrderNo))
	s.remind()
	s.gets(s.ann, "Your order is not paid yet", "Your receipt for CN¥7.00")
	s.says(s.inbox(s.ann)[0], "Film 2", "CN¥9.90", "http://127.0.0.1/orders/"+o.OrderNo)
	s.gets(s.bob)
	place(s.bob, 300)
	s.Advance(36 * time.Minute)
	s.remind()
	s.gets(s.bob)
}
