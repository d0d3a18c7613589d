#!/bin/bash
# Runs the tests as if it were another day, on which a month is short, a clock is put forward, or a year ends while they
# run. The machine's clock stays as it is: Go's time.Now is replaced while compiling (go help build, -overlay), in the
# tests and in the programs they build; PostgreSQL and Node get a library with another clock_gettime. Both go on from the
# moment named, and timers run as always. Not run: the tests in browsers, which have a clock of their own.
#
#   scripts/test-days.sh                         the whole list below
#   scripts/test-days.sh drawn                   one of it
#   scripts/test-days.sh "2027-03-28 01:58 Europe/Berlin" …
#
# PKG names the packages, TESTFLAGS flags for their tests (-test.short, -test.run=…). What failing packages said, and the
# table at the end, lie in artifacts/days. It needs a C compiler. (Debian's libfaketime will not do: in a handler that interrupts
# epoll_wait it shows the machine's time, so that PostgreSQL's timeouts and its search for deadlocks never come.)
set -euo pipefail
cd "$(dirname "$0")/.."

# Moments, by a clock on the wall of a place. Together they begin in every hour of a UTC day.
days=(
	"2026-12-31 23:58 UTC"              # the year ends meanwhile
	"2027-01-01 00:05 UTC"
	"2027-01-29 13:10 UTC"              # no such day in February
	"2027-01-30 08:20 UTC"
	"2027-01-31 22:40 UTC"
	"2027-02-27 01:30 UTC"
	"2027-02-28 23:58 Europe/Berlin"    # the short month ends meanwhile
	"2027-03-01 03:20 UTC"
	"2027-03-14 01:58 America/New_York" # the clock is put forward meanwhile
	"2027-03-14 21:15 UTC"
	"2027-03-28 01:58 Europe/Berlin"    # there as well
	"2027-03-28 12:00 UTC"
	"2027-03-31 18:30 UTC"
	"2027-04-30 07:45 UTC"
	"2027-05-31 10:00 UTC"
	"2027-06-15 09:30 UTC"
	"2027-07-31 11:55 UTC"
	"2027-08-30 14:05 UTC"
	"2027-09-30 15:50 UTC"
	"2027-10-31 02:58 Europe/Berlin"    # an hour that comes twice
	"2027-11-07 01:58 America/New_York"
	"2027-11-30 17:40 UTC"
	"2027-12-31 16:20 UTC"
	"2028-02-28 20:10 UTC"              # a leap year
	"2028-02-29 04:35 UTC"
	"2028-02-29 19:25 UTC"
	"2028-03-01 02:50 UTC"
)
if [ "${1:-}" = drawn ]; then
	set -- "${days[RANDOM % ${#days[@]}]}"
fi
[ $# = 0 ] || days=("$@")

work=${TMPDIR:-/tmp}/readerfund-days-$(id -u)
mkdir -p "$work/tmp"
chmod 755 "$work"
chmod 1777 "$work/tmp"
exec 9>"$work/lock"
flock -n 9 || {
	echo "another run is under way in $work" >&2
	exit 1
}

# By how many seconds the clock is ahead stands in a file, which each program reads when it starts, whatever environment
# it gets. So one compilation serves every day.
go_clock() {
	local source
	source=$(go env GOROOT)/src/time
	sed 's/^\tsec, nsec, mono := runtimeNow()$/&\n\tsec += ahead/' "$source/time.go" >"$work/time.go"
	! cmp -s "$source/time.go" "$work/time.go" || {
		echo "time.Now in $source/time.go is not as expected: mend the overlay in $0" >&2
		exit 1
	}
	cat >"$work/ahead.go" <<-GO
		package time

		var ahead = func() int64 {
			fd, err := open("$work/ahead")
			if err != nil {
				panic("no $work/ahead")
			}
			defer closefd(fd)
			text := make([]byte, 20)
			n, _ := read(fd, text)
			seconds, err := atoi(text[:n])
			if err != nil {
				panic("$work/ahead: " + err.Error())
			}
			return int64(seconds)
		}()
	GO
	printf '{"Replace": {"%s": "%s", "%s": "%s"}}' "$source/time.go" "$work/time.go" "$source/ahead.go" "$work/ahead.go" \
		>"$work/overlay.json"
}

c_clock() {
	cc -shared -fPIC -O2 -o "$work/clock.so" -x c - <<-C
		#define _GNU_SOURCE
		#include <stdio.h>
		#include <sys/syscall.h>
		#include <sys/time.h>
		#include <time.h>
		#include <unistd.h>

		static long ahead;

		__attribute__((constructor)) static void load(void)
		{
			FILE *f = fopen("$work/ahead", "r");
			if (f) {
				if (fscanf(f, "%ld", &ahead) != 1)
					ahead = 0;
				fclose(f);
			}
		}

		int clock_gettime(clockid_t clock, struct timespec *t)
		{
			int failed = syscall(SYS_clock_gettime, clock, t);
			if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
				t->tv_sec += ahead;
			return failed;
		}

		int gettimeofday(struct timeval *restrict t, void *restrict zone)
		{
			struct timespec now;
			clock_gettime(CLOCK_REALTIME, &now);
			t->tv_sec = now.tv_sec;
			t->tv_usec = now.tv_nsec / 1000;
			return 0;
		}

		time_t time(time_t *t)
		{
			struct timespec now;
			clock_gettime(CLOCK_REALTIME, &now);
			if (t)
				*t = now.tv_sec;
			return now.tv_sec;
		}
	C
}

# on MOMENT COMMAND… runs a command as if it were then.
on() {
	local day clock zone
	read -r day clock zone <<<"$1"
	shift
	printf %d $(($(date -d "TZ=\"$zone\" $day $clock" +%s) - $(date +%s))) >"$work/ahead"
	TZ="$zone" TMPDIR="$work/tmp" GOFLAGS="-buildvcs=false -trimpath -overlay=$work/overlay.json" CGO_ENABLED=0 \
		LD_PRELOAD="$work/clock.so" READERFUND_CLOCK=machine "$@"
}

# compile makes the tests' programs once, in $work/bin, named after their folders.
compile() {
	local dir
	rm -rf "$work/bin"
	go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ${PKG:-./...} |
		{ grep -vE '/internal/e2e/(browser|engine)$' || true; } |
		while read -r dir; do
			dir=${dir#"$PWD/"}
			on "${days[0]}" go test -c -vet=off -o "$work/bin/${dir//\//+}" "./$dir"
		done
}

# tests runs them all, and keeps what the failing ones say in the folder named.
tests() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	find "$work/bin" -type f | sort | log=$1 xargs -P "$(nproc)" -I{} bash -c '
		name=$(basename {}); said="$PWD/$log/${name//+/-}.log"; cd "${name//+//}"
		{} -test.timeout=30m '"${TESTFLAGS:-}"' >"$said" 2>&1 && rm "$said"'
}

go_clock
c_clock
compile
status=0
rm -rf artifacts/days
mkdir -p artifacts/days
for moment in "${days[@]}"; do
	log=artifacts/days/${moment//[ \/:]/-} started=$SECONDS result=passed
	mkdir "$log"
	on "$moment" tests "$log" || {
		result="FAILED: $({ grep -ohE '^--- FAIL: [^ ]+' -r "$log" || ls "$log"; } | sed 's/--- FAIL: //' | sort -u | tr '\n' ' ')"
		status=1
	}
	TMPDIR="$work/tmp" go run ./internal/db/dbtest/keeper stop || status=1
	printf '%-34s %4d s  %s\n' "$moment" $((SECONDS - started)) "$result" | tee -a artifacts/days/table.txt
done
exit $status
