// Package partner owns the shops and sites that sell the mall's videos on pages of their own: who they are, the keys
// that sign their requests, which requests are theirs, and the links by which they send buyers. It refuses to know
// orders and prices, and how HTTP is answered.
package partner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/fault"
	"videomall/mall/partner/internal/dbsqlc"
	"videomall/mall/seal"
	"videomall/telemetry"
)

// mostListed bounds the lists of partners and of the keys of one.
const mostListed = 200

// Faults of what operators and owners do. ErrInvalid has fields.
var (
	ErrNotFound = fault.New(fault.NotFound, "partner_not_found", "There is no such partner.")
	ErrNoKey    = fault.New(fault.NotFound, "partner_key_not_found", "There is no such key.")
	ErrInvalid  = fault.New(fault.Invalid, "partner_invalid", "Some fields need another look.")
	ErrTooMany  = fault.New(fault.Conflict, "partner_too_many_keys", "This partner has as many keys as one may have.")
	ErrEnded    = fault.New(fault.Conflict, "partner_key_over", "This key has ended already.")
	ErrOver     = fault.New(fault.Conflict, "partner_over", "This partner has been ended.")
	ErrRepeated = fault.New(fault.Conflict, "partner_key_repeated",
		"This form was sent before and has made its key. The secret is not shown again; replace the key to get another.")
)

// Deps are the dependencies of Partners.
type Deps struct {
	Pool *pgxpool.Pool
	Key  []byte // encrypts the secrets and signs the links, 32 bytes
	// PublicURL is where people reach the mall, and what requests are signed for.
	PublicURL string
	Metrics   *telemetry.Metrics
	Log       *slog.Logger // nil logs nothing
	Now       func() time.Time
	// Silence ends the messages to a partner, in the transaction that ends the partner. Nil ends none.
	Silence func(ctx context.Context, tx pgx.Tx, partnerID int64) error
	// Audit records an operator's or an owner's action in the transaction of the action, and is called last. Nil records
	// nothing.
	Audit func(ctx context.Context, tx pgx.Tx, actorID int64, verb, subject string, detail any) error
}

// Partners registers partners, and knows their requests.
type Partners struct {
	deps         Deps
	q            *dbsqlc.Queries
	box          seal.Box
	linkKey      []byte
	scheme, host string
}

// New returns Partners with the given dependencies. It fails if the key does not have 32 bytes.
func New(d Deps) (*Partners, error) {
	box, err := seal.New(d.Key)
	if err != nil {
		return nil, fmt.Errorf("the key that wraps partners' secrets: %w", err)
	}
	u, err := url.Parse(d.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("the address that partners sign for: %w", err)
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	d.PublicURL = strings.TrimSuffix(d.PublicURL, "/")
	return &Partners{
		deps:    d,
		q:       dbsqlc.New(),
		box:     box,
		linkKey: deriveLinkKey(d.Key),
		scheme:  strings.ToLower(u.Scheme),
		host:    authority(u.Scheme, u.Host),
	}, nil
}

// authority is a host as it is signed: in lower case, without the usual port of the scheme.
func authority(scheme, host string) string {
	host = strings.ToLower(host)
	switch strings.ToLower(scheme) {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}

// Partner is one shop or site.
type Partner struct {
	ID        int64
	Name      string
	Contact   string
	OwnerID   int64
	CreatedAt time.Time
	EndedAt   *time.Time // since when none of its keys, links and webhooks works; nil: it is a partner
}

func partnerOf(r dbsqlc.Partner) Partner {
	return Partner{
		ID:        r.ID,
		Name:      r.Name,
		Contact:   r.Contact,
		OwnerID:   r.OwnerID,
		CreatedAt: r.CreatedAt,
		EndedAt:   r.EndedAt,
	}
}

// Draft is a partner as an operator enters it.
type Draft struct {
	Name, Contact string
	OwnerID       int64 // 0: there is no such account
}

// Create registers a partner. Errors: ErrInvalid with the fields name, contact and owner.
func (p *Partners) Create(ctx context.Context, by int64, d Draft) (made Partner, err error) {
	d.Name, d.Contact = strings.TrimSpace(d.Name), strings.TrimSpace(d.Contact)
	wrong := ErrInvalid
	if n := utf8.RuneCountInString(d.Name); n == 0 || n > 80 {
		wrong = wrong.With("name", "partner_name")
	}
	if n := utf8.RuneCountInString(d.Contact); n == 0 || n > 200 {
		wrong = wrong.With("contact", "partner_contact")
	}
	if d.OwnerID == 0 {
		wrong = wrong.With("owner", "partner_owner")
	}
	if len(wrong.Fields) > 0 {
		return Partner{}, wrong
	}
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		row, err := p.q.InsertPartner(ctx, tx, dbsqlc.InsertPartnerParams{
			Name:      d.Name,
			Contact:   d.Contact,
			OwnerID:   d.OwnerID,
			CreatedBy: by,
			CreatedAt: p.deps.Now(),
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrInvalid.With("name", "partner_name_taken")
		}
		if err != nil {
			return fmt.Errorf("insert partner: %w", err)
		}
		made = partnerOf(row)
		return p.audit(ctx, tx, by, "partner.create", made.ID, map[string]any{
			"name":  made.Name,
			"owner": made.OwnerID,
		})
	})
	return made, err
}

func (p *Partners) audit(ctx context.Context, tx pgx.Tx, by int64, verb string, id int64, detail any) error {
	if p.deps.Audit == nil {
		return nil
	}
	return p.deps.Audit(ctx, tx, by, verb, fmt.Sprintf("partner:%d", id), detail)
}

// Get returns a partner. Errors: ErrNotFound.
func (p *Partners) Get(ctx context.Context, id int64) (Partner, error) {
	row, err := p.q.Partner(ctx, p.deps.Pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Partner{}, ErrNotFound.Because("partner %d", id)
	}
	if err != nil {
		return Partner{}, fmt.Errorf("partner %d: %w", id, err)
	}
	return partnerOf(row), nil
}

// Listed is a partner in the list of the console.
type Listed struct {
	Partner
	Keys       int       // that have not ended
	LastUsedAt time.Time // of any key, to the minute; the Unix epoch if none was ever used
}

// List returns the newest partners.
func (p *Partners) List(ctx context.Context) ([]Listed, error) {
	rows, err := p.q.Partners(ctx, p.deps.Pool, dbsqlc.PartnersParams{At: p.deps.Now(), Most: mostListed})
	if err != nil {
		return nil, fmt.Errorf("list partners: %w", err)
	}
	list := make([]Listed, len(rows))
	for n, r := range rows {
		list[n] = Listed{
			Partner: Partner{
				ID:        r.ID,
				Name:      r.Name,
				Contact:   r.Contact,
				OwnerID:   r.OwnerID,
				CreatedAt: r.CreatedAt,
				EndedAt:   r.EndedAt,
			},
			Keys:       int(r.LivingKeys),
			LastUsedAt: r.LastUsedAt,
		}
	}
	return list, nil
}

// Of returns the partners that an account owns.
func (p *Partners) Of(ctx context.Context, ownerID int64) ([]Partner, error) {
	rows, err := p.q.PartnersOf(ctx, p.deps.Pool, ownerID)
	if err != nil {
		return nil, fmt.Errorf("partners of %d: %w", ownerID, err)
	}
	list := make([]Partner, len(rows))
	for n, r := range rows {
		list[n] = partnerOf(r)
	}
	return list, nil
}
