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

// Run is where the cluster's sockets lie.
func (p *Postgres) Run() string { return p.server.run }
