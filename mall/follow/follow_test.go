package follow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/follow"
	"videomall/mall/mail"
	"videomall/mall/malltest"
)

// theatre is a mall with a creator, people who may follow them, and an operator.
type theatre struct {
	*malltest.Mall
	t       *testing.T
	creator int64
	olga    int64
	videos  int
}

func open(t *testing.T) *theatre {
	t.Helper()
	t.Parallel()
	h := &theatre{Mall: malltest.Open(t, ""), t: t}
	h.creator = h.person("creator", account.RoleCreator, true)
	if h.creator != 1 {
		t.Fatalf("the creator is %d, not the one whose profile the mall has", h.creator)
	}
	h.olga = h.person("olga", account.RoleOperator, true)
	return h
}

func (h *theatre) person(name, role string, verified bool) int64 {
	h.t.Helper()
	u, err := h.Accounts.Provision(h.Ctx, account.User{
		Email:  name + "@example.test",
		Name:   name,
		Roles:  account.RolesOf(role),
		Locale: "en",
	}, "a password of "+name)
	h.OK(err)
	if verified {
		_, err = h.Pool.Exec(h.Ctx, "update account_user set email_verified_at = now() where id = $1", u.ID)
		h.OK(err)
	}
	return u.ID
}

// crowd makes people who follow the creator and want mails.
func (h *theatre) crowd(n int) {
	h.t.Helper()
	_, err := h.Pool.Exec(h.Ctx, `with made as (insert into account_user (email, name, password_hash, locale, created_at,
			email_verified_at)
		select 'crowd' || n || '@example.test', 'Crowd', 'x', '', $3, $3 from generate_series(1, $1) n returning id)
		insert into follow (user_id, creator_id, followed_at, mail_since) select id, $2, $3, $3 from made`,
		n, h.creator, h.Now())
	h.OK(err)
}

// publishes puts a video on sale, for the first time, and lets its event be handled.
func (h *theatre) publishes() int64 {
	h.t.Helper()
	h.videos++
	sku := h.Sells(990, -1)
	h.Relayed()
	return malltest.Query[int64](h.Mall, fmt.Sprint("select spu_id from video_product_sku where id = ", sku))[0]
}

// batches works the jobs that mail followers until none waits, and returns how many there were.
func (h *theatre) batches() (n int) {
	h.t.Helper()
	for {
		ids := malltest.Query[int64](h.Mall, `with taken as (delete from river_job where kind = 'mail_followers' returning args)
			select (args->>'mailingId')::bigint from taken`)
		if len(ids) == 0 {
			return n
		}
		for _, id := range ids {
			h.OK(h.Follows.Batch(h.Ctx, id))
			n++
		}
	}
}

func (h *theatre) mails(kind string) []string {
	h.t.Helper()
	return malltest.Query[string](h.Mall, "select recipient from mail where kind = '"+kind+"' order by recipient")
}

