package moderation_test

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/labstack/echo/v4"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/money"
	"videomall/mall/review"
	"videomall/web/admin/moderation"
	"videomall/web/studio/appeals"
	"videomall/web/webtest"
)

// desk is a mall with the reviews of its console, two operators, the creator of its videos and another creator.
type desk struct {
	*webtest.Mall
	t                          *testing.T
	creator, rival, olga, oleg account.User
	reviews                    *review.Reviews
	routes                     []*echo.Route
	duplicates                 []int64
}

func open(t *testing.T) *desk {
	t.Helper()
	t.Parallel()
	d := &desk{t: t}
	d.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		move := func(to, from string) func(context.Context, pgx.Tx, int64) error {
			return func(ctx context.Context, tx pgx.Tx, id int64) error {
				done, err := tx.Exec(ctx, `update video_product_spu set status = $2 where id = $1 and status = $3`, id,
					to, from)
				if err == nil && done.RowsAffected() == 0 {
					err = catalog.ErrProductState
				}
				return err
			}
		}
		nothing := func(context.Context, pgx.Tx, int64) error { return nil }
		log := audit.New(audit.Deps{
			Pool: m.Pool,
			Key:  make([]byte, 32),
			Now:  m.Now,
		})
		d.reviews = review.New(review.Deps{
			Pool: m.Pool,
			Now:  m.Now,
			Listing: review.Listing{
				Approve:  nothing,
				Reopen:   nothing,
				TakeDown: move("taken_down", "live"),
				Restore:  move("live", "taken_down"),
				Return:   func(context.Context, pgx.Tx, int64, string) error { return nil },
			},
			Facts: review.Facts{
				Creator: func(context.Context, pgx.Tx, int64) (review.Creator, error) {
					return review.Creator{}, nil
				},
				PriceBand: func(context.Context, pgx.Tx, int64, string, string) (review.Band, error) {
					return review.Band{}, nil
				},
				Duplicates: func(context.Context, pgx.Tx, int64) ([]int64, error) { return d.duplicates, nil },
			},
			Audit:     backoffice.Audit(m.Accounts, log),
			EndAccess: m.Orders.Refunds().EndAccessTx,
		})
		deps := moderation.Deps{
			Site:     m.Site,
			Reviews:  d.reviews,
			Accounts: m.Accounts,
			Catalog:  m.Catalog,
			Find: func(ctx context.Context, title string) ([]catalog.Card, error) {
				page, err := m.Catalog.List(ctx, catalog.Filter{Sort: catalog.SortNewest})
				var cards []catalog.Card
				for _, c := range page.Items {
					if strings.Contains(c.Title.En, title) {
						cards = append(cards, c)
					}
				}
				return cards, err
			},
			PreviewURL: func(id int64) string { return fmt.Sprintf("/preview/%d", id) },
		}
		appealDeps := appeals.Deps{
			Site:    m.Site,
			Reviews: d.reviews,
			Catalog: m.Catalog,
		}
		moderation.Routes(g, deps)
		appeals.Routes(g, appealDeps)
		e := echo.New() // only to list the routes
		moderation.Routes(e.Group(""), deps)
		appeals.Routes(e.Group(""), appealDeps)
		d.routes = e.Routes()
	}})
	d.creator, d.rival = d.Person("creator", account.RoleCreator), d.Person("rival", account.RoleCreator)
	d.olga, d.oleg = d.Person("olga", account.RoleOperator), d.Person("oleg", account.RoleOperator)
	if d.creator.ID != 1 {
		t.Fatalf("account of the creator: got %d, want 1, which the videos belong to", d.creator.ID)
	}
	return d
}

// video puts a video on sale and returns its SPU.
func (d *desk) video() int64 {
	d.t.Helper()
	sku := d.Video(990, -1)
	return webtest.Query[int64](d.Mall, `select spu_id from video_product_sku where id = $1`, sku)[0]
}

