#!/bin/sh
# Makes sure that there are PostgreSQL server programs for the demo and the tests. Root on Debian and Ubuntu gets them
# installed, without a database of the system's own being made or started; everybody else is told what to install.
set -eu

if [ -n "${DATABASE_URL:-}" ]; then
	exit 0 # that server is used
fi
if message=$("${GO:-go}" run ./internal/db/dbtest/keeper find 2>&1); then
	exit 0
fi
case $message in
*"server is not installed"*) ;;
*) # it could not even look
	echo "$message" >&2
	exit 1
	;;
esac
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "$message" | sed -n 's/^keeper: //p' >&2
	exit 1
fi

echo "Installing PostgreSQL's server programs (apt-get install postgresql) …" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends postgresql-common >/dev/null
conf=/etc/postgresql-common/createcluster.conf
cp "$conf" "$conf.readerfund"
trap 'mv "$conf.readerfund" "$conf"' EXIT
echo 'create_main_cluster = false' >>"$conf"
apt-get install -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends postgresql >/dev/null
"${GO:-go}" run ./internal/db/dbtest/keeper find >/dev/null
