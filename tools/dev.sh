#!/usr/bin/env bash
# Serves the mall behind templ's proxy, which builds it anew and reloads the browser when a file changes.
# templ calls it again with "serve"; the program takes the place of this shell, so that a signal reaches it.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${GO:=go}"
if [ "${1:-}" = serve ]; then
	"$GO" build -ldflags='-s -w' -o bin/videomall .
	exec bin/videomall serve
fi

# The mall sends everybody to PUBLIC_URL, so that is the proxy's address.
export ADDR=${ADDR:-127.0.0.1:8080} PUBLIC_URL=${PUBLIC_URL:-http://127.0.0.1:7331}
exec "$GO" tool templ generate -watch -log-level warn \
	-watch-pattern '(\.templ|\.go|/messages/.*\.toml|/static/dist/.*|/migrations/.*\.sql)$' \
	-ignore-pattern '(_test\.go|/node_modules/.*|/\.data/.*|/bin/.*)$' \
	-proxy "http://$ADDR" -proxyport "${PUBLIC_URL##*:}" -open-browser=false \
	-cmd "tools/dev.sh serve"
