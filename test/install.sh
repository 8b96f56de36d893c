#!/usr/bin/env bash
# Installs the servers and programs that the tests run for real, and only those that are missing.
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1; }
need() { # need PACKAGE-IN-DEBIAN COMMAND...: one of the commands is enough
	local package=$1
	shift
	for command in "$@"; do have "$command" && return; done
	missing+=("$package")
}

compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || need postgresql postgres
need redis-server redis-server valkey-server
need ffmpeg ffmpeg
[ -n "${CHROME:-}" ] || [ -d '/Applications/Google Chrome.app' ] || need chromium chromium chromium-browser google-chrome
# Chinese titles are measured and drawn in the browser journeys.
! have fc-list || fc-list :lang=zh-cn 2>/dev/null | grep -q . || missing+=(fonts-noto-cjk)

[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing for the tests: ${missing[*]}"
if have apt-get; then
	sudo=''
	[ "$(id -u)" -eq 0 ] || sudo=sudo
	$sudo apt-get update -qq
	# A server package starts a server of its own unless it is told not to; the tests run private ones.
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
elif have brew; then
	for package in "${missing[@]}"; do
		case $package in
		postgresql) brew install postgresql@17 ;;
		redis-server) brew install redis ;;
		fonts-noto-cjk) ;; # macOS has Chinese fonts
		*) brew install "$package" ;;
		esac
	done
else
	echo "please install by hand: ${missing[*]}" >&2
	exit 1
fi
