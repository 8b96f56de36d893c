package embedded

// What the tests look at from outside.
var (
	FetchPostgres = fetchPostgres
	FindPostgres  = findPostgres
)

// RootsPlace: see rootsPlace.
const RootsPlace = rootsPlace

// Folder is where the cluster really lies.
func (p *Postgres) Folder() string { return p.server.dir }
