package sandbox_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "write docs/sandbox-conformance.md anew")

// TestConformance holds the emulator to PayPal's documents and to PayPal's recorded answers, and
// docs/sandbox-conformance.md to what came of it.
func TestConformance(t *testing.T) {
	t.Parallel()
	in := newInspector(loadDocuments(t))
	in.checkDocuments(t)
	drive(t, in)
	if t.Failed() {
		return
	}
	in.checkRouteCoverage(t)
	in.checkIssueCoverage(t)
	allowed := exceptions()
	met := in.settleComplaints(t, allowed)
	report := in.report(allowed, met)
	t.Log("\n" + report)
	if !t.Failed() {
		keep(t, filepath.Join(repository(t), "docs", "sandbox-conformance.md"), report)
	}
}

// drive sends everything there is to send: each part to an emulator of its own, all at once.
func drive(t *testing.T, in *inspector) {
	t.Helper()
	t.Run("drives", func(t *testing.T) {
		for _, d := range []struct {
			name string
			do   func(*testing.T, *stage)
		}{
			{"order life", driveOrderLife}, {"order kinds", driveOrderKinds}, {"patches", drivePatches},
			{"expiry", driveExpiry}, {"order refusals", driveOrderRefusals}, {"captures", driveCaptures},
			{"sales", driveSales}, {"sale refunds", driveSaleRefunds}, {"failures", driveFailures},
			{"refunds", driveRefunds}, {"refund refusals", driveRefundRefusals}, {"disputes", driveDisputes},
			{"strangers", driveStrangers}, {"webhooks", driveWebhooks}, {"events", driveEvents},
			{"simulator", driveSimulator}, {"mocks", driveMocks}, {"spoilt requests", driveSpoiltRequests},
			{"recordings", driveRecordings},
			{"our client", driveClient}, {"transaction search", driveSearch}, {"products", driveProducts},
			{"plans", drivePlans}, {"subscriptions", driveSubscriptions}, {"spoilt billing", driveSpoiltBilling},
			{"samples", driveSamples},
		} {
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, in)
				d.do(t, s)
				s.settle()
			})
		}
	})
}

// checkDocuments validates the documents as such.
func (in *inspector) checkDocuments(t *testing.T) {
	t.Helper()
	for _, name := range in.docs.names {
		if err := in.docs.byName[name].Validate(t.Context(), openapi3.SetRegexCompiler(compile)); err != nil {
			first, _, _ := strings.Cut(err.Error(), "\n")
			in.complain(name, "document", "not valid: "+first)
		}
	}
}

// keep compares a file of the repository with what it should be, or writes it.
func keep(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what this run came to (%v); write it anew with: go test ./internal/paypal/sandbox -run TestConformance -update", path, err)
	}
}

