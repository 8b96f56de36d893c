package partner

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/partner/internal/dbsqlc"
	"videomall/mall/partner/signature"
)

// MaxKeys is how many living keys a partner may have.
const MaxKeys = 10

// secretSize is the number of random bytes in a secret of VM1.
const secretSize = 32

// secretPrefix marks a secret, so that scanners find one that was published by mistake.
const secretPrefix = "vmsec_"

// Scope is something that a key may ask for.
type Scope string

// The scopes. Each operation of partners needs one of them.
const (
	CatalogRead Scope = "catalog:read" // videos with their prices
	LinksWrite  Scope = "links:write"  // links to the checkout
	OrdersRead  Scope = "orders:read"  // orders that came by those links, without their buyers
)

// Scopes returns all scopes, in the order in which they are offered.
func Scopes() []Scope { return []Scope{CatalogRead, LinksWrite, OrdersRead} }

// Overlaps are how long a key may live on after its successor was made; the first is the usual one.
func Overlaps() []time.Duration {
	return []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour}
}

// Lifetimes are how long a key may live; 0 is until it is ended.
func Lifetimes() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{0, 30 * day, 90 * day, 365 * day}
}

// Key is what a partner's requests are signed with.
type Key struct {
	ID         int64
	PartnerID  int64
	PublicID   string // what requests name
	Label      string
	Form       signature.Form
	Scopes     []Scope
	Lifetime   time.Duration // for which it was made, one of Lifetimes
	EndsAt     *time.Time    // nil: until somebody ends it
	LastUsedAt *time.Time    // to the minute
	CreatedAt  time.Time
}

// Ended reports whether the key has ended at a time.
func (k Key) Ended(at time.Time) bool { return k.EndsAt != nil && !at.Before(*k.EndsAt) }

func keyOf(r dbsqlc.PartnerKey) Key {
	k := Key{
		ID:         r.ID,
		PartnerID:  r.PartnerID,
		PublicID:   r.PublicID,
		Label:      r.Label,
		Form:       signature.Form(r.Kind),
		EndsAt:     r.EndsAt,
		LastUsedAt: r.LastUsedAt,
		CreatedAt:  r.CreatedAt,
	}
	if r.Lifetime != nil {
		k.Lifetime = time.Duration(*r.Lifetime) * time.Second
	}
	for _, s := range r.Scopes {
		k.Scopes = append(k.Scopes, Scope(s))
	}
	return k
}

// KeyDraft is a key as an operator enters it.
type KeyDraft struct {
	Label     string
	Form      signature.Form
	PublicKey string // of Ed25519: PEM, or the base64 of 32 bytes
	Scopes    []string
	Lifetime  time.Duration // one of Lifetimes
	FormKey   string        // of the form, which makes one key however often it is sent; empty for one of its own
}

// checked returns the row of a draft. Errors: ErrInvalid with the fields label, form, public_key, scopes and lifetime.
func (d KeyDraft) checked(now time.Time) (dbsqlc.InsertKeyParams, error) {
	wrong := ErrInvalid
	row := dbsqlc.InsertKeyParams{
		Label:     strings.TrimSpace(d.Label),
		Kind:      string(d.Form),
		Scopes:    []string{},
		CreatedAt: now,
		FormKey:   cmp.Or(d.FormKey, rand.Text()),
	}
	if n := utf8.RuneCountInString(row.Label); n == 0 || n > 60 {
		wrong = wrong.With("label", "partner_key_label")
	}
	for _, s := range Scopes() {
		if slices.Contains(d.Scopes, string(s)) {
			row.Scopes = append(row.Scopes, string(s))
		}
	}
	if len(row.Scopes) == 0 {
		wrong = wrong.With("scopes", "partner_key_scopes")
	}
	if !slices.Contains(Lifetimes(), d.Lifetime) {
		wrong = wrong.With("lifetime", "partner_key_lifetime")
	}
	if d.Lifetime != 0 {
		row.Lifetime, row.EndsAt = new(int64(d.Lifetime/time.Second)), new(now.Add(d.Lifetime))
	}
	switch d.Form {
	case signature.VM1:
	case signature.RFC9421:
		if row.PublicKey = readPublicKey(d.PublicKey); row.PublicKey == nil {
			wrong = wrong.With("public_key", "partner_key_public")
		}
	default:
		wrong = wrong.With("form", "partner_key_form")
	}
	if len(row.FormKey) > 64 {
		wrong = wrong.With("form", "partner_key_form")
	}
	if len(wrong.Fields) > 0 {
		return row, wrong
	}
	return row, nil
}

