#!/bin/sh
# Prints where the browsers of the three engines and their drivers are, a name and a path on each line. With --install,
# root on Debian gets them where they are missing. The exit status is 1 when one is missing in the end.
set -eu

first() { # NAME PATH…: the first that there is
	name=$1
	shift
	for path in "$@"; do
		if found=$(command -v "$path"); then
			echo "$name $found"
			return 0
		fi
	done
	echo "$name is missing" >&2
	return 1
}

find_engines() {
	first chromium chromium chromium-browser google-chrome &&
		first chromedriver chromedriver &&
		first firefox firefox-esr firefox &&
		first webkitdriver WebKitWebDriver &&
		first minibrowser MiniBrowser /usr/lib/*/webkit2gtk-4.1/MiniBrowser /usr/lib/*/webkit2gtk-4.0/MiniBrowser &&
		first xvfb Xvfb
}

found=$(find_engines 2>/dev/null) && echo "$found" && exit 0
if [ "${1:-}" = --install ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "Installing the engines (apt-get install chromium firefox-esr webkit2gtk-driver …) …" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends chromium chromium-driver firefox-esr \
		webkit2gtk-driver xvfb fonts-dejavu-core fonts-noto-core >/dev/null
	find_engines && exit 0
fi
find_engines >/dev/null || true # says which
echo "On Debian: apt install chromium chromium-driver firefox-esr webkit2gtk-driver xvfb" >&2
exit 1
