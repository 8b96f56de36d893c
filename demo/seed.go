package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
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

// Password is the password of every demo account. They exist only in demo mode, which listens only on loopback.
const Password = "demo-mall"

// Accounts are the accounts of the demo. The creator is the first of the catalogue's creators.
var Accounts = []Account{
	{account.RoleShopper, "shopper@example.test", "Sam Shopper"},
	{account.RoleCreator, "creator@example.test", "林溪 Lin Xi"},
	{account.RoleOperator, "operator@example.test", "Olga Operator"},
}

const currency = "CNY"

// segmentsAKey is how many segments share a key: few, so that keys rotate even in the demo's short videos.
const segmentsAKey = 2

// Seed writes the demo content into a mall that lacks it. If something stopped an earlier try, Seed continues where
// that ended. In a mall that has everything it only creates the flash sales again that are over.
func Seed(ctx context.Context, pool *pgxpool.Pool, m *mall.Mall, videos fs.FS, log *slog.Logger) error {
	c, err := Load()
	if err != nil {
		return err
	}
	s := seeder{
		mall:       m,
		pool:       pool,
		videos:     videos,
		catalogue:  c,
		now:        time.Now().Truncate(time.Millisecond),
		categories: map[string]int64{},
		creators:   map[string]int64{},
		series:     map[string]place{},
	}
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
	if len(missing) > 0 {
		log.InfoContext(ctx, "writing the demo content", "videos", len(missing))
		if err := s.content(ctx, missing); err != nil {
			return err
		}
	} else if err := s.findCreators(ctx); err != nil {
		return err
	}
	if err := s.currencies(ctx); err != nil {
		return err
	}
	if err := s.history(ctx); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return s.sales(ctx)
}

// content writes people, categories, series and the missing videos.
func (s *seeder) content(ctx context.Context, missing []Video) error {
	for _, step := range []func(context.Context) error{s.people, s.shelve, s.bind} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, v := range missing {
		if err := s.video(ctx, v); err != nil {
			return fmt.Errorf("video %q: %w", v.Slug, err)
		}
	}
	return s.mall.Search.RebuildAll(ctx)
}

type seeder struct {
	mall       *mall.Mall
	pool       *pgxpool.Pool
	videos     fs.FS // see OpenVideos
	catalogue  Catalogue
	now        time.Time
	categories map[string]int64
	creators   map[string]int64
	series     map[string]place // by the slug of a video
}

// findCreators looks up the accounts of the catalogue's creators.
func (s *seeder) findCreators(ctx context.Context) error {
	for _, c := range s.catalogue.Creators {
		found, err := s.mall.Catalog.Creator(ctx, c.Slug)
		if err != nil {
			return err
		}
		s.creators[c.Slug] = found.UserID
	}
	return nil
}

