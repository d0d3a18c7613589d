#!/bin/bash
# Looks for known vulnerabilities in what our programs call, with the govulncheck named first, in the packages named after
# it (all of them by default), in the Go vulnerability database or the one GOVULNDB names.
#
# Ends with 0 where none is known, with 3 where one is, and with 75 where Go's own database cannot be reached: it is
# outside, and its absence says nothing about us. Everything else is a failure, a GOVULNDB that cannot be read among it:
# who names a database means it.
set -uo pipefail
cd "$(dirname "$0")/.."

govulncheck=$1
shift
[ $# -gt 0 ] || set -- ./...
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# unreachable reports whether govulncheck ended because no answer came from a database over https: it could not connect,
# or something on the way or a server in trouble answered, or nothing came within the time for a question.
unreachable() {
	[ "$1" != 124 ] || [ -n "${GOVULNDB:-}" ] || return 0
	[ "$1" = 1 ] && grep -qE '(^|: )(Get "https://|HTTP GET https://.* unexpected status: (403|407|429|5[0-9][0-9]))' "$said"
}

look() {
	local status=0
	${within:+timeout "$within"} "$govulncheck" ${GOVULNDB:+-db "$GOVULNDB"} "$@" 2>"$said" || status=$?
	cat "$said" >&2
	! unreachable $status || {
		echo "Not checked for known vulnerabilities: the Go vulnerability database cannot be reached." >&2
		exit 75
	}
	[ $status = 0 ] || exit $status
}

# To ask for one module needs the database only, and takes no time; the whole check reads every package first.
within=60 look -mode=query -json readerfund@v1.0.0 >/dev/null
look "$@"
