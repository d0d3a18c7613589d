#!/bin/sh
# Prints where WordPress's files are. With --install, root on Debian gets it, PHP and MariaDB where they are missing.
# The exit status is 1 when something is missing in the end.
set -eu

find_wordpress() {
	[ -f /usr/share/wordpress/wp-load.php ] && command -v php >/dev/null && command -v mariadbd >/dev/null &&
		php -m | grep -qi '^mysqli$' && echo /usr/share/wordpress
}

find_wordpress && exit 0
if [ "${1:-}" = --install ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "Installing WordPress (apt-get install wordpress php-cli php-mysql mariadb-server) …" >&2
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends wordpress \
		wordpress-theme-twentytwentythree php-cli php-mysql mariadb-server >/dev/null
	find_wordpress && exit 0
fi
echo "On Debian: apt install wordpress wordpress-theme-twentytwentythree php-cli php-mysql mariadb-server" >&2
exit 1
