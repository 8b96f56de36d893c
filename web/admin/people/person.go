package people

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"videomall/mall/account"
	"videomall/mall/backoffice"
	"videomall/mall/catalog"
	"videomall/mall/entitlement"
	"videomall/mall/playback"
	"videomall/mall/risk"
	"videomall/views/text"
	"videomall/web/formvalue"
	"videomall/web/page"
	"videomall/web/studio/earnings"

	peopleview "videomall/views/admin/people"
	"videomall/web/useragent"
)

// partListed limits each section of the page.
const partListed = 6

// listedDevice is the name of a device in the access lists: the first half of its hash.
func listedDevice(d playback.Device) string { return hex.EncodeToString(d.Hash[:16]) }

func (d Deps) showPerson(c *page.Ctx) error {
	ctx, userID := c.Request().Context(), formvalue.ID(c.Param("id"))
	u, err := d.Accounts.Person(ctx, userID)
	if err != nil {
		return err
	}
	p := peopleview.PersonPage{
		Person:   u,
		Own:      userID == c.Viewer.UserID,
		Now:      c.Now,
		DeviceID: listedDevice,
	}
	for _, fill := range []func(context.Context, *text.Printer, *peopleview.PersonPage) error{
		d.fillStanding,
		d.fillMakes, d.fillBought, d.fillDevices, d.fillWords,
	} {
		if err := fill(ctx, c.Text, &p); err != nil {
			return err
		}
	}
	return c.Render(http.StatusOK, u.Name, peopleview.Person(p))
}

func (d Deps) fillStanding(ctx context.Context, _ *text.Printer, p *peopleview.PersonPage) error {
	denials, err := d.Lists.DenialsOf(ctx, []int64{p.Person.ID})
	if denial, out := denials[p.Person.ID]; out {
		p.Denial = &denial
	}
	return err
}

// fillMakes reads a creator's listings, videos and earnings. A former creator still has them.
func (d Deps) fillMakes(ctx context.Context, _ *text.Printer, p *peopleview.PersonPage) error {
	userID := p.Person.ID
	k, err := d.Catalog.CreatorOf(ctx, userID)
	switch {
	case err == nil:
		p.Creator = &k
	case !errors.Is(err, catalog.ErrCreatorNotFound):
		return err
	}
	if p.Listings, err = d.Listings.Of(ctx, userID, "", 0, partListed); err != nil {
		return err
	}
	if p.Videos, err = d.Media.Videos.List(ctx, userID, 0, partListed); err != nil {
		return err
	}
	if p.Hooks, err = d.Webhooks.List(ctx, userID); err != nil {
		return err
	}
	if p.Accounts, err = d.Ledger.AccountsOf(ctx, userID); err != nil {
		return err
	}
	zone, err := d.Insight.Zone(ctx, userID)
	if err != nil {
		return err
	}
	p.Months, err = d.Ledger.Months(ctx, userID, zone)
	return err
}

func (d Deps) fillBought(ctx context.Context, t *text.Printer, p *peopleview.PersonPage) (err error) {
	if p.Orders, err = d.Orders.List(ctx, p.Person.ID, 0, partListed); err != nil {
		return err
	}
	if p.Reviews, err = d.Catalog.ReviewsOf(ctx, p.Person.ID, partListed); err != nil {
		return err
	}
	if p.Cases, err = d.Orders.CasesOfBuyer(ctx, p.Person.ID, partListed); err != nil {
		return err
	}
	granted, _, err := d.Entitlements.List(ctx, p.Person.ID, "", partListed)
	if err != nil {
		return err
	}
	ids := make([]int64, len(granted))
	for n, e := range granted {
		ids[n] = e.SPUID
	}
	cards, err := d.Catalog.Cards(ctx, ids)
	if err != nil {
		return err
	}
	known := map[int64]catalog.Card{}
	for _, card := range cards {
		known[card.SPUID] = card
	}
	for _, e := range granted {
		p.Watches = append(p.Watches, watch(t, e, known[e.SPUID], e.Refusal(p.Now) != nil))
	}
	return nil
}

func watch(t *text.Printer, e entitlement.Entitlement, card catalog.Card, over bool) peopleview.Watch {
	return peopleview.Watch{
		SPUID:   e.SPUID,
		Title:   t.Of(card.Title),
		SKU:     t.SKU(e.Kind, e.Quality, e.RentHours),
		OrderNo: e.Reference,
		At:      e.GrantedAt,
		Until:   e.ExpiresAt,
		Over:    over,
	}
}

func (d Deps) fillDevices(ctx context.Context, _ *text.Printer, p *peopleview.PersonPage) error {
	sessions, err := d.Sessions.Devices(ctx, p.Person.ID, nil)
	if err != nil {
		return err
	}
	for _, s := range sessions[:min(len(sessions), partListed)] {
		browser, system := useragent.Describe(s.UserAgent)
		p.Sessions = append(p.Sessions, peopleview.SignedIn{
			Browser: browser,
			System:  system,
			Since:   s.Since,
			Seen:    s.Seen,
		})
	}
	p.Devices, err = d.Playback.Devices(ctx, p.Person.ID)
	return err
}

// fillWords reads what operators wrote about the person in the access lists and the audit log.
func (d Deps) fillWords(ctx context.Context, _ *text.Printer, p *peopleview.PersonPage) (err error) {
	devices := make([]string, len(p.Devices))
	for n, device := range p.Devices {
		devices[n] = listedDevice(device)
	}
	if p.Entries, err = d.Lists.About(ctx, p.Person.ID, devices, partListed); err != nil {
		return err
	}
	subjects := []string{backoffice.AccountSubject(p.Person.ID), fmt.Sprintf("creator:%d", p.Person.ID)}
	for _, e := range p.Entries {
		subjects = append(subjects, fmt.Sprintf("list_entry:%d", e.ID))
	}
	if p.Names, err = d.namesIn(ctx, p.Entries); err != nil {
		return err
	}
	p.Records, err = d.Audit.About(ctx, subjects, partListed)
	return err
}

// namesIn finds the accounts that made and ended entries, and those that the entries are about.
func (d Deps) namesIn(ctx context.Context, entries []risk.Entry) (account.Users, error) {
	var ids []int64
	for _, e := range entries {
		ids = append(ids, e.AuthorID, e.EndedBy)
		if e.Kind == risk.User {
			n, _ := strconv.ParseInt(e.Subject, 10, 64) // risk wrote it
			ids = append(ids, n)
		}
	}
	return d.Accounts.Users(ctx, ids...)
}

// showStatement is a creator's monthly statement, for an operator to read.
func (d Deps) showStatement(c *page.Ctx) error {
	u, err := d.Accounts.Person(c.Request().Context(), formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	s, err := earnings.Read(c, d.Ledger, d.Insight.Zone, u.ID)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, u.Name, peopleview.Statement(peopleview.StatementPage{Person: u, Statement: s}))
}

func (d Deps) statementFile(ending string) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		u, err := d.Accounts.User(c.Request().Context(), formvalue.ID(c.Param("id")))
		if err != nil {
			return err
		}
		s, err := earnings.Read(c, d.Ledger, d.Insight.Zone, u.ID)
		if err != nil {
			return err
		}
		return earnings.Attach(c, s, ending, u.Name)
	}
}
