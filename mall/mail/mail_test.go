package mail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db"
	"videomall/db/dbtest"
	"videomall/mall/mail"
	"videomall/mall/mail/mailtest"
)

// office is a set of mails with a mail server of its own and a clock that the test advances.
type office struct {
	*mail.Mails
	t       *testing.T
	ctx     context.Context
	pool    *pgxpool.Pool
	server  *mailtest.Server
	ahead   atomic.Int64
	compose atomic.Pointer[error]

	unfollowed atomic.Bool
	acts       []string // of operators
}

func unsubscribeURL(m mail.Mail) string {
	if m.Unsubscribe == "" {
		return ""
	}
	return "https://mall.example/unsubscribe/" + m.Unsubscribe
}

func open(t *testing.T) *office {
	t.Helper()
	t.Parallel()
	o := &office{t: t, ctx: t.Context(), pool: dbtest.New(t), server: mailtest.Start(t, nil)}
	transport, err := mail.NewSMTP(mail.SMTPOptions{URL: "smtp://" + o.server.Addr, Timeout: 5 * time.Second})
	o.ok(err)
	o.Mails = o.with(transport)
	return o
}

func (o *office) with(transport mail.Transport) *mail.Mails {
	o.t.Helper()
	jobs, err := river.NewClient(riverpgxv5.New(o.pool), &river.Config{})
	o.ok(err)
	mails, err := mail.New(mail.Deps{
		Pool:      o.pool,
		River:     jobs,
		Now:       o.now,
		Key:       make([]byte, 32),
		Transport: transport,
		From:      "影城 <no-reply@mall.example>",
		TopicOf: func(kind string) mail.Topic {
			switch kind {
			case "rental_ends":
				return mail.TopicReminders
			case "followed_video":
				return mail.TopicFollowed
			}
			return mail.TopicOrders
		},
		Wanted: func(context.Context, mail.Querier, int64, int64) (bool, error) { return !o.unfollowed.Load(), nil },
		Audit: func(_ context.Context, _ pgx.Tx, operatorID int64, verb, subject string, _ any) error {
			o.acts = append(o.acts, fmt.Sprint(operatorID, " ", verb, " ", subject))
			return nil
		},
		Compose: func(_ context.Context, m mail.Mail) (mail.Content, error) {
			if failing := o.compose.Load(); failing != nil {
				return mail.Content{}, *failing
			}
			return mail.Content{
				Subject:     "收据 " + m.Kind,
				Text:        "Text of " + m.Cause + " " + m.Secret + "\n",
				HTML:        "<p>HTML of " + m.Cause + "</p>",
				Unsubscribe: unsubscribeURL(m),
				Attachments: []mail.Attachment{{Name: "receipt-1.pdf", Type: "application/pdf", Data: []byte("%PDF")}},
			}, nil
		},
	})
	o.ok(err)
	return mails
}

func (o *office) now() time.Time {
	return time.Now().Add(time.Duration(o.ahead.Load())).Truncate(time.Microsecond)
}