// readPublicKey reads an Ed25519 public key; nil for anything else.
func readPublicKey(typed string) []byte {
	typed = strings.TrimSpace(typed)
	if block, rest := pem.Decode([]byte(typed)); block != nil && len(strings.TrimSpace(string(rest))) == 0 {
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if k, is := public.(ed25519.PublicKey); err == nil && is {
			return k
		}
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(typed)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil
	}
	return raw
}

// AddKey makes a key and returns its secret, which is never shown again; an Ed25519 key has none. Errors: ErrInvalid
// with fields, ErrNotFound, ErrOver, ErrTooMany, ErrRepeated.
func (p *Partners) AddKey(ctx context.Context, by, partnerID int64, d KeyDraft) (made Key, secret string, err error) {
	row, err := d.checked(p.deps.Now())
	if err != nil {
		return Key{}, "", err
	}
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if err := p.lockLiving(ctx, tx, partnerID); err != nil {
			return err
		}
		made, secret, err = p.insertKeyTx(ctx, tx, by, partnerID, row)
		if err != nil {
			return err
		}
		return p.audit(ctx, tx, by, "partner.key_add", partnerID, map[string]any{
			"key":    made.PublicID,
			"scopes": made.Scopes,
		})
	})
	if err != nil {
		return Key{}, "", err
	}
	return made, secret, nil
}

// lockTx locks a partner. Errors: ErrNotFound.
func (p *Partners) lockTx(ctx context.Context, tx pgx.Tx, partnerID int64) (dbsqlc.Partner, error) {
	row, err := p.q.LockPartner(ctx, tx, partnerID)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrNotFound.Because("partner %d", partnerID)
	}
	if err != nil {
		return row, fmt.Errorf("lock partner %d: %w", partnerID, err)
	}
	return row, nil
}

// lockLiving locks a partner that has not been ended. Errors: ErrNotFound, ErrOver.
func (p *Partners) lockLiving(ctx context.Context, tx pgx.Tx, partnerID int64) error {
	row, err := p.lockTx(ctx, tx, partnerID)
	if err == nil && row.EndedAt != nil {
		return ErrOver.Because("partner %d ended at %s", partnerID, row.EndedAt)
	}
	return err
}

func (p *Partners) insertKeyTx(ctx context.Context, tx pgx.Tx, by, partnerID int64,
	row dbsqlc.InsertKeyParams,
) (made Key, secret string, err error) {
	living, err := p.q.CountLiving(ctx, tx, dbsqlc.CountLivingParams{PartnerID: partnerID, At: row.CreatedAt})
	if err != nil {
		return Key{}, "", fmt.Errorf("count the keys of partner %d: %w", partnerID, err)
	}
	if living >= MaxKeys {
		return Key{}, "", ErrTooMany.Because("partner %d has %d keys", partnerID, living)
	}
	if row.ID, err = p.q.NextKeyID(ctx, tx); err != nil {
		return Key{}, "", fmt.Errorf("number a key: %w", err)
	}
	row.PartnerID = partnerID
	row.PublicID = "pk_" + strings.ToLower(rand.Text())
	row.CreatedBy = by
	if signature.Form(row.Kind) == signature.VM1 {
		raw := make([]byte, secretSize)
		_, _ = rand.Read(raw)
		secret = secretPrefix + base64.RawURLEncoding.EncodeToString(raw)
		row.Secret = p.box.Seal(raw, place(row.ID))
	}
	inserted, err := p.q.InsertKey(ctx, tx, row)
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, "", ErrRepeated
	}
	if err != nil {
		return Key{}, "", fmt.Errorf("insert a key of partner %d: %w", partnerID, err)
	}
	return keyOf(inserted), secret, nil
}

// place is where the secret of a key is bound to.
func place(keyID int64) string { return fmt.Sprintf("partner_key/%d", keyID) }

// Keys returns the keys of a partner, the newest first, ended ones included.
func (p *Partners) Keys(ctx context.Context, partnerID int64) ([]Key, error) {
	rows, err := p.q.Keys(ctx, p.deps.Pool, dbsqlc.KeysParams{PartnerID: partnerID, Most: mostListed})
	if err != nil {
		return nil, fmt.Errorf("keys of partner %d: %w", partnerID, err)
	}
	list := make([]Key, len(rows))
	for n, r := range rows {
		list[n] = keyOf(r)
	}
	return list, nil
}
