package mail_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/mail"
)

func (o *office) receive(e mail.Event) {
	o.t.Helper()
	if e.ID == "" {
		e.ID = fmt.Sprint("msg_", time.Now().UnixNano())
	}
	fresh, err := o.Receive(o.ctx, e)
	o.ok(err)
	if !fresh {
		o.t.Errorf("event %s was received before", e.ID)
	}
}

// messageID is the header of the latest mail that the server accepted.
func (o *office) messageID() string {
	o.t.Helper()
	all := o.server.Mails()
	raw := string(all[len(all)-1].Raw)
	_, after, _ := strings.Cut(raw, "Message-ID: ")
	id, _, _ := strings.Cut(after, "\r\n")
	return id
}

func (o *office) suppressed(address string) string {
	o.t.Helper()
	s, err := o.Suppressed(o.ctx, address)
	o.ok(err)
	if s == nil {
		return ""
	}
	return string(s.Why)
}

func (o *office) history(id int64) string {
	o.t.Helper()
	steps, err := o.History(o.ctx, id)
	o.ok(err)
	var events []string
	for _, s := range steps {
		events = append(events, s.Event)
	}
	return strings.Join(events, " ")
}

func TestMails_Receive_hard_bounce(t *testing.T) {
	o := open(t)
	ann := o.person("shopper@example.test")
	sent := o.write(receipt())
	o.ok(o.Send(o.ctx, sent))
	waiting := receipt()
	waiting.Cause = "receipt/2"
	later := o.write(waiting)
	o.receive(mail.Event{
		Kind:      mail.BouncedHard,
		MessageID: o.messageID(),
		Address:   "forwarded@elsewhere.test", // the mail itself says whose it is
		Detail:    "550 no such user",
	})
	if o.suppressed(" SHOPPER@example.test") != "bounce" || o.suppressed("forwarded@elsewhere.test") != "" {
		t.Error("the address that bounced is not the one that is suppressed")
	}
	if h := o.history(sent); h != "waiting sending sent bounced_hard" {
		t.Errorf("history: %s", h)
	}
	o.ok(o.Send(o.ctx, later))
	o.wantState(later, mail.Dropped)
	o.wantSent(1)
	waiting.Cause = "receipt/3"
	if o.write(waiting) != 0 {
		t.Error("a mail was written to an address that bounces")
	}
	if o.write(reminder(ann)) == 0 {
		t.Error("another address of the same person is suppressed, too")
	}
}

func TestMails_Receive_complaint(t *testing.T) {
	o := open(t)
	ann := o.person("ann@example.test")
	o.receive(mail.Event{Kind: mail.Complained, Address: "Ann@Example.test"})
	if o.write(reminder(ann)) != 0 {
		t.Error("a mail that people can switch off was written after a complaint")
	}
	money := receipt()
	money.To = "ann@example.test"
	id := o.write(money)
	if id == 0 {
		t.Fatal("a mail about money was not written after a complaint")
	}
	o.ok(o.Send(o.ctx, id))
	o.wantState(id, mail.Sent)
	o.receive(mail.Event{Kind: mail.BouncedHard, Address: "ann@example.test"})
	o.receive(mail.Event{Kind: mail.Complained, Address: "ann@example.test"})
	if o.suppressed("ann@example.test") != "bounce" {
		t.Error("a complaint hides that the address bounces")
	}
}

func TestMails_Receive_harmless_and_wrong(t *testing.T) {
	o := open(t)
	id := o.write(receipt())
	o.ok(o.Send(o.ctx, id))
	o.receive(mail.Event{Kind: mail.Delivered, MessageID: o.messageID()})
	o.receive(mail.Event{Kind: mail.BouncedSoft, MessageID: o.messageID()})
	if h := o.history(id); h != "waiting sending sent delivered bounced_soft" {
		t.Errorf("history: %s", h)
	}
	if o.suppressed("shopper@example.test") != "" {
		t.Error("a full mailbox suppresses its address")
	}
	forged := strings.Replace(o.messageID(), "mall.example", "other.example", 1)
	for _, e := range []mail.Event{
		{Kind: "opened", Address: "a@example.test"},
		{Kind: mail.BouncedHard},
		{Kind: mail.BouncedHard, MessageID: forged},
		{Kind: mail.BouncedHard, MessageID: "<mail-999-1@mall.example>"},
		{Kind: mail.BouncedHard, Address: "no address"},
		{Kind: mail.BouncedHard, Address: "a\x00@example.test"},
		{Kind: mail.BouncedHard, Address: strings.Repeat("a", 300) + "@example.test"},
	} {
		e.ID = "wrong"
		if _, err := o.Receive(o.ctx, e); !errors.Is(err, mail.ErrEvent) {
			t.Errorf("%+v: %v", e, err)
		}
	}
	if o.suppressed("shopper@example.test") != "" {
		t.Error("a made-up Message-ID suppresses an address")
	}
}

