#!/bin/sh
# Prints where Chromium (or Chrome) is: its headless shell, if there is one, which does the same with a third of the
# work because it has no window to draw. With --install, root on Debian and Ubuntu gets it where it is missing. The exit
# status is 1 when there is none in the end.
set -eu

find_browser() {
	for name in chromium-headless-shell headless-shell chrome-headless-shell \
		chromium chromium-browser google-chrome google-chrome-stable chrome; do
		command -v "$name" && return 0
	done
	for path in "/Applications/Chromium.app/Contents/MacOS/Chromium" "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
		if [ -x "$path" ]; then
			echo "$path"
			return 0
		fi
	done
	return 1
}

find_browser && exit 0
if [ "${1:-}" = --install ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "Installing Chromium (apt-get install chromium) …" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	# On Ubuntu the last package only points to a snap, which needs snapd; then the search below fails and says so.
	for package in chromium-headless-shell chromium chromium-browser; do
		apt-get install -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends \
			"$package" fonts-dejavu-core fonts-noto-core >/dev/null && break
	done || true
	find_browser && exit 0
fi
echo "There is no Chromium: \`apt install chromium\` (Debian), \`dnf install chromium\` (Fedora), \`snap install chromium\` (Ubuntu), \`brew install --cask chromium\` (macOS)." >&2
exit 1