func (s *seeder) people(ctx context.Context) error {
	for _, a := range Accounts {
		u, err := s.mall.Accounts.Provision(ctx, account.User{
			Email: a.Email,
			Name:  a.Name,
			Roles: account.RolesOf(a.Role),
		}, Password)
		if err != nil {
			return err
		}
		if a.Role == account.RoleCreator {
			s.creators[s.catalogue.Creators[0].Slug] = u.ID
		}
	}
	for _, c := range s.catalogue.Creators {
		if s.creators[c.Slug] == 0 { // nobody signs in as these creators, so their passwords are not kept
			u, err := s.mall.Accounts.Provision(ctx, account.User{
				Email: c.Slug + "@creators.example.test",
				Name:  c.Name.En,
				Roles: account.Roles{account.RoleCreator},
			}, rand.Text())
			if err != nil {
				return err
			}
			s.creators[c.Slug] = u.ID
		}
		err := s.mall.Catalog.CreateCreator(ctx, catalog.NewCreator{
			UserID: s.creators[c.Slug],
			Slug:   c.Slug,
			Name:   c.Name,
			Bio:    c.Bio,
			Avatar: c.Slug,
		})
		if errors.Is(err, catalog.ErrSlugTaken) {
			continue
		}
		if err != nil {
			return err
		}
		if err := s.mall.Insight.SetZone(ctx, s.creators[c.Slug], "Asia/Shanghai"); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) shelve(ctx context.Context) error {
	for n, c := range s.catalogue.Categories {
		_, err := s.mall.Catalog.CreateCategory(ctx, catalog.NewCategory{
			Slug:     c.Slug,
			Name:     c.Name,
			Position: n,
		})
		if err != nil && !errors.Is(err, catalog.ErrSlugTaken) {
			return err
		}
		category, err := s.mall.Catalog.Category(ctx, c.Slug)
		if err != nil {
			return err
		}
		s.categories[c.Slug] = category.ID
	}
	return nil
}

// video packages a video, lists it with its prices and stock, and publishes it last, so that a crash leaves only a
// draft that nobody sees.
func (s *seeder) video(ctx context.Context, v Video) error {
	footage, err := Footage(s.videos, v.Slug)
	if err != nil {
		return err
	}
	asset, err := s.mall.Media.Assets.Pack(ctx, footage, v.Slug, segmentsAKey)
	if err != nil {
		return err
	}
	if len(v.Chapters) > len(asset.Chapters) {
		var chapters []media.Chapter
		for _, c := range v.Chapters {
			// the asset may be of a shorter cut, which an older version had packaged before it was interrupted
			if c.At >= asset.DurationSeconds {
				continue
			}
			chapters = append(chapters, media.Chapter{
				Start: c.At,
				Text:  c.Title,
			})
		}
		if err := s.mall.Media.Captions.SetAssetChapters(ctx, asset.ID, chapters); err != nil {
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
		err := s.mall.Catalog.SetPrice(ctx, skuIDs[n], catalog.NewPrice{
			Amount:     k.NextPrice.Amount,
			ListAmount: struck(k.NextPrice.ListAmount),
			Currency:   currency,
			From:       s.now.AddDate(0, 0, k.NextPrice.InDays),
		})
		if err != nil && !errors.Is(err, catalog.ErrPriceOverlaps) {
			return err
		}
	}
	if err := s.mall.Media.Videos.Adopt(ctx, s.creators[v.Creator], v.Slug+".mp4", size(footage), asset); err != nil {
		return err
	}
	return s.mall.Catalog.Publish(ctx, spuID)
}

// size returns the total size of a video's files in bytes.
func size(footage fs.FS) (sum int64) {
	_ = fs.WalkDir(footage, ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		sum += info.Size()
		return err
	})
	return max(sum, 1)
}

// list creates the draft, or finds the one that an interrupted try left.
func (s *seeder) list(ctx context.Context, v Video, assetID int64,
	seconds int,
) (spuID int64, skuIDs []int64, err error) {
	published := s.now.AddDate(0, 0, -v.PublishedDaysAgo)
	n := catalog.NewProduct{
		Slug:            v.Slug,
		CreatorID:       s.creators[v.Creator],
		CategoryID:      s.categories[v.Category],
		Title:           v.Title,
		Description:     v.Description,
		Tags:            slices.Concat(v.Tags.Zh, v.Tags.En),
		Cover:           v.Slug,
		AssetID:         &assetID,
		DurationSeconds: seconds,
		FreeSeconds:     v.FreeSeconds,
		SeriesID:        s.series[v.Slug].seriesID,
		Episode:         s.series[v.Slug].episode,
		PublishedAt:     &published,
	}
	for _, k := range v.SKUs {
		n.SKUs = append(n.SKUs, catalog.NewSKU{
			Kind:         k.Kind,
			Quality:      k.Quality,
			RentHours:    k.RentHours,
			StockLimited: k.Stock != nil,
			Price: catalog.NewPrice{
				Amount:     k.Amount,
				ListAmount: struck(k.ListAmount),
				Currency:   currency,
				From:       published,
			},
		})
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

// spread returns a number in [0, n) that depends only on the name.
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