// TestMails_Receive_once: a report that comes again, even while the first is being taken, takes effect once.
func TestMails_Receive_once(t *testing.T) {
	o := open(t)
	e := mail.Event{ID: "msg_1", Kind: mail.Complained, Address: "ann@example.test"}
	var fresh atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ok, err := o.Receive(o.ctx, e)
			if err != nil {
				t.Error(err)
			}
			if ok {
				fresh.Add(1)
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 {
		t.Errorf("taken %d times", fresh.Load())
	}
	o.ok(o.Unsuppress(o.ctx, 9, "ann@example.test"))
	if again, err := o.Receive(o.ctx, e); again || err != nil || o.suppressed("ann@example.test") != "" {
		t.Errorf("a replay took effect: %v, %v", again, err)
	}
	if len(o.acts) != 1 || o.acts[0] != "9 mail.unsuppress address:ann@example.test" {
		t.Errorf("audit log: %v", o.acts)
	}
	if err := o.Unsuppress(o.ctx, 9, "ann@example.test"); !errors.Is(err, mail.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
}

func verification(n int) mail.Order {
	return mail.Order{
		Kind:   "verify_email",
		Cause:  fmt.Sprint("verify_email/", n),
		To:     "ann@example.test",
		Secret: "token",
		Trial:  true,
	}
}

func (o *office) confirmed(address string) {
	o.t.Helper()
	o.ok(db.InTx(o.ctx, o.pool, func(tx pgx.Tx) error { return o.ConfirmedTx(o.ctx, tx, address) }))
}

// TestMails_TryAgain: a suppressed address is tried with one mail, once, and mail goes there again when its reader
// confirms that mail.
func TestMails_TryAgain(t *testing.T) {
	o := open(t)
	const ann = "ann@example.test"
	o.receive(mail.Event{Kind: mail.BouncedHard, Address: ann})
	if o.write(verification(1)) != 0 {
		t.Error("written before anybody asked for a try")
	}
	o.confirmed(ann)
	if o.suppressed(ann) != "bounce" {
		t.Fatal("an old link ended the suppression")
	}
	o.ok(o.TryAgain(o.ctx, ann))
	o.ok(o.TryAgain(o.ctx, ann)) // the mail of the try is not written yet
	plain := receipt()
	plain.To = ann
	if o.write(plain) != 0 {
		t.Error("another mail than the confirmation was let through")
	}
	trial := o.write(verification(2))
	if trial == 0 {
		t.Fatal("the confirmation was not let through")
	}
	if o.write(verification(3)) != 0 {
		t.Error("a second confirmation was let through")
	}
	if err := o.TryAgain(o.ctx, ann); !errors.Is(err, mail.ErrTried) {
		t.Errorf("a second try: %v", err)
	}
	o.ok(o.Send(o.ctx, trial))
	o.wantState(trial, mail.Sent)
	o.receive(mail.Event{Kind: mail.BouncedHard, MessageID: o.messageID()})
	if err := o.TryAgain(o.ctx, ann); !errors.Is(err, mail.ErrTried) {
		t.Errorf("a try after the try came back: %v", err)
	}
	o.confirmed(ann)
	if o.suppressed(ann) != "" || o.write(plain) == 0 {
		t.Error("a confirmed address is still suppressed")
	}
	if err := o.TryAgain(o.ctx, ann); !errors.Is(err, mail.ErrNotFound) {
		t.Errorf("a try of an address that is not suppressed: %v", err)
	}
}

func TestMails_Retry(t *testing.T) {
	o := open(t)
	fail := func(m mail.Order) int64 {
		t.Helper()
		id := o.write(m)
		_, err := o.pool.Exec(o.ctx, "update mail set state = 'failed', reason = '550', secret = null where id = $1", id)
		o.ok(err)
		return id
	}
	linked := receipt()
	linked.Cause, linked.Secret = "reset/1", "token"
	short := receipt()
	short.Cause, short.Until = "short/1", o.now().Add(time.Minute)
	plain, withLink, late := fail(receipt()), fail(linked), fail(short)
	o.ahead.Add(int64(time.Hour))
	for id, want := range map[int64]error{plain: nil, withLink: mail.ErrNoRetry, late: mail.ErrNoRetry, 999: mail.ErrNotFound} {
		m, err := o.Get(o.ctx, id)
		if err == nil && m.MayRetry(o.now()) != (want == nil) {
			t.Errorf("mail %d may be sent again: %v", id, m.MayRetry(o.now()))
		}
		if err := o.Retry(o.ctx, 9, id); !errors.Is(err, want) {
			t.Errorf("mail %d: %v, want %v", id, err, want)
		}
	}
	o.ok(o.Send(o.ctx, plain))
	o.wantState(plain, mail.Sent)
	o.wantSent(1)
	if err := o.Retry(o.ctx, 9, plain); !errors.Is(err, mail.ErrMoved) {
		t.Errorf("a mail that was sent: %v", err)
	}
	if want := fmt.Sprintf("[9 mail.retry mail:%d]", plain); fmt.Sprint(o.acts) != want {
		t.Errorf("audit log: %v", o.acts)
	}
	if h := o.history(plain); h != "waiting failed waiting sending sent" {
		t.Errorf("history: %s", h)
	}
}

func TestMails_List(t *testing.T) {
	o := open(t)
	for n, to := range []string{"ann@example.test", "anna@example.test", "bob@example.test"} {
		m := receipt()
		m.To, m.Cause = to, fmt.Sprint("receipt/", n)
		o.write(m)
	}
	o.write(reminder(o.person("ann@example.test")))
	for want, f := range map[int]mail.Filter{
		4: {Most: 9},
		3: {Most: 9, To: "ANN"},
		2: {Most: 2},
		1: {Most: 9, Kind: "rental_ends", State: mail.Waiting},
		0: {Most: 9, State: mail.Failed},
	} {
		if list, err := o.List(o.ctx, f); err != nil || len(list) != want {
			t.Errorf("%+v: %d mails, want %d, %v", f, len(list), want, err)
		}
	}
	states, suppressed, err := o.Counts(o.ctx)
	if err != nil || states[mail.Waiting] != 4 || states[mail.Sent] != 0 || suppressed != 0 {
		t.Errorf("%v, %d, %v", states, suppressed, err)
	}
}
