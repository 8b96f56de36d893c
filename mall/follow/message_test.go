package follow_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"videomall/mall/fault"
	"videomall/mall/follow"
	"videomall/mall/malltest"
)

// established makes the creator one whose messages need no operator.
func (h *theatre) established() {
	h.t.Helper()
	h.publishes()
	h.Advance(follow.NewFor + time.Hour)
}

func draft(subject, body string) follow.Draft { return follow.Draft{Subject: subject, Body: body} }

func TestFollows_Write(t *testing.T) {
	h := open(t)
	h.crowd(2)
	h.established()
	if next, err := h.Follows.Next(h.Ctx, h.creator); err != nil || next.After(h.Now()) {
		t.Errorf("may write from %v, %v", next, err)
	}
	var written, soon atomic.Int32
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() {
			_, err := h.Follows.Write(h.Ctx, h.creator, fmt.Sprint("form", n), draft("News", "Hello"))
			switch {
			case err == nil:
				written.Add(1)
			case errors.Is(err, follow.ErrTooSoon):
				soon.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if written.Load() != 1 || soon.Load() != 5 {
		t.Errorf("of six at once %d were written and %d refused", written.Load(), soon.Load())
	}
	m, err := h.Follows.Messages(h.Ctx, h.creator, 9)
	h.OK(err)
	key := malltest.Query[string](h.Mall, "select form_key from follow_message")[0]
	if again, err := h.Follows.Write(h.Ctx, h.creator, key, draft("Other", "Other")); err != nil || again.ID != m[0].ID {
		t.Errorf("the same form again: %+v, %v", again, err)
	}
	h.batches()
	if got := h.mails(follow.KindMessage); len(got) != 2 {
		t.Errorf("mailed %v", got)
	}
	if next, err := h.Follows.Next(h.Ctx, h.creator); err != nil || next.Sub(m[0].At) != follow.Every {
		t.Errorf("next from %v, %v", next, err)
	}
	h.Advance(follow.Every)
	if _, err := h.Follows.Write(h.Ctx, h.creator, "a week later", draft("News", "Hello")); err != nil {
		t.Errorf("a week later: %v", err)
	}
}

func TestFollows_Write_held(t *testing.T) {
	h := open(t)
	h.crowd(1)
	write := func(body string) follow.Message {
		t.Helper()
		m, err := h.Follows.Write(h.Ctx, h.creator, body, draft("News", body))
		h.OK(err)
		h.batches()
		return m
	}
	fresh := write("from a new creator")
	if fresh.State != follow.MessageHeld || !slices.Equal(fresh.Reasons, []string{follow.ReasonNew}) {
		t.Errorf("of a new creator: %+v", fresh)
	}
	if err := h.Follows.Refuse(h.Ctx, h.olga, fresh.ID, "  "); !errors.Is(err, follow.ErrAnswer) {
		t.Errorf("without a reason: %v", err)
	}
	h.OK(h.Follows.Refuse(h.Ctx, h.olga, fresh.ID, "tell them who you are"))
	if err := h.Follows.Approve(h.Ctx, h.olga, fresh.ID); !errors.Is(err, follow.ErrMessageMoved) {
		t.Errorf("a second decision: %v", err)
	}
	h.established() // and one that was refused does not count
	h.OK(h.Reviews.AddWord(h.Ctx, h.olga, "roulette", 40))
	worded := write("Come and play Roulette")
	if !slices.Equal(worded.Reasons, []string{follow.ReasonWords}) {
		t.Errorf("with a word of the list: %+v", worded)
	}
	if err := h.Follows.Approve(h.Ctx, h.creator, worded.ID); !errors.Is(err, follow.ErrOwnMessage) {
		t.Errorf("one's own: %v", err)
	}
	if got := h.mails(follow.KindMessage); len(got) != 0 {
		t.Errorf("mailed %v before anybody decided", got)
	}
	h.OK(h.Follows.Approve(h.Ctx, h.olga, worded.ID))
	h.batches()
	if got := h.mails(follow.KindMessage); len(got) != 1 {
		t.Errorf("mailed %v after the approval", got)
	}
	h.Advance(follow.Every)
	spu := malltest.Query[int64](h.Mall, "select id from video_product_spu limit 1")[0]
	h.OK(h.takenDown(spu))
	if m := write("after a takedown"); !slices.Equal(m.Reasons, []string{follow.ReasonTakedown}) &&
		!slices.Contains(m.Reasons, follow.ReasonTakedown) {
		t.Errorf("with a takedown: %+v", m)
	}
	verbs := malltest.Query[string](h.Mall, "select verb from audit_entry where verb like 'message.%' order by id")
	if !slices.Equal(verbs, []string{"message.refuse", "message.approve"}) {
		t.Errorf("audit log: %v", verbs)
	}
}

func (h *theatre) takenDown(spu int64) error {
	_, err := h.Pool.Exec(h.Ctx, `insert into review_takedown (spu_id, creator_id, title_zh, title_en, by_id, reason, keep_access, at)
		values ($1, $2, 'x', 'x', $3, 'rights', true, now())`, spu, h.creator, h.olga)
	return err
}

func TestFollows_Check(t *testing.T) {
	t.Parallel()
	f := follow.New(follow.Deps{Host: "mall.example"})
	for body, want := range map[string]string{
		"": "message_empty", " \n ": "message_empty", "a\x00b": "message_unreadable", "\xff": "message_unreadable",
		strings.Repeat("é", follow.MaxBody+1):   "message_long",
		"see https://evil.example/x":            "message_link",
		"see HTTPS://MALL.EXAMPLE.evil.example": "message_link",
		"https://mall.example@evil.example":     "message_link",
		"https://mall.example\\@evil.example":   "message_link",
		"https://mall.example:444/":             "message_link",
		"ftp://mall.example/":                   "message_link",
		"see www.evil.test now":                 "message_link",
		"see evil.com":                          "message_link",
		"Visit evil.com.":                       "message_link",
		"see evil.com. Thanks":                  "message_link",
		"evil.com...":                           "message_link",
		"evil.com-":                             "message_link",
		"evil.ai/x":                             "message_link",
		"write to me@evil.com":                  "message_link",
		"ｈｔｔｐｓ：／／evil.example":                  "message_link",
		"ht\u200btps://evil.example":            "message_link",
		"evil.co\u200bm/x":                      "message_link",
	} {
		_, err := f.Check(draft("News", body))
		var got string
		if fields := faultFields(err); fields != nil {
			got = fields["body"]
		}
		if got != want {
			t.Errorf("%.40q: %q, want %q", body, got, want)
		}
	}
	for _, body := range []string{
		"See https://mall.example/v/glacier.", "在 https://mall.example/v/glacier，见", "Half past 3.30, e.g. now", "mall.example",
		"The end.Next one in March", strings.Repeat("é", follow.MaxBody), "line\r\nline", "1.5x, v2.0",
	} {
		if d, err := f.Check(draft("News", body)); err != nil || strings.Contains(d.Body, "\r") {
			t.Errorf("%.40q: %v", body, err)
		}
	}
	short := follow.New(follow.Deps{Host: "mall.co"})
	for body, ours := range map[string]bool{
		"mall.co": true, "Look at mall.co.": true, "mall.co. Then": true, "mall.com": false, "mall.co.evil.com": false,
	} {
		if _, err := short.Check(draft("News", body)); (err == nil) != ours {
			t.Errorf("%q: %v", body, err)
		}
	}
	if _, err := f.Check(draft("two\nlines", "x")); faultFields(err)["subject"] != "message_unreadable" {
		t.Errorf("a subject of two lines: %v", err)
	}
	if _, err := f.Check(follow.Draft{Subject: "a", Body: "b", Locale: "fr"}); faultFields(err)["locale"] == "" {
		t.Errorf("another language: %v", err)
	}
}

func faultFields(err error) map[string]string {
	if err == nil {
		return nil
	}
	return fault.From(err).Fields
}
