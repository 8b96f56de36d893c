//go:build unix

package embedded

// What the tests look at from outside.
var (
	FetchPostgres = fetchPostgres
	FindPostgres  = findPostgres
)

// RootsPlace: see rootsPlace.
const RootsPlace = rootsPlace

// Run is where the cluster's sockets lie.
func (p *Postgres) Run() string { return p.server.run }