func (o *office) ok(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// write writes a mail and returns its id, or 0 if the cause was told before.
func (o *office) write(m mail.Order) (id int64) {
	o.t.Helper()
	o.ok(db.InTx(o.ctx, o.pool, func(tx pgx.Tx) error {
		written, err := o.WriteTx(o.ctx, tx, m)
		if err != nil || !written {
			return err
		}
		return tx.QueryRow(o.ctx, "select max(id) from mail").Scan(&id)
	}))
	return id
}

func receipt() mail.Order {
	return mail.Order{
		Kind:   "receipt",
		Cause:  "receipt/1",
		To:     "Shopper@Example.test",
		Locale: "en",
		Data:   map[string]string{"orderNo": "1"},
	}
}

func (o *office) find(id int64) (m mail.Mail) {
	o.t.Helper()
	o.ok(o.pool.QueryRow(o.ctx, "select state, reason, data from mail where id = $1", id).Scan(&m.State, &m.Reason, &m.Data))
	return m
}

func (o *office) wantState(id int64, want mail.State) {
	o.t.Helper()
	if m := o.find(id); m.State != want {
		o.t.Errorf("state %s (%s), want %s", m.State, m.Reason, want)
	}
}

func (o *office) wantSent(want int) {
	o.t.Helper()
	if got := o.server.Mails(); len(got) != want {
		o.t.Errorf("the server accepted %d mails, want %d", len(got), want)
	}
}

func TestMails_WriteTx_one_mail_a_cause(t *testing.T) {
	o := open(t)
	if o.write(receipt()) == 0 {
		t.Fatal("not written")
	}
	if again := o.write(receipt()); again != 0 {
		t.Error("the same cause was written twice")
	}
	other := receipt()
	other.To = "other@example.test"
	if o.write(other) == 0 {
		t.Error("another address was not told")
	}
	var jobs int
	o.ok(o.pool.QueryRow(o.ctx, "select count(*) from river_job where kind = 'send_mail'").Scan(&jobs))
	if jobs != 2 {
		t.Errorf("%d jobs, want 2", jobs)
	}
}

func TestMails_WriteTx_leaves_with_its_transaction(t *testing.T) {
	o := open(t)
	undone := errors.New("undone")
	err := db.InTx(o.ctx, o.pool, func(tx pgx.Tx) error {
		if _, err := o.WriteTx(o.ctx, tx, receipt()); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	var rows int
	o.ok(o.pool.QueryRow(o.ctx,
		"select (select count(*) from mail) + (select count(*) from river_job where kind = 'send_mail')").Scan(&rows))
	if rows != 0 {
		t.Errorf("%d rows of a mail that never became necessary", rows)
	}
}

func TestMails_Send_what_arrives(t *testing.T) {
	o := open(t)
	m := receipt()
	m.Secret = "token-7"
	id := o.write(m)
	var sealed []byte
	o.ok(o.pool.QueryRow(o.ctx, "select secret from mail where id = $1", id).Scan(&sealed))
	if len(sealed) == 0 || bytes.Contains(sealed, []byte("token-7")) {
		t.Error("the secret is not sealed")
	}
	o.ok(o.Send(o.ctx, id))
	o.wantState(id, mail.Sent)
	o.wantSent(1)
	got := o.server.Mails()[0]
	if got.To != "shopper@example.test" || got.From != "no-reply@mall.example" {
		t.Errorf("from %s to %s", got.From, got.To)
	}
	for _, want := range []string{
		"Subject: =?UTF-8?q?", "multipart/alternative", "text/plain; charset=UTF-8", "text/html; charset=UTF-8",
		"Text of receipt/1 token-7", "<p>HTML of receipt/1</p>", "application/pdf", "Auto-Submitted: auto-generated",
		"Message-ID: <mail-",
	} {
		if !bytes.Contains(got.Raw, []byte(want)) {
			t.Errorf("the mail lacks %q:\n%s", want, got.Raw)
		}
	}
	if text, html := bytes.Index(got.Raw, []byte("text/plain")), bytes.Index(got.Raw, []byte("text/html")); text > html {
		t.Error("HTML comes before text, so that readers show the text")
	}
	o.ok(o.pool.QueryRow(o.ctx, "select secret from mail where id = $1", id).Scan(&sealed))
	if sealed != nil {
		t.Error("the secret is kept after the mail has left")
	}
	o.ok(o.Send(o.ctx, id))
	o.wantSent(1)
}

func TestMails_Send_never_twice_at_once(t *testing.T) {
	o := open(t)
	id := o.write(receipt())
	var senders sync.WaitGroup
	for range 20 {
		senders.Go(func() {
			if err := o.Send(o.ctx, id); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	o.wantSent(1)
}

func TestMails_Send_after_each_fault(t *testing.T) {
	for name, c := range map[string]struct {
		fault    mailtest.Fault
		retried  bool // whether Send asks for another attempt
		state    mail.State
		accepted int // after a second attempt
	}{
		"busy":                       {mailtest.Busy, true, mail.Waiting, 1},
		"greylisted":                 {mailtest.Greylisted, true, mail.Waiting, 1},
		"no such user":               {mailtest.NoSuchUser, false, mail.Failed, 0},
		"spam":                       {mailtest.Spam, false, mail.Failed, 0},
		"lost before the answer":     {mailtest.Lost, false, mail.Unclear, 1},
		"connection ends afterwards": {mailtest.Gone, false, mail.Sent, 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t)
			o.server.Fail(c.fault)
			id := o.write(receipt())
			if err := o.Send(o.ctx, id); (err != nil) != c.retried {
				t.Errorf("Send: %v", err)
			}
			o.wantState(id, c.state)
			o.ok(o.Send(o.ctx, id))
			o.wantSent(c.accepted)
		})
	}
}

func TestMails_Send_without_a_server(t *testing.T) {
	o := open(t)
	gone, err := mail.NewSMTP(mail.SMTPOptions{URL: "smtp://127.0.0.1:1", Timeout: time.Second})
	o.ok(err)
	o.Mails = o.with(gone)
	id := o.write(receipt())
	if err := o.Send(o.ctx, id); err == nil {
		t.Error("no error, and so no further attempt")
	}
	o.wantState(id, mail.Waiting)
}

func TestMails_Send_that_cannot_be_composed(t *testing.T) {
	o := open(t)
	broken := errors.New("broken")
	o.compose.Store(&broken)
	id := o.write(receipt())
	if err := o.Send(o.ctx, id); !errors.Is(err, broken) {
		t.Errorf("Send: %v", err)
	}
	o.wantState(id, mail.Waiting)
	o.compose.Store(nil)
	o.ok(o.Send(o.ctx, id))
	o.wantSent(1)
}

func TestMails_Send_too_late(t *testing.T) {
	o := open(t)
	late := receipt()
	late.Until = o.now().Add(30 * time.Minute)
	id := o.write(late)
	o.ahead.Store(int64(31 * time.Minute))
	o.ok(o.Send(o.ctx, id))
	if m := o.find(id); m.State != mail.Dropped || m.Reason != mail.ReasonExpired {
		t.Errorf("%s (%s)", m.State, m.Reason)
	}
	o.wantSent(0)
}

func TestMails_Sweep_expired(t *testing.T) {
	o := open(t)
	m := receipt()
	m.Secret = "token-7"
	id := o.write(m) // and its job has given up
	o.ahead.Store(int64(3*24*time.Hour - time.Minute))
	if _, err := o.Sweep(o.ctx); err != nil {
		t.Fatal(err)
	}
	o.wantState(id, mail.Waiting)
	o.ahead.Store(int64(3*24*time.Hour + time.Minute))
	if _, err := o.Sweep(o.ctx); err != nil {
		t.Fatal(err)
	}
	o.wantState(id, mail.Dropped)
	var sealed []byte
	o.ok(o.pool.QueryRow(o.ctx, "select secret from mail where id = $1", id).Scan(&sealed))
	if sealed != nil {
		t.Error("the secret is kept")
	}
}

func TestMails_Sweep_interrupted(t *testing.T) {
	o := open(t)
	id := o.write(receipt())
	_, err := o.pool.Exec(o.ctx, "update mail set state = 'sending', moved_at = $2 where id = $1", id, o.now())
	o.ok(err)
	if n, err := o.Sweep(o.ctx); n != 0 || err != nil {
		t.Errorf("an attempt under way: %d, %v", n, err)
	}
	o.ahead.Store(int64(3 * mail.SendTime))
	if n, err := o.Sweep(o.ctx); n != 1 || err != nil {
		t.Errorf("an attempt of a killed process: %d, %v", n, err)
	}
	o.wantState(id, mail.Unclear)
	o.ok(o.Send(o.ctx, id))
	o.wantSent(0)
}

func TestMailbox_keeps(t *testing.T) {
	o := open(t)
	box := mail.NewMailbox(o.pool)
	o.Mails = o.with(box)
	id := o.write(receipt())
	o.ok(o.Send(o.ctx, id))
	o.wantState(id, mail.Sent)
	kept, err := box.List(o.ctx, 0, 10)
	o.ok(err)
	if len(kept) != 1 || kept[0].ID != id {
		t.Fatalf("kept %+v", kept)
	}
	opened, err := box.Open(o.ctx, id)
	o.ok(err)
	for _, k := range []mail.Kept{kept[0], opened} {
		c := k.Content
		if k.To != "shopper@example.test" || c.Subject != "收据 receipt" || c.HTML != "<p>HTML of receipt/1</p>" ||
			strings.TrimSpace(c.Text) != "Text of receipt/1" || len(c.Attachments) != 1 ||
			c.Attachments[0].Name != "receipt-1.pdf" || string(c.Attachments[0].Data) != "%PDF" {
			t.Errorf("kept %+v", k)
		}
	}
	if _, err := box.Open(o.ctx, id+1); !errors.Is(err, mail.ErrNotFound) {
		t.Errorf("a mail that is not kept: %v", err)
	}
	var data map[string]string
	o.ok(json.Unmarshal(o.find(id).Data, &data))
	if data["orderNo"] != "1" {
		t.Errorf("data %v", data)
	}
}