func (d *desk) submits(revision, spuID int64) review.Case {
	d.t.Helper()
	return d.submitsVideo(revision, spuID, 5)
}

// submitsVideo submits a listing with the given video, or with the one that is on sale already if videoID is 0.
func (d *desk) submitsVideo(revision, spuID, videoID int64) review.Case {
	d.t.Helper()
	var c review.Case
	err := db.InTx(d.t.Context(), d.Pool, func(tx pgx.Tx) (err error) {
		c, err = d.reviews.OpenTx(d.t.Context(), tx, review.Submission{
			RevisionID: revision,
			SPUID:      spuID,
			CreatorID:  d.creator.ID,
			Content: review.Content{
				Title:       locale.Text{Zh: "新片", En: "A new video"},
				Description: locale.Text{En: "About <b>light</b>"},
				VideoID:     videoID,
				Cover:       "harbour",
				Prices: []review.Price{{
					Kind:    "own",
					Quality: "HD",
					Amount:  money.Of(1990, "CNY"),
				}},
			},
		})
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

func at(c review.Case) string { return "/admin/review/" + strconv.FormatInt(c.ID, 10) }

func TestModeration_access(t *testing.T) {
	d := open(t)
	spu := d.video()
	c := d.submits(1, spu)
	shopper, guest := d.Browser(d.Person("mia", account.RoleShopper).ID), d.Browser(0)
	creator, operator := d.Browser(d.creator.ID), d.Browser(d.olga.ID)
	form := url.Values{
		"version": {"0"},
		"cause":   {"price"},
		"word":    {"w"},
		"weight":  {"5"},
		"spu":     {strconv.FormatInt(spu, 10)},
		"reason":  {"r"},
		"access":  {"end"},
		"do":      {"grant"},
		"words":   {"please"},
	}
	seen := 0
	for _, r := range d.routes {
		if r.Method == echo.RouteNotFound {
			continue
		}
		seen++
		path := strings.ReplaceAll(r.Path, ":id", strconv.FormatInt(c.ID, 10))
		studio := strings.HasPrefix(path, "/studio")
		for who, b := range map[string]*webtest.Browser{
			"creator": creator, "shopper": shopper, "operator": operator,
			"guest": guest,
		} {
			if who == "operator" && !studio || who == "creator" && studio {
				continue
			}
			var a webtest.Answer
			if r.Method == "POST" {
				a = b.Post(path, form)
			} else {
				a = b.Get(path)
			}
			if who == "guest" && (a.Status != 303 || !strings.HasPrefix(a.Location, "/sign-in")) ||
				who != "guest" && a.Status != 404 && a.Status != 403 {
				t.Errorf("%s %s as a %s: got %d to %q, want a refusal", r.Method, path, who, a.Status, a.Location)
			}
		}
	}
	if seen != 15 {
		t.Errorf("routes: got %d, want 15", seen)
	}
	if n := webtest.Query[int64](d.Mall, `select count(*) from audit_entry`)[0]; n != 0 {
		t.Errorf("audit entries: got %d, want 0", n)
	}
}

func TestCase_approve(t *testing.T) {
	d := open(t)
	b := d.Browser(d.olga.ID)
	b.Get("/admin/review").Wants(200).Shows("Nothing here")
	c := d.submits(1, d.video())
	b.Get("/admin/review").Wants(200).Shows("A new video", "creator", "25", "Open")
	b.Get("/admin/review?high=on").Wants(200).Hides("A new video")
	b.Get("/admin/review?state=approved").Wants(200).Hides("A new video")
	page := b.Get(at(c)).Wants(200).
		Shows("New creator", "+25", "changed", "CN¥19.90", "CN¥9.90", "creator@example.test", "About <b>light</b>")
	if !page.Has("/preview/5") || !page.Has("/media/covers/harbour-480.webp") || page.Has("<b>light") {
		t.Error("case page lacks the video or the cover, or does not escape the text")
	}
	b.Lang = "zh-CN"
	b.Get(at(c)).Wants(200).Shows("新创作者", "新片", "中文标题")
	b.Lang = "en"
	if a := b.Post(at(c)+"/approve", page.Form(at(c)+"/approve")).Wants(303); a.Location != "/admin/review" {
		t.Errorf("redirect after the approval: got %s, want /admin/review", a.Location)
	}
	b.Get("/admin/review?state=approved").Wants(200).Shows("Approved. It is on sale.", "A new video")
	b.Get(at(c)).Wants(200).Shows("This case is decided.")
	if a := b.Post(at(c)+"/approve", page.Form(at(c)+"/approve")).Wants(303); a.Location != at(c) {
		t.Errorf("redirect after a second approval: got %s, want the case", a.Location)
	}
	b.Get(at(c)).Shows("Somebody else was quicker")
	b.Get(at(d.submitsVideo(2, d.video(), 0))).Wants(200).Shows("The video is the one that is on sale").
		Hides("be played yet")
	b.Get("/admin/review/999").Wants(404)
	b.Get("/admin/review/x").Wants(404)
	b.Get("/admin/review?after=999").Wants(404)
}

func TestCase_second_approval(t *testing.T) {
	d := open(t)
	d.duplicates = []int64{d.rival.ID}
	c := d.submits(1, d.video())
	first, second := d.Browser(d.olga.ID), d.Browser(d.oleg.ID)
	page := first.Get(at(c)).Wants(200).Shows("Same pictures as videos of others: 1", "85", "two people must approve")
	first.Post(at(c)+"/approve", page.Form(at(c)+"/approve")).Wants(303)
	mine := first.Get(at(c)).Wants(200).Shows("A second person must decide", "You approved this one.")
	if mine.Has(at(c) + "/approve") {
		t.Error("the first operator is offered the second approval")
	}
	theirs := second.Get(at(c)).Wants(200).Shows("olga · olga@example.test approved it")
	first.Post(at(c)+"/approve", theirs.Form(at(c)+"/approve")).Wants(303)
	first.Get(at(c)).Shows("A second person must decide now.")
	second.Post(at(c)+"/approve", theirs.Form(at(c)+"/approve")).Wants(303)
	second.Get(at(c)).Shows("Approved")
}

func TestCase_return_needs_a_reason(t *testing.T) {
	d := open(t)
	c := d.submits(1, d.video())
	b := d.Browser(d.olga.ID)
	b.Post(at(c)+"/return", url.Values{
		"version": {"0"},
		"note":    {"too dear"},
	}).Wants(422).Shows("Choose at least one reason.", "too dear")
	b.Post(at(c)+"/return", url.Values{"version": {"0"}, "note": {"too dear"}, "cause": {"price"}}).Wants(303)
	b.Get(at(c)).Shows("Returned", "too dear")
	spu := strconv.FormatInt(c.SPUID, 10)
	creator := d.Browser(d.creator.ID)
	creator.Get("/studio/listings/"+spu+"/appeal").Wants(200).Shows("This listing was returned", "Price", "too dear")
}

// TestTakedown_listing_off_sale checks that a creator can't avoid a takedown by taking the listing off sale first.
func TestTakedown_listing_off_sale(t *testing.T) {
	d := open(t)
	b, video := d.Browser(d.olga.ID), d.video()
	for status, want := range map[string]int{"taken_down": 200, "draft": 404} {
		if _, err := d.Pool.Exec(t.Context(), `update video_product_spu set status = $2 where id = $1`, video,
			status); err != nil {
			t.Fatal(err)
		}
		d.Catalog.Forget(t.Context(), []catalog.Change{{SPUID: video}})
		b.Get("/admin/takedowns/new?spu=" + strconv.FormatInt(video, 10)).Wants(want)
	}
}

func TestTakedown_appeal_and_restore(t *testing.T) {
	d := open(t)
	spu := strconv.FormatInt(d.video(), 10)
	b, creator := d.Browser(d.olga.ID), d.Browser(d.creator.ID)
	b.Get("/admin/takedowns").Wants(200).Shows("Nothing was taken down")
	b.Get("/admin/review/live?q=Film").Wants(200).Shows("Film 1", "Take down")
	b.Get("/admin/review/live?q=nothing").Wants(200).Shows("No such listing on sale")
	b.Get("/admin/takedowns/new?spu=" + spu).Wants(200).Shows("What buyers own")
	b.Get("/admin/takedowns/new?spu=999").Wants(404)
	b.Post("/admin/takedowns", url.Values{
		"spu":    {spu},
		"reason": {"because"},
	}).Wants(422).Shows("Choose what becomes of what buyers own.", "because")
	b.Post("/admin/takedowns", url.Values{"spu": {spu}, "access": {"keep"}}).Wants(422).Shows("Say why.")
	b.Post("/admin/takedowns", url.Values{"spu": {spu}, "access": {"end"}, "reason": {"A claim of rights"}}).Wants(303)
	b.Post("/admin/takedowns", url.Values{"spu": {spu}, "access": {"end"}, "reason": {"A claim of rights"}}).Wants(303)
	b.Get("/admin/takedowns").Shows("It was taken down already.", "A claim of rights", "Ended and paid back")
	if n := webtest.Query[int64](d.Mall, `select count(*) from river_job where kind = 'order_end_access'`)[0]; n != 1 {
		t.Errorf("jobs that end access: got %d, want 1", n)
	}
	own := "/studio/listings/" + spu + "/appeal"
	d.Browser(d.rival.ID).Get(own).Wants(404)
	d.Browser(d.rival.ID).Post(own, url.Values{"words": {"mine"}}).Wants(404)
	creator.Get(own).Wants(200).Shows("This listing was taken down", "A claim of rights", "can't watch it any more")
	creator.Post(own, url.Values{"words": {" "}}).Wants(422).Shows("Say why we should look again.")
	creator.Post(own, url.Values{"words": {"Here is the contract"}}).Wants(303)
	creator.Get(own).Shows("Waits for an answer", "Here is the contract").Hides("Send the appeal")
	b.Get("/admin/takedowns").Shows("Against the takedown of", "Here is the contract", "creator@example.test")
	appeal := "/admin/appeals/" + strconv.FormatInt(webtest.Query[int64](d.Mall, `select id from review_appeal`)[0], 10)
	b.Post(appeal, url.Values{"do": {"refuse"}}).Wants(422).Shows("A refusal needs an answer.")
	b.Post(appeal, url.Values{"do": {"nod"}}).Wants(400)
	b.Post(appeal, url.Values{"do": {"grant"}, "answer": {"You are right"}}).Wants(303)
	creator.Get(own).Shows("Granted", "You are right", "nothing to appeal")
	if s := webtest.Query[string](d.Mall, `select status from video_product_spu`)[0]; s != "live" {
		t.Errorf("listing after a granted appeal: got %s, want live", s)
	}
	verbs := webtest.Query[string](d.Mall, `select verb || ' ' || actor from audit_entry order by id`)
	if strings.Join(verbs, ", ") != "review.take_down olga@example.test, review.appeal_grant olga@example.test" {
		t.Errorf("audit entries: got %v", verbs)
	}
}

func TestWords_add_and_remove(t *testing.T) {
	d := open(t)
	b := d.Browser(d.olga.ID)
	b.Get("/admin/review/words").Wants(200).Shows("No words yet")
	b.Post("/admin/review/words", url.Values{
		"word":   {"赌博"},
		"weight": {"many"},
	}).Wants(422).Shows("A whole number from 1 to 100.")
	b.Post("/admin/review/words", url.Values{"word": {"赌博"}, "weight": {"40"}}).Wants(303)
	b.Get("/admin/review/words").Shows("赌博", "40", "olga")
	b.Post("/admin/review/words/1/remove", url.Values{}).Wants(303)
	b.Get("/admin/review/words").Shows("No words yet")
}
