#!/usr/bin/env bash
# Installs the servers and programs that are asked for and missing, with apt or Homebrew:
#
#   tools/install.sh [--optional] NAME...     postgresql redis ffmpeg chromium fonts processes node pdftotext nginx compiler
#
# It installs as root or through sudo. Where nobody sits at a terminal, sudo must not need a password. If it cannot
# install, it prints the command that would, and fails; with --optional it succeeds all the same.
set -euo pipefail

optional=no
if [ "${1:-}" = --optional ]; then
	optional=yes
	shift
fi

have() { # have COMMAND...: one of them is enough
	local command
	for command in "$@"; do command -v "$command" >/dev/null 2>&1 && return; done
	return 1
}

# PostgreSQL is looked for where embedded/postgres_find.go looks.
have_postgresql() {
	[ -x "${PG_BIN:-}/postgres" ] || have postgres ||
		compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || compgen -G '/usr/pgsql-*/bin/postgres' >/dev/null ||
		compgen -G '/opt/homebrew/opt/postgresql@*/bin/postgres' >/dev/null || compgen -G '/usr/local/opt/postgresql@*/bin/postgres' >/dev/null ||
		compgen -G '/Applications/Postgres.app/Contents/Versions/*/bin/postgres' >/dev/null
}

# The browser journeys measure and draw Chinese titles. macOS has the fonts; where fc-list is missing, nobody can tell.
have_fonts() {
	! have fc-list || fc-list :lang=zh-cn 2>/dev/null | grep -q .
}

have_chromium() {
	[ -n "${CHROME:-}" ] || [ -d '/Applications/Google Chrome.app' ] || have chromium chromium-browser google-chrome
}

apt=() brew=()
for name in "$@"; do
	case $name in
	postgresql) have_postgresql || { apt+=(postgresql) brew+=(postgresql@17); } ;;
	redis) have redis-server valkey-server || { apt+=(redis-server) brew+=(redis); } ;;
	ffmpeg) have ffmpeg || { apt+=(ffmpeg) brew+=(ffmpeg); } ;;
	chromium) have_chromium || { apt+=(chromium) brew+=(google-chrome); } ;;
	fonts) have_fonts || apt+=(fonts-noto-cjk) ;;
	processes) have ps || apt+=(procps) ;;
	pdftotext) have pdftotext || { apt+=(poppler-utils) brew+=(poppler); } ;;
	node) have node && have npm || { apt+=(nodejs npm) brew+=(node); } ;;
	nginx) have nginx || { apt+=(nginx-light) brew+=(nginx); } ;;
	compiler) have "${CC:-cc}" gcc clang || apt+=(gcc libc6-dev) ;;
	*)
		echo "install.sh: what is $name?" >&2
		exit 2
		;;
	esac
done

if [ "$(uname -s)" = Darwin ]; then
	[ ${#brew[@]} -gt 0 ] || exit 0
	missing=("${brew[@]}") sudo=() by_hand="brew install ${brew[*]}"
	able() { have brew; }
	install() { brew install "${brew[@]}"; }
else
	[ ${#apt[@]} -gt 0 ] || exit 0
	missing=("${apt[@]}") sudo=() by_hand="sudo apt-get install -y --no-install-recommends ${apt[*]}"
	[ "$(id -u)" -eq 0 ] || sudo=(sudo)
	able() {
		have apt-get || return 1
		[ "$(id -u)" -ne 0 ] || return 0
		have sudo || return 1
		[ -t 0 ] || sudo -n true 2>/dev/null
	}
	apt_get() { # through env: sudo passes no variables on
		# A package of a server starts that server unless the runlevel forbids it; the mall and its tests start their own.
		${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >/dev/null
	}
	install() { apt_get update && apt_get install -y --no-install-recommends "${apt[@]}"; }
fi

if able; then
	echo "installing ${missing[*]}"
	install && exit 0
	echo "The installation failed. Repeat it by hand:  $by_hand" >&2
else
	echo "Missing: ${missing[*]}. Install with:  $by_hand" >&2
fi
[ $optional = yes ]
