#!/usr/bin/env bash
# Two lines that only name redis.UniversalClient compile to 1.1 MB with go-redis v9.22.0, and to 9.5 MB with v9.23.0. The latter has a field
# weak.Pointer[Client] in its client: the compiler writes the generic type's methods into each package that can reach the field, and with them
# 1,470 wrappers of the client's commands, for the shape of the type argument. The linker drops all copies but one.
# For us: go.mod stays at v9.22.0 (docs/decisions/0040), as some sixty of our packages can reach a client.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export GOFLAGS=-mod=mod GOWORK=off
cat > named.go <<'E'
package named

import "github.com/redis/go-redis/v9"

func Same(c redis.UniversalClient) redis.UniversalClient { return c }
E
wrappers() { # wrappers VERSION: how many functions of the object file are promoted from the client's shape
	rm -f go.mod go.sum
	go mod init named 2>/dev/null
	go get "github.com/redis/go-redis/v9@$1" 2>/dev/null
	go tool nm "$(go list -export -f '{{.Export}}' .)" | grep -c ' T go\.shape\..*redis/go-redis/v9\.baseClient' || true
}
old=$(wrappers v9.22.0) new=$(wrappers v9.23.0)
echo "v9.22.0: $old wrappers, v9.23.0: $new"
[ "$old" -eq 0 ] && [ "$new" -gt 1000 ]
echo 'go-redis v9.23.0 puts more than a thousand wrappers of its client into every package that names one'
