//go:build unix

package embedded

// Exported for tests in package embedded_test.
var (
	FetchPostgres = fetchPostgres
	FindPostgres  = findPostgres
)

// RootsPlace: see rootsPlace.
const RootsPlace = rootsPlace

// Run returns the folder of the cluster's sockets.
func (p *Postgres) Run() string { return p.server.run }