// report is the outcome as a page.
func (in *inspector) report(allowed []exception, met []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# The emulator's conformance to PayPal's documents

Written by `+"`make conformance UPDATE=1`"+`; the test fails when this page and the emulator part ways. PayPal's OpenAPI documents
(github.com/paypal/paypal-rest-api-specifications at
%s) and recorded answers (recorded/, signed/) are not part of this repository; without them
the test is left out, and says so.

Every request that the test sends, that our own client sends, and that was recorded with PayPal's sandbox, is held to the
document, and so is every answer: status, media type, schema, formats, members that the schema does not name, links that lead
to no operation, and for each issue code whether the operation's list has it with this status and description. Document and
emulator have to agree on which requests are malformed, too: one that only the emulator takes, or only the emulator refuses
with 400, is a finding; valid requests with one member spoilt at a time look for such. What the webhooks deliver is held to
the schemas of the event and of its resource. Every finding is fixed, or among the exceptions.

`, in.docs.commit())
	in.reportOperations(&b)
	in.reportIssues(&b)
	in.reportEvents(&b)
	in.reportRecordings(&b)
	reportExceptions(&b, allowed, met)
	in.reportRest(&b)
	return b.String()
}

func (d *documents) commit() string {
	text, err := os.ReadFile(filepath.Join(d.dir, "specs", "COMMIT"))
	if err != nil {
		return "an unknown commit"
	}
	return strings.TrimSpace(string(text))
}

func (in *inspector) reportOperations(b *strings.Builder) {
	b.WriteString("## Operations\n\nRefused alike: requests that both the emulator (400) and the document refuse.\n\n" +
		"| operation | requests by this test | recorded | of our client | refused alike | answers |\n|---|---:|---:|---:|---:|---|\n")
	requests, refused, answers := map[speaker]int{}, 0, 0
	for _, operation := range sortedByPath(in.operations) {
		tally := in.operations[operation]
		var statuses []string
		for _, status := range slices.Sorted(maps.Keys(tally.answers)) {
			statuses = append(statuses, fmt.Sprintf("%d × %d", tally.answers[status], status))
			answers += tally.answers[status]
		}
		for who, n := range tally.requests {
			requests[who] += n
		}
		refused += tally.refused
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", operation, some(tally.requests[byHand]),
			some(tally.requests[recorded]),
			some(tally.requests[ourClient]), some(tally.refused), strings.Join(statuses, ", "))
	}
	fmt.Fprintf(b, "| **%d operations** | %d | %d | %d | %d | %d |\n\n", len(in.operations), requests[byHand],
		requests[recorded],
		requests[ourClient], refused, answers)
}

// some leaves a cell empty rather than writing 0.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// sortedByPath sorts operations by path, then by method.
func sortedByPath[V any](operations map[string]V) []string {
	return slices.SortedFunc(maps.Keys(operations), func(a, b string) int {
		methodA, pathA, _ := strings.Cut(a, " ")
		methodB, pathB, _ := strings.Cut(b, " ")
		return cmp.Or(cmp.Compare(pathA, pathB), cmp.Compare(methodA, methodB))
	})
}

func (in *inspector) reportIssues(b *strings.Builder) {
	b.WriteString("## Issue codes\n\nRaised: by what the emulator was sent. On request: only when `PayPal-Mock-Response` asks for them. The rest of a list is about what\n" +
		"the emulator does not have (cards, vaults, other wallets, shipping options, price tiers, platform fees, exchange rates); asked for, it gives the real answer.\n\n" +
		"| operation | in PayPal's list | raised | on request | not emulated |\n|---|---:|---:|---:|---:|\n")
	codes := map[string]bool{}
	for _, operation := range sortedByPath(in.docs.issues) {
		if in.operations[operation] == nil {
			continue
		}
		listed := 0
		for _, issues := range in.docs.issues[operation] {
			listed += len(issues)
		}
		raised, asked, known := 0, 0, 0
		for code, spontaneous := range in.raised[operation] {
			codes[code] = codes[code] || spontaneous
			if spontaneous {
				raised++
			} else {
				asked++
			}
			if in.docs.lists(operation, code) {
				known++
			}
		}
		fmt.Fprintf(b, "| `%s` | %d | %d | %d | %d |\n", operation, listed, raised, asked, listed-known)
	}
	var raised []string
	for issue, spontaneous := range codes {
		if spontaneous {
			raised = append(raised, issue)
		}
	}
	slices.Sort(raised)
	fmt.Fprintf(b, "\n%d different codes were answered, %d of them raised by the emulator itself: %s.\n\n", len(codes),
		len(raised), code(raised))
}

// lists says whether an operation's list has an issue, whatever the status.
func (d *documents) lists(operation, code string) bool {
	for _, issues := range d.issues[operation] {
		if _, listed := issues[code]; listed {
			return true
		}
	}
	return false
}

func (in *inspector) reportEvents(b *strings.Builder) {
	b.WriteString("## Webhook events\n\nEach delivery's envelope is held to `event` of notifications_webhooks_v1. Those whose resource has no schema here come from the simulator only.\n\n" +
		"| event | resource held to | deliveries |\n|---|---|---:|\n")
	all := 0
	for _, event := range slices.Sorted(maps.Keys(in.events)) {
		fmt.Fprintf(b, "| %s | %d |\n", event, in.events[event])
		all += in.events[event]
	}
	fmt.Fprintf(b, "| **%d types** | | %d |\n\n", len(in.events), all)
}

func (in *inspector) reportRecordings(b *strings.Builder) {
	b.WriteString("## Recorded answers\n\nEach recorded request, sent to the emulator, gets the recorded status and an answer with every recorded member, of the recorded type;\n" +
		"amounts, states, names, issues and the relations of links have the recorded text. The last column is what PayPal answered although its own\n" +
		"document does not know it. The samples are subscriptions and their events with the members that people have published.\n\n| recording | members compared | only in the emulator's answer | recorded, but in no document |\n|---|---:|---|---|\n")
	slices.SortFunc(in.recordings, func(a, b recordingResult) int { return cmp.Compare(a.name, b.name) })
	for _, r := range in.recordings {
		fmt.Fprintf(b, "| %s | %d | %s | %s |\n", strings.TrimSuffix(r.name, ".json"), r.members, code(r.addition),
			code(r.unknown))
	}
	b.WriteString("\n")
}

// code sets names in the type of code.
func code(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

func reportExceptions(b *strings.Builder, allowed []exception, met []int) {
	b.WriteString("## Exceptions\n\nWhere a document is wrong or silent. Each has to be met in every run. One is about a request of our client's, and says so.\n\n" +
		"| where | what | reason | source | met |\n|---|---|---|---|---:|\n")
	either := strings.NewReplacer("|", " or ")
	for i, e := range allowed {
		where := strings.NewReplacer(`\`, "", ".*", "…").Replace(e.operation)
		if where == "…" {
			where = "every operation"
		}
		fmt.Fprintf(b, "| %s `%s` | %s | %s | %s | %d |\n", either.Replace(e.on), either.Replace(where), e.title, e.reason,
			e.source, met[i])
	}
}

// reportRest names what no line above is about.
func (in *inspector) reportRest(b *strings.Builder) {
	b.WriteString("\n## Not emulated\n\nMembers of a purchase unit that are kept and given back unread: `payment_instruction`, `supplementary_data`, `shipping.options`.\n" +
		"Operations of the documents above that the emulator does not have:\n\n")
	rest := map[string]bool{}
	for _, name := range emulated {
		for path, item := range in.docs.byName[name].Paths.Map() {
			for method := range item.Operations() {
				if operation := method + " " + path; in.operations[operation] == nil {
					rest[operation] = true
				}
			}
		}
	}
	for _, operation := range sortedByPath(rest) {
		fmt.Fprintf(b, "- `%s`\n", operation)
	}
}
