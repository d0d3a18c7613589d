#!/bin/bash
# What vulncheck.sh ends with, tried with the govulncheck named first: a finding and a broken tool fail, and so does a
# database that was named and cannot be read; Go's own database, out of reach, is told apart from them.
set -euo pipefail
cd "$(dirname "$0")/.."

govulncheck=$1
database=$(mktemp -d)
trap 'rm -r "$database"' EXIT
cat >"$database/GO-2000-0001.json" <<'END'
{"schema_version": "1.3.1", "id": "GO-2000-0001", "modified": "2000-01-01T00:00:00Z", "published": "2000-01-01T00:00:00Z",
 "summary": "Made up", "details": "Made up for a test.",
 "database_specific": {"url": "https://pkg.go.dev/vuln/GO-2000-0001"}, "affected": [{
  "package": {"name": "golang.org/x/text", "ecosystem": "Go"},
  "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
  "ecosystem_specific": {"imports": [{"path": "golang.org/x/text/message"}]}}]}
END

silent=$database/silent # a govulncheck whose database says nothing, as timeout(1) ends it
printf '#!/bin/sh\nexit 124\n' >"$silent"
chmod +x "$silent"

# ends STATUS WHAT TOOL [SETTING…] tries vulncheck.sh on a small package.
ends() {
	local want=$1 what=$2 tool=$3 got=0 said
	shift 3
	said=$(env "$@" scripts/vulncheck.sh "$tool" ./internal/money 2>&1) || got=$?
	[ $got = "$want" ] || {
		echo "$what: ended with $got, not $want"
		echo "$said"
		exit 1
	}
}

ends 3 "a finding" "$govulncheck" GOVULNDB="file://$database"
ends 0 "nothing found" "$govulncheck" GOVULNDB="file://$PWD/scripts"
ends 75 "out of reach" "$govulncheck" GOVULNDB= HTTPS_PROXY=http://127.0.0.1:1 NO_PROXY= no_proxy=
ends 75 "no answer" "$silent" GOVULNDB=
ends 1 "no database where one is named" "$govulncheck" GOVULNDB="file://$database/none"
ends 1 "a broken tool" /bin/false GOVULNDB=
