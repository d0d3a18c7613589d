package faults

import (
	"testing"
	"time"

	"readerfund/internal/e2e/harness"
)

// fault is one line of the list of faults: what goes wrong, and how it is made to.
type fault struct {
	name, what string
	readers    string                                   // what readers draw from; empty: everything
	pause      time.Duration                            // of a reader between two gifts; 0: usualPause
	prepare    func(t *testing.T, h *fixture)           // before anything is open
	start      func(h *fixture)                         // starts the service; nil: processes of the real program
	provoke    func(h *fixture)                         // under load, until the trouble is over
	settled    func(h *fixture, f *harness.Differences) // checks more, once the books are compared
	lacks      func() string                            // what of it cannot be provoked here; empty: nothing
}

// faults are F1 to F29 of the design, but for F18 and F19, which need a cluster of databases.
func faults() []fault {
	return []fault{
		{name: "F1", what: "killed while PayPal makes the order", provoke: killedAtTheOrder},
		{name: "F2", what: "killed between capture and record; an entry that cannot be booked", provoke: killedAtTheCapture},
		{name: "F3", what: "PayPal's answer lost, cut short, late or a 5xx", provoke: unknownOutcomes},
		{name: "F4", what: "the retry comes after PayPal forgot the request id", provoke: forgottenRequests},
		{name: "F5", what: "50 at once with one key", provoke: oneKeyForMany},
		{name: "F6", what: "duplicate webhooks; 100 copies at once", provoke: duplicates},
		{name: "F7", what: "another event id for the same capture", provoke: otherEventIDs},
		{name: "F8", what: "webhooks out of order, and before the order is saved", provoke: outOfOrder},
		{name: "F9", what: "altered deliveries", provoke: alteredDeliveries},
		{name: "F10", what: "deliveries of five days ago replayed", prepare: fiveDaysBehind, provoke: replays},
		{name: "F11", what: "signed lies, and bodies that fit the CRC", provoke: falseEvents},
		{name: "F12", what: "webhooks that never arrive", provoke: droppedWebhooks},
		{name: "F13", what: "down for four days", provoke: downForDays},
		{name: "F14", what: "poison messages", provoke: poisonMessages},
		{name: "F15", what: "certificate unreachable, no PEM, of others, expired", provoke: badCertificates},
		{name: "F16", what: "database stopped, or silent", provoke: databaseDown},
		{name: "F17", what: "COMMIT's answer lost", provoke: lostCommits},
		{name: "F20", what: "held locks, deadlocks, one connection for all", provoke: contention},
		{name: "F21", what: "disk full", prepare: onSmallDisk, provoke: diskFull},
		{name: "F22", what: "clocks of the processes apart", start: skewedProcesses, provoke: skewedClocks},
		{name: "F23", what: "a process sleeps, and wakes up late", provoke: suspended},
		{
			name: "F24", what: "rolling update from the version before, and restarts under load", lacks: noVersionBefore,
			readers: harness.Once, // the version before knows nothing else
			prepare: versionBeforeFirst, start: fillWithVersionBefore, provoke: rollingUpdate, settled: sameReports,
		},
		{name: "F25", what: "two reconcilers at once, beside webhooks", provoke: twoReconcilers},
		{
			name:    "F26",
			what:    "refunds in part and whole, reversals, disputes",
			readers: "returns refunded refunded refunded reversed disputed asked won lost lost",
			provoke: moneyBack,
		},
		{name: "F27", what: "429; tokens revoked in a burst", provoke: rateLimits},
		{
			name: "F28", what: "mail refused, slow, cut off after DATA; killed while sending", provoke: mailFails,
			settled: sameMails, pause: time.Second, // mail takes half a minute, and gifts are only beside it
		},
		{name: "F29", what: "restored from an older dump", provoke: restoredDump},
	}
}

func faultNamed(t *testing.T, name string) fault {
	t.Helper()
	for _, f := range faults() {
		if f.name == name && f.provoke != nil {
			return f
		}
	}
	t.Fatalf("there is no fault %s to provoke", name)
	return fault{}
}
