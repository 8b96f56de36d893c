package promotion

import (
	"context"
	"fmt"

	"videomall/mall/money"
	"videomall/mall/promotion/internal/dbsqlc"
)

// Public returns a campaign that visitors may look at: one that was announced, over or not. Errors: ErrNotFound.
func (p *Promotions) Public(ctx context.Context, id int64) (Campaign, error) {
	c, err := p.one(ctx, id)
	if err == nil && (c.Status == Drafted || c.Status == Cancelled) {
		return Campaign{}, ErrNotFound.Because("campaign %d is %s", id, c.Status)
	}
	return c, err
}

// Get returns a campaign in whatever state to those who make it. Errors: ErrNotFound, for others' too.
func (p *Promotions) Get(ctx context.Context, by Actor, id int64) (Campaign, error) {
	c, err := p.one(ctx, id)
	if err == nil && !by.owns(c) {
		return Campaign{}, ErrNotFound.Because("campaign %d is not of %s", id, by)
	}
	return c, err
}

func (p *Promotions) one(ctx context.Context, id int64) (Campaign, error) {
	list, err := p.Find(ctx, []int64{id})
	if err == nil && len(list) == 0 {
		return Campaign{}, ErrNotFound.Because("campaign %d", id)
	}
	if err != nil {
		return Campaign{}, err
	}
	return list[0], nil
}

// Find returns the campaigns of those ids, in whatever state, in the order of the ids; unknown ones are left out.
func (p *Promotions) Find(ctx context.Context, ids []int64) ([]Campaign, error) {
	rows, err := p.q.Campaigns(ctx, p.deps.Pool, ids)
	if err != nil {
		return nil, fmt.Errorf("campaigns %v: %w", ids, err)
	}
	return p.withItems(ctx, rows)
}

// List returns up to most campaigns that the actor may change, the newest first, those before an id unless that is 0: a
// creator's own, an operator's all.
func (p *Promotions) List(ctx context.Context, by Actor, before int64, most int) ([]Campaign, error) {
	rows, err := p.q.CampaignsOf(ctx, p.deps.Pool, dbsqlc.CampaignsOfParams{
		Everybodys: by.Operator,
		OwnerID:    by.UserID,
		Before:     before,
		Most:       int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("campaigns of %s: %w", by, err)
	}
	return p.withItems(ctx, rows)
}

// Open returns up to most campaigns that visitors may look forward to: what runs, the next to end first, then what
// comes, the next to start first.
func (p *Promotions) Open(ctx context.Context, most int) ([]Campaign, error) {
	rows, err := p.q.OpenCampaigns(ctx, p.deps.Pool, dbsqlc.OpenCampaignsParams{At: p.deps.Now(), Most: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("open campaigns: %w", err)
	}
	return p.withItems(ctx, rows)
}

// HasOpen says whether a person has a campaign of that English name scheduled or running.
func (p *Promotions) HasOpen(ctx context.Context, ownerID int64, nameEn string) (bool, error) {
	open, err := p.q.NamedOpen(ctx, p.deps.Pool, dbsqlc.NamedOpenParams{
		OwnerID: ownerID,
		NameEn:  nameEn,
		At:      p.deps.Now(),
	})
	if err != nil {
		return false, fmt.Errorf("open campaign %q of %d: %w", nameEn, ownerID, err)
	}
	return open, nil
}

func (p *Promotions) withItems(ctx context.Context, rows []dbsqlc.PromotionCampaign) ([]Campaign, error) {
	list := make([]Campaign, len(rows))
	for n, r := range rows {
		list[n] = campaignOf(r)
	}
	return list, p.loadItems(ctx, p.deps.Pool, list)
}

func (p *Promotions) loadItems(ctx context.Context, q Querier, list []Campaign) error {
	if len(list) == 0 {
		return nil
	}
	at := make(map[int64]*Campaign, len(list))
	ids := make([]int64, len(list))
	for n := range list {
		ids[n], at[list[n].ID] = list[n].ID, &list[n]
	}
	rows, err := p.q.Items(ctx, q, ids)
	if err != nil {
		return fmt.Errorf("items of campaigns %v: %w", ids, err)
	}
	for _, r := range rows {
		c := at[r.CampaignID]
		c.Items = append(c.Items, Item{
			SKUID:   r.SkuID,
			Amount:  money.Of(r.Amount, r.Currency),
			Units:   int(r.Units),
			PerUser: int(r.PerUser),
		})
	}
	return nil
}
