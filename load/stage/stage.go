// Package stage makes ready in a mall what a load test needs: accounts with their tokens, sessions, and units of a SKU.
// It is the one part of the load test that goes in by the back door; it refuses to place, pay or play anything, which
// is the crowd's part.
package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"videomall/load"
	"videomall/mall"
	"videomall/mall/catalog"
	"videomall/mall/payment/sandbox"
)

// Request is what the person at the terminal asked for.
type Request struct {
	Run        string // names the accounts
	People     int
	SKU        int64 // of a flash; 0 takes the first limited one that is on sale
	CampaignID int64
	Units      int64 // of the SKU for sale; below 0 leaves its stock as it is
	Secret     string
}

// Set makes ready what the scenario needs. Errors are sentences for whoever started it.
func Set(ctx context.Context, m *mall.Mall, s load.Scenario, r Request) (load.Stage, error) {
	stage := load.Stage{SKU: r.SKU, CampaignID: r.CampaignID}
	if s.NeedsSign {
		if r.Secret == "" {
			return stage, errors.New("notices are signed by SANDBOX_SECRET, which is not set here")
		}
		stage.Sign = func(at time.Time, body []byte) string { return sandbox.Sign(r.Secret, at, body) }
	}
	if s.NeedsStock {
		if err := stock(ctx, m, &stage, r.Units); err != nil {
			return stage, err
		}
	}
	tokens, err := m.Accounts.Crowd(ctx, "crowd-"+r.Run, r.People)
	if err != nil {
		return stage, err
	}
	for _, t := range tokens {
		p := load.Person{UserID: t.User.ID, Token: t.Value}
		if s.NeedsSessions {
			if p.Session, err = m.Sessions.Cookie(ctx, p.UserID); err != nil {
				return stage, err
			}
		}
		stage.People = append(stage.People, p)
	}
	return stage, nil
}

// stock puts so many units of the SKU on the shelf. A campaign's stock is its own affair and is left alone.
func stock(ctx context.Context, m *mall.Mall, stage *load.Stage, units int64) error {
	if stage.CampaignID != 0 {
		if stage.SKU == 0 {
			return errors.New("a campaign sells several SKUs: name one with --sku")
		}
		return nil
	}
	if stage.SKU == 0 {
		sku, err := limited(ctx, m.Catalog)
		if err != nil {
			return err
		}
		stage.SKU = sku
	}
	counts, isLimited, err := m.Inventory.Counts(ctx, stage.SKU)
	if err != nil {
		return err
	}
	if !isLimited {
		return fmt.Errorf("SKU %d has no limit: a flash is a crowd at something scarce", stage.SKU)
	}
	if units >= 0 {
		if counts, err = m.Inventory.SetStock(ctx, stage.SKU, counts.Frozen+counts.Sold+units); err != nil {
			return err
		}
	}
	stage.Units = counts.Available
	return nil
}

// limited finds a SKU whose stock has a limit, among the newest videos.
func limited(ctx context.Context, c *catalog.Catalog) (int64, error) {
	page, err := c.List(ctx, catalog.Filter{
		Sort:    catalog.SortNewest,
		Limit:   catalog.MaxLimit,
		NoCount: true,
	})
	if err != nil {
		return 0, err
	}
	for _, card := range page.Items {
		p, err := c.Product(ctx, card.SPUID)
		if err != nil {
			return 0, err
		}
		for _, k := range p.SKUs {
			if k.StockLimited && k.Price != nil {
				return k.ID, nil
			}
		}
	}
	return 0, errors.New("nothing on sale has a limited stock: name a SKU with --sku")
}