func TestFollows_PublishedTx_mails_those_who_asked(t *testing.T) {
	h := open(t)
	wants, silent := h.person("wants", "shopper", true), h.person("silent", "shopper", true)
	unproved, off := h.person("unproved", "shopper", false), h.person("off", "shopper", true)
	gone := h.person("gone", "shopper", true)
	for user, mails := range map[int64]bool{wants: true, silent: false, unproved: true, off: true, gone: true} {
		h.OK(h.Follows.Follow(h.Ctx, user, h.creator, mails))
	}
	h.OK(h.Mails.Choose(h.Ctx, off, mail.TopicFollowed, false))
	h.OK(h.Follows.Unfollow(h.Ctx, gone, h.creator))
	h.OK(h.Follows.Unfollow(h.Ctx, gone, h.creator))
	h.Advance(time.Second)
	spu := h.publishes()
	h.Advance(time.Second)
	late := h.person("late", "shopper", true)
	h.OK(h.Follows.Follow(h.Ctx, late, h.creator, true))
	h.batches()
	if got := h.mails(follow.KindVideo); !slices.Equal(got, []string{"wants@example.test"}) {
		t.Errorf("mailed %v", got)
	}
	id := malltest.Query[int64](h.Mall, "select id from mail where kind = 'followed_video'")[0]
	h.OK(h.Mails.Send(h.Ctx, id))
	kept, err := h.Mailbox.Open(h.Ctx, id)
	h.OK(err)
	if !strings.Contains(kept.Content.Text, "http://127.0.0.1/v/") || !strings.Contains(kept.Content.Text, "/unsubscribe/") ||
		!strings.HasPrefix(kept.Content.Subject, "Creator: ") {
		t.Errorf("the mail says %+v", kept.Content)
	}
	// Taking it off sale and putting it back is no first publication, nor is it within a minute.
	h.OK(h.Listings.TakeOff(h.Ctx, h.creator, spu))
	h.OK(h.Listings.PutBack(h.Ctx, h.creator, spu))
	h.Relayed()
	h.batches()
	h.Advance(time.Hour)
	h.OK(h.Listings.TakeOff(h.Ctx, h.creator, spu))
	h.OK(h.Listings.PutBack(h.Ctx, h.creator, spu))
	h.Relayed()
	h.batches()
	if got := h.mails(follow.KindVideo); len(got) != 1 {
		t.Errorf("mailed %v when the video came back", got)
	}
}

// TestFollows_PublishedTx_old_events: a mall that learns to follow still has the events of a week, which the new
// subscriber is handed. They mail nobody, whoever has followed meanwhile.
func TestFollows_PublishedTx_old_events(t *testing.T) {
	h := open(t)
	h.Sells(990, -1) // its event waits
	h.Advance(time.Hour)
	wants := h.person("wants", "shopper", true)
	h.OK(h.Follows.Follow(h.Ctx, wants, h.creator, true))
	events := malltest.Query[int64](h.Mall, "select count(*) from outbox_event where type = 'catalog.published'")[0]
	if events != 1 {
		t.Fatalf("%d events wait", events)
	}
	h.Relayed()
	h.batches()
	if got := h.mails(follow.KindVideo); len(got) != 0 {
		t.Errorf("an old event mailed %v", got)
	}
	// Nor does a video that came out before the mall could follow, whose event is gone, when it comes back on sale.
	_, err := h.Pool.Exec(h.Ctx, "delete from follow_mailing")
	h.OK(err)
	old := malltest.Query[int64](h.Mall, "select id from video_product_spu")[0]
	h.OK(h.Listings.TakeOff(h.Ctx, h.creator, old))
	h.OK(h.Listings.PutBack(h.Ctx, h.creator, old))
	h.Relayed()
	h.batches()
	if got := h.mails(follow.KindVideo); len(got) != 0 {
		t.Errorf("an old video that came back mailed %v", got)
	}
	h.Advance(time.Second)
	h.publishes()
	h.batches()
	if got := h.mails(follow.KindVideo); len(got) != 1 {
		t.Errorf("a new event mailed %v", got)
	}
}

// TestFollows_PublishedTx_dead_letter: what an operator revives after days is no news.
func TestFollows_PublishedTx_dead_letter(t *testing.T) {
	h := open(t)
	h.crowd(1)
	h.Advance(time.Second)
	h.Sells(990, -1)
	h.Advance(4 * 24 * time.Hour)
	h.Relayed()
	if h.batches() != 0 {
		t.Error("a publication of last week began to mail followers")
	}
}

