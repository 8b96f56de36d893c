package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/mall"
	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/media"
)

// Account is one of the three demo accounts.
type Account struct{ Role, Email, Name string }

// Password opens every demo account; they exist in demo mode only, which listens on loopback only.
const Password = "demo-mall"

// Accounts are the ways into the demo. The creator is the first of the catalogue's creators.
var Accounts = []Account{
	{account.RoleShopper, "shopper@example.test", "Sam Shopper"},
	{account.RoleCreator, "creator@example.test", "林溪 Lin Xi"},
	{account.RoleOperator, "operator@example.test", "Olga Operator"},
}

const currency = "CNY"

// segmentsAKey: the demo's films are short, and keys are to rotate all the same.
const segmentsAKey = 2

// Seed writes the demo content into a mall that lacks it. Whatever stopped an earlier try, the next one goes on where
// it ended; in a mall that has everything it only looks, and makes the flash sales anew that are over.
func Seed(ctx context.Context, pool *pgxpool.Pool, m *mall.Mall, log *slog.Logger) error {
	c, err := Load()
	if err != nil {
		return err
	}
	s := seeder{mall: m, pool: pool, catalogue: c, now: time.Now(), shelves: map[string]int64{}, makers: map[string]int64{}}
	var missing []Video
	for _, v := range c.Videos {
		p, err := m.Catalog.FindAny(ctx, v.Slug)
		if err != nil && !errors.Is(err, catalog.ErrProductNotFound) {
			return err
		}
		if err != nil || p.Status == catalog.StatusDraft {
			missing = append(missing, v)
		}
	}
	if len(missing) == 0 {
		return s.sales(ctx)
	}
	log.InfoContext(ctx, "writing the demo content", "videos", len(missing))
	if err := s.people(ctx); err != nil {
		return err
	}
	if err := s.shelve(ctx); err != nil {
		return err
	}
	for _, v := range missing {
		if err := s.video(ctx, v); err != nil {
			return fmt.Errorf("video %q: %w", v.Slug, err)
		}
	}
	if err := m.Search.RebuildAll(ctx); err != nil {
		return err
	}
	return s.sales(ctx)
}

type seeder struct {
	mall      *mall.Mall
	pool      *pgxpool.Pool
	catalogue Catalogue
	now       time.Time
	shelves   map[string]int64
	makers    map[string]int64
}

func (s *seeder) people(ctx context.Context) error {
	for _, a := range Accounts {
		u, err := s.mall.Accounts.Provision(ctx, account.User{Email: a.Email, Name: a.Name, Role: a.Role}, Password)
		if err != nil {
			return err
		}
		if a.Role == account.RoleCreator {
			s.makers[s.catalogue.Creators[0].Slug] = u.ID
		}
	}
	for _, c := range s.catalogue.Creators {
		if s.makers[c.Slug] == 0 { // nobody signs in as these: their passwords are thrown away
			u, err := s.mall.Accounts.Provision(ctx, account.User{Email: c.Slug + "@creators.example.test", Name: c.Name.En,
				Role: account.RoleCreator}, rand.Text())
			if err != nil {
				return err
			}
			s.makers[c.Slug] = u.ID
		}
		err := s.mall.Catalog.CreateCreator(ctx, catalog.NewCreator{UserID: s.makers[c.Slug], Slug: c.Slug, NameZh: c.Name.Zh,
			NameEn: c.Name.En, BioZh: c.Bio.Zh, BioEn: c.Bio.En, Avatar: c.Slug})
		if err != nil && !errors.Is(err, catalog.ErrSlugTaken) {
			return err
		}
	}
	return nil
}

func (s *seeder) shelve(ctx context.Context) error {
	for n, c := range s.catalogue.Categories {
		_, err := s.mall.Catalog.CreateCategory(ctx, catalog.NewCategory{Slug: c.Slug, NameZh: c.Name.Zh, NameEn: c.Name.En, Position: n})
		if err != nil && !errors.Is(err, catalog.ErrSlugTaken) {
			return err
		}
		shelf, err := s.mall.Catalog.Category(ctx, c.Slug)
		if err != nil {
			return err
		}
		s.shelves[c.Slug] = shelf.ID
	}
	return nil
}

