package partner

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/fault"
	"videomall/mall/partner/internal/dbsqlc"
)

// How long a link may live, and does if the partner does not say.
const (
	MinLinkLife   = time.Minute
	UsualLinkLife = time.Hour
	MaxLinkLife   = 30 * 24 * time.Hour
)

// Faults of links. ErrLinkInvalid has the fields reference and expiresInSeconds.
var (
	ErrLinkInvalid = fault.New(fault.Invalid, "link_invalid", "The link can't be made like this; errors says why.")
	ErrReference   = fault.New(fault.Conflict, "reference_reused",
		"This reference has a link to something else. Take a new reference.")
	ErrNoLink = fault.New(fault.NotFound, "link_unknown",
		"This link is not complete or was never made. Go back to the shop that you came from.")
	ErrLinkOver = fault.New(fault.NotFound, "link_expired",
		"This link has expired. Go back to the shop that you came from for a new one.")
)

// referenceForm is the form of a partner's own name of a sale.
var referenceForm = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,100}$`)

// Link leads a buyer to the checkout of one SKU.
type Link struct {
	ID        int64
	PartnerID int64
	Partner   string // its name; set by Follow only
	Reference string
	SKUID     int64
	Token     string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// LinkDraft is a link as a partner asks for it.
type LinkDraft struct {
	Reference string
	SKUID     int64
	Life      time.Duration // 0: the usual one
}

// MakeLink makes the link of a reference, or returns the one that it has (replayed). Errors: ErrLinkInvalid with
// fields, ErrReference.
func (p *Partners) MakeLink(ctx context.Context, partnerID int64, d LinkDraft) (l Link, replayed bool, err error) {
	if d.Life == 0 {
		d.Life = UsualLinkLife
	}
	wrong := ErrLinkInvalid
	if !referenceForm.MatchString(d.Reference) {
		wrong = wrong.With("reference", "malformed")
	}
	if d.Life < MinLinkLife || d.Life > MaxLinkLife {
		wrong = wrong.With("expiresInSeconds", "out_of_range")
	}
	if len(wrong.Fields) > 0 {
		return Link{}, false, wrong
	}
	now := p.deps.Now().Truncate(time.Microsecond) // the precision of PostgreSQL
	row, err := p.q.InsertLink(ctx, p.deps.Pool, dbsqlc.InsertLinkParams{
		PartnerID: partnerID,
		Reference: d.Reference,
		SkuID:     d.SKUID,
		CreatedAt: now,
		ExpiresAt: now.Add(d.Life),
	})
	if err == nil {
		return p.linkOf(row), false, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Link{}, false, fmt.Errorf("insert link %q of partner %d: %w", d.Reference, partnerID, err)
	}
	row, err = p.q.LinkByReference(ctx, p.deps.Pool, dbsqlc.LinkByReferenceParams{
		PartnerID: partnerID,
		Reference: d.Reference,
	})
	if err != nil {
		return Link{}, false, fmt.Errorf("find link %q of partner %d: %w", d.Reference, partnerID, err)
	}
	if row.SkuID != d.SKUID || row.ExpiresAt.Sub(row.CreatedAt) != d.Life {
		return Link{}, false, ErrReference.Because("link %d", row.ID)
	}
	return p.linkOf(row), true, nil
}

func (p *Partners) linkOf(r dbsqlc.PartnerLink) Link {
	return Link{
		ID:        r.ID,
		PartnerID: r.PartnerID,
		Reference: r.Reference,
		SKUID:     r.SkuID,
		Token:     p.token(r.ID),
		CreatedAt: r.CreatedAt,
		ExpiresAt: r.ExpiresAt,
	}
}

// URL is the address to which the partner sends the buyer.
func (p *Partners) URL(l Link) string { return p.deps.PublicURL + "/buy/" + l.Token }

// Follow returns the link of a token. With ErrLinkOver, for a link that has expired or whose partner has been ended, it
// returns the link too: whoever has an order from it may still be led there. Errors: ErrNoLink, ErrLinkOver.
func (p *Partners) Follow(ctx context.Context, token string) (Link, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != idSize+macSize {
		return Link{}, ErrNoLink.Because("a token of %d bytes", len(raw))
	}
	id := int64(binary.BigEndian.Uint64(raw))
	if !hmac.Equal(p.mac(id), raw[idSize:]) {
		return Link{}, ErrNoLink.Because("link %d has another signature", id)
	}
	row, err := p.q.Link(ctx, p.deps.Pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Link{}, ErrNoLink.Because("link %d", id)
	}
	if err != nil {
		return Link{}, fmt.Errorf("link %d: %w", id, err)
	}
	if !p.deps.Now().Before(row.ExpiresAt) || row.PartnerEndedAt != nil {
		err = ErrLinkOver.Because("link %d at %s, its partner at %s", id, row.ExpiresAt, row.PartnerEndedAt)
	}
	return Link{
		ID:        row.ID,
		PartnerID: row.PartnerID,
		Partner:   row.PartnerName,
		Reference: row.Reference,
		SKUID:     row.SkuID,
		Token:     token,
		CreatedAt: row.CreatedAt,
		ExpiresAt: row.ExpiresAt,
	}, err
}

// linksKept is how long after its end a link that led to no order is kept, so that it says that it has expired.
const linksKept = 90 * 24 * time.Hour

// PurgeLinks removes links that expired long ago and led to no order, and returns how many.
func (p *Partners) PurgeLinks(ctx context.Context) (int64, error) {
	before := p.deps.Now().Add(-linksKept)
	for sum := int64(0); ; {
		n, err := p.q.PurgeLinks(ctx, p.deps.Pool, dbsqlc.PurgeLinksParams{Before: before, Most: dropped})
		if err != nil {
			return sum, fmt.Errorf("purge links: %w", err)
		}
		if sum += n; n < dropped {
			return sum, nil
		}
	}
}

// The sizes of the parts of a token, in bytes.
const (
	idSize  = 8
	macSize = 16
)

// token is the id of a link with a signature, so that links cannot be guessed and the same link has the same address.
func (p *Partners) token(id int64) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(id))
	return base64.RawURLEncoding.EncodeToString(append(raw, p.mac(id)...))
}

func (p *Partners) mac(id int64) []byte {
	m := hmac.New(sha256.New, p.linkKey)
	_ = binary.Write(m, binary.BigEndian, id)
	return m.Sum(nil)[:macSize]
}

// deriveLinkKey keeps the key of links apart from the one that seals secrets.
func deriveLinkKey(key []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("partner links"))
	return m.Sum(nil)
}