// TestFollows_Batch: followers are mailed a few at a time, each once, however often and by however many a job is worked.
func TestFollows_Batch(t *testing.T) {
	h := open(t)
	const followers = 2*follow.BatchSize + 50
	h.crowd(followers)
	h.Advance(time.Second)
	h.publishes()
	mailing := malltest.Query[int64](h.Mall, "select id from follow_mailing")[0]
	h.OK(h.Follows.Batch(h.Ctx, mailing))
	if got := len(h.mails(follow.KindVideo)); got != follow.BatchSize {
		t.Fatalf("one transaction wrote %d mails, want %d", got, follow.BatchSize)
	}
	var all sync.WaitGroup // a job that was taken for lost is worked again while it still runs
	for range 3 {
		all.Go(func() {
			if err := h.Follows.Batch(h.Ctx, mailing); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	h.OK(h.Follows.Batch(h.Ctx, mailing))
	if got := len(h.mails(follow.KindVideo)); got != followers {
		t.Errorf("%d mails for %d followers", got, followers)
	}
	if n := malltest.Query[int64](h.Mall, `select count(*) from follow_mailing where ended_at is not null and written = 450`)[0]; n != 1 {
		t.Error("the mailing does not say that it ended, and how many it wrote")
	}
	priorities := malltest.Query[int64](h.Mall, "select distinct priority from river_job where kind = 'send_mail'")
	if len(priorities) != 1 || priorities[0] <= 1 {
		t.Errorf("mails of the crowd leave with priority %v, before the links that people wait for", priorities)
	}
}

// TestFollows_Batch_undone: when a batch fails, nothing of it stays, and its job does it again.
func TestFollows_Batch_undone(t *testing.T) {
	h := open(t)
	h.crowd(3)
	h.Advance(time.Second)
	h.publishes()
	mailing := malltest.Query[int64](h.Mall, "select id from follow_mailing")[0]
	ctx, cancel := context.WithCancel(h.Ctx)
	cancel()
	if err := h.Follows.Batch(ctx, mailing); err == nil {
		t.Fatal("no error")
	}
	_, err := h.Pool.Exec(h.Ctx, `create function fail() returns trigger language plpgsql as $$ begin
		if new.cursor_user > 0 then raise exception 'killed'; end if; return new; end $$;
		create trigger fail before update on follow_mailing for each row execute function fail()`)
	h.OK(err)
	if err := h.Follows.Batch(h.Ctx, mailing); err == nil {
		t.Fatal("no error")
	}
	if got := h.mails(follow.KindVideo); len(got) != 0 {
		t.Errorf("a batch that failed left %v", got)
	}
	_, err = h.Pool.Exec(h.Ctx, "drop trigger fail on follow_mailing")
	h.OK(err)
	h.OK(h.Follows.Batch(h.Ctx, mailing))
	if got := h.mails(follow.KindVideo); len(got) != 3 {
		t.Errorf("mailed %v", got)
	}
}

func TestFollows_Batch_taken_off_meanwhile(t *testing.T) {
	h := open(t)
	h.crowd(1)
	h.Advance(time.Second)
	spu := h.publishes()
	h.OK(h.Listings.TakeOff(h.Ctx, h.creator, spu))
	h.batches()
	if got := h.mails(follow.KindVideo); len(got) != 0 {
		t.Errorf("a video that is off sale was told to %v", got)
	}
}

func TestFollows_Follow(t *testing.T) {
	h := open(t)
	ann := h.person("ann", "shopper", true)
	if err := h.Follows.Follow(h.Ctx, h.creator, h.creator, true); !errors.Is(err, follow.ErrOneself) {
		t.Errorf("oneself: %v", err)
	}
	if err := h.Follows.SetMail(h.Ctx, ann, h.creator, true); !errors.Is(err, follow.ErrNotFollowed) {
		t.Errorf("mails without following: %v", err)
	}
	h.OK(h.Follows.Follow(h.Ctx, ann, h.creator, false))
	h.OK(h.Follows.Follow(h.Ctx, ann, h.creator, true))
	h.OK(h.Follows.Follow(h.Ctx, ann, h.creator, false)) // a form from before leaves the choice alone
	list, err := h.Follows.List(h.Ctx, ann, 0, 10)
	if err != nil || len(list) != 1 || !list[0].Mail || list[0].Slug != "creator" || list[0].Name.En != "Creator" {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := h.Follows.List(h.Ctx, ann, h.creator, 10); err != nil || len(list) != 0 {
		t.Errorf("after the last: %+v, %v", list, err)
	}
	if all, mailed, err := h.Follows.Count(h.Ctx, h.creator); err != nil || all != 1 || mailed != 1 {
		t.Errorf("%d, %d, %v", all, mailed, err)
	}
}