// video packages a film, lists it with its prices, stock and reviews, and publishes it last: what a crash leaves is a
// draft that nobody sees.
func (s *seeder) video(ctx context.Context, v Video) error {
	footage, err := Footage(v.Slug)
	if err != nil {
		return err
	}
	asset, err := s.mall.Media.Pack(ctx, footage, v.Slug, segmentsAKey)
	if err != nil {
		return err
	}
	if len(v.Chapters) > len(asset.Chapters) {
		var chapters []media.Chapter
		for _, c := range v.Chapters {
			chapters = append(chapters, media.Chapter{Start: c.At, En: c.Title.En, Zh: c.Title.Zh})
		}
		if err := s.mall.Media.SetAssetChapters(ctx, asset.ID, chapters); err != nil {
			return err
		}
	}
	spuID, skuIDs, err := s.list(ctx, v, asset.ID, asset.DurationSeconds)
	if err != nil {
		return err
	}
	for n, k := range v.SKUs {
		if k.Stock != nil {
			if _, err := s.mall.Inventory.SetStock(ctx, skuIDs[n], int64(*k.Stock)); err != nil {
				return err
			}
		}
		if k.NextPrice == nil {
			continue
		}
		err := s.mall.Catalog.SetPrice(ctx, skuIDs[n], catalog.NewPrice{Amount: k.NextPrice.Amount, ListAmount: struck(k.NextPrice.ListAmount),
			Currency: currency, From: s.now.AddDate(0, 0, k.NextPrice.InDays)})
		if err != nil && !errors.Is(err, catalog.ErrPriceOverlaps) {
			return err
		}
	}
	if err := s.mall.Catalog.Publish(ctx, spuID); err != nil {
		return err
	}
	return s.opinions(ctx, v, spuID)
}

// list makes the draft, or finds the one that an interrupted try left.
func (s *seeder) list(ctx context.Context, v Video, assetID int64, seconds int) (spuID int64, skuIDs []int64, err error) {
	published := s.now.AddDate(0, 0, -v.PublishedDaysAgo)
	n := catalog.NewProduct{Slug: v.Slug, CreatorID: s.makers[v.Creator], CategoryID: s.shelves[v.Category], TitleZh: v.Title.Zh,
		TitleEn: v.Title.En, DescriptionZh: v.Description.Zh, DescriptionEn: v.Description.En,
		Tags: slices.Concat(v.Tags.Zh, v.Tags.En), Cover: v.Slug, AssetID: &assetID, DurationSeconds: seconds, FreeSeconds: v.FreeSeconds,
		PublishedAt: &published}
	for _, k := range v.SKUs {
		n.SKUs = append(n.SKUs, catalog.NewSKU{Kind: k.Kind, Quality: k.Quality, RentHours: k.RentHours, StockLimited: k.Stock != nil,
			Price: catalog.NewPrice{Amount: k.Amount, ListAmount: struck(k.ListAmount), Currency: currency}})
	}
	made, err := s.mall.Catalog.CreateProduct(ctx, n)
	if !errors.Is(err, catalog.ErrSlugTaken) {
		return made.SPUID, made.SKUIDs, err
	}
	p, err := s.mall.Catalog.FindAny(ctx, v.Slug)
	if err != nil {
		return 0, nil, err
	}
	for _, k := range v.SKUs {
		for _, have := range p.SKUs {
			if have.Kind == k.Kind && have.Quality == k.Quality && have.RentHours == k.RentHours {
				skuIDs = append(skuIDs, have.ID)
			}
		}
	}
	if len(skuIDs) != len(v.SKUs) {
		return 0, nil, fmt.Errorf("the draft has %d of %d SKUs", len(skuIDs), len(v.SKUs))
	}
	return p.SPUID, skuIDs, nil
}

// opinions adds reviews and a popularity. Demo reviewers have no accounts: their ids are below zero, where none is given.
func (s *seeder) opinions(ctx context.Context, v Video, spuID int64) error {
	reviewed := 0
	for n, r := range s.catalogue.Reviews {
		if r.Video != v.Slug {
			continue
		}
		reviewed++
		locale := "en"
		if r.Language == "zh" {
			locale = "zh-CN"
		}
		at := s.now.Add(-time.Duration(spread(fmt.Sprint(v.Slug, n), min(24*v.PublishedDaysAgo, 24*60)+1)) * time.Hour)
		_, err := s.mall.Catalog.AddReview(ctx, catalog.NewReview{SPUID: spuID, UserID: -1 - int64(n), Owned: true, Author: r.Reviewer,
			Rating: r.Rating, Body: r.Body, Locale: locale, At: at})
		if err != nil && !errors.Is(err, catalog.ErrReviewExists) {
			return err
		}
	}
	return s.mall.Catalog.CountSaleTx(ctx, s.pool, spuID, 20*reviewed+spread(v.Slug, 180))
}

// spread is a number in [0, n) that is the same for the same name.
func spread(name string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return int(h.Sum32() % uint32(n))
}

func struck(amount int64) *int64 {
	if amount == 0 {
		return nil
	}
	return &amount
}
