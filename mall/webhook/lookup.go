package webhook

import (
	"context"
	"fmt"
	"math"
	"strings"

	"videomall/db"
	"videomall/mall/webhook/internal/dbsqlc"
)

// minLookup is the least length of a query in bytes.
const minLookup = 3

// Lookup finds up to most endpoints of all owners by the beginning of their host. A complete address finds its
// endpoints.
func (w *Webhooks) Lookup(ctx context.Context, q string, most int) ([]Endpoint, error) {
	q = strings.TrimSpace(q)
	if _, rest, whole := strings.Cut(q, "://"); whole {
		q = rest
	}
	host, path, _ := strings.Cut(q, "/")
	if q = strings.ToLower(host); path != "" {
		q += "/" + path
	}
	if len(q) < minLookup || len(q) > MaxURL || !db.Storable(q) {
		return nil, nil
	}
	var p dbsqlc.LookupEndpointsParams
	p.Begins, p.Ends = db.Prefix("https://" + q)
	p.PlainBegins, p.PlainEnds = db.Prefix("http://" + q)
	p.LeastOwner, p.MostOwner = 1, math.MaxInt64
	if w.owners == partners {
		p.LeastOwner, p.MostOwner = math.MinInt64, -1
	}
	p.Most = int32(most)
	rows, err := w.q.LookupEndpoints(ctx, w.deps.Pool, p)
	if err != nil {
		return nil, fmt.Errorf("look webhooks up: %w", err)
	}
	found := make([]Endpoint, len(rows))
	for n, r := range rows {
		found[n] = w.endpointOf(r)
	}
	return found, nil
}
