package mail_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"videomall/mall/mail"
)

// person makes an account and returns its number.
func (o *office) person(email string) (id int64) {
	o.t.Helper()
	o.ok(o.pool.QueryRow(o.ctx, `insert into account_user (email, name, password_hash, locale, created_at)
		values ($1, 'Ann', 'x', '', now()) returning id`, email).Scan(&id))
	return id
}

func reminder(userID int64) mail.Order {
	return mail.Order{
		Kind:   "rental_ends",
		Cause:  "rental_ends/1",
		To:     "ann@example.test",
		UserID: userID,
		Locale: "en",
	}
}

func TestMails_WriteTx_topic_switched_off(t *testing.T) {
	o := open(t)
	ann := o.person("ann@example.test")
	o.ok(o.Choose(o.ctx, ann, mail.TopicReminders, false))
	if o.write(reminder(ann)) != 0 {
		t.Error("a mail was written that the person has switched off")
	}
	always := receipt()
	always.UserID = ann
	if o.write(always) == 0 {
		t.Error("a mail was not written that nobody can switch off")
	}
	for _, topic := range []mail.Topic{mail.TopicAccount, mail.TopicOrders, "made up", ""} {
		if err := o.Choose(o.ctx, ann, topic, false); !errors.Is(err, mail.ErrTopic) {
			t.Errorf("switching %q off: %v", topic, err)
		}
	}
	o.ok(o.Choose(o.ctx, ann, mail.TopicReminders, true))
	if o.write(reminder(ann)) == 0 {
		t.Error("nothing was written after the topic was switched on again")
	}
}

func TestMails_Send_switched_off_since(t *testing.T) {
	o := open(t)
	ann := o.person("ann@example.test")
	id := o.write(reminder(ann))
	o.ok(o.Choose(o.ctx, ann, mail.TopicReminders, false))
	o.ok(o.Send(o.ctx, id))
	o.wantState(id, mail.Dropped)
	o.wantSent(0)
	o.ok(o.creator(7))
	order := mail.Order{
		Kind:      "followed_video",
		Cause:     "followed_video/1",
		To:        "ann@example.test",
		UserID:    ann,
		CreatorID: 7,
	}
	id = o.write(order)
	o.unfollowed.Store(true)
	o.ok(o.Send(o.ctx, id))
	o.wantState(id, mail.Dropped)
	order.Cause = "followed_video/2"
	if o.write(order) != 0 {
		t.Error("a mail was written about a creator whose mails nobody wants")
	}
}

func (o *office) creator(id int64) error {
	_, err := o.pool.Exec(o.ctx, `insert into catalog_creator (user_id, slug, name_zh, name_en) values ($1, 'c', 'c', 'c')`, id)
	return err
}

// TestMails_Send_unsubscribe_headers: mail programs find the link in the header (RFC 8058), and it says what it is for.
func TestMails_Send_unsubscribe_headers(t *testing.T) {
	o := open(t)
	ann := o.person("ann@example.test")
	o.ok(o.Send(o.ctx, o.write(reminder(ann))))
	always := receipt()
	always.UserID = ann
	o.ok(o.Send(o.ctx, o.write(always)))
	o.wantSent(2)
	unfolded := strings.NewReplacer("\r\n ", " ") // RFC 5322, 2.2.3
	optional := unfolded.Replace(string(o.server.Mails()[0].Raw))
	receipt := string(o.server.Mails()[1].Raw)
	want := " <https://mall.example/unsubscribe/" +
		o.UnsubscribeToken(mail.Switch{UserID: ann, Topic: mail.TopicReminders}) + ">\r\n"
	if !strings.Contains(optional, want) ||
		!strings.Contains(optional, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n") {
		t.Errorf("%s\nlacks %s", optional, want)
	}
	if strings.Contains(receipt, "List-Unsubscribe") {
		t.Error("a mail that nobody can switch off offers it")
	}
}

func TestMails_ReadUnsubscribe(t *testing.T) {
	o := open(t)
	for _, w := range []mail.Switch{
		{UserID: 17, Topic: mail.TopicReminders},
		{UserID: 17, Topic: mail.TopicFollowed, CreatorID: 5},
	} {
		token := o.UnsubscribeToken(w)
		o.ahead.Add(int64(10 * 365 * 24 * time.Hour))
		if got, err := o.ReadUnsubscribe(token); err != nil || got != w {
			t.Errorf("%s: %+v, %v", token, got, err)
		}
		at := strings.LastIndexByte(token, '.')
		for _, forged := range []string{
			"", ".", "...", token[:at], token[:at+1], token[1:], token + "A", token[:len(token)-1],
			strings.Replace(token, "17.", "18.", 1), strings.Replace(token, "17.", "017.", 1),
			token[:at] + "0" + token[at:], strings.ToUpper(token), token + "=",
			"17.orders.0" + token[at:], fmt.Sprintf("17.%s.6%s", w.Topic, token[at:]),
		} {
			if got, err := o.ReadUnsubscribe(forged); !errors.Is(err, mail.ErrUnsubscribe) {
				t.Errorf("%s: %+v, %v", forged, got, err)
			}
		}
	}
	always := o.UnsubscribeToken(mail.Switch{UserID: 17, Topic: mail.TopicOrders})
	if _, err := o.ReadUnsubscribe(always); !errors.Is(err, mail.ErrUnsubscribe) {
		t.Errorf("a topic that nobody can switch off: %v", err)
	}
}
