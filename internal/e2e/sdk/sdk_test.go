package sdk

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"readerfund/internal/testkit"
)

// leftOut is what the SDK can ask for and the sandbox does not have, or PayPal's own documents do not.
var leftOut = []string{
	"Orders.authorizeOrder", // the sandbox knows the intent CAPTURE only, and so no authorizations
	"Orders.confirmOrder", "Orders.createOrderTracking", "Orders.updateOrderTracking",
	"Payments.captureAuthorizedPayment", "Payments.getAuthorizedPayment", "Payments.reauthorizePayment",
	"Payments.voidPayment",
	"Subscriptions.listSubscriptions", // in no document of PayPal's that the sandbox is held to
}

// PayPal's own client takes what the sandbox says: it is asked for orders, payments, plans, subscriptions, their
// payments and the account's record.
func TestPayPalsSDKDrivesTheSandbox(t *testing.T) {
	t.Parallel()
	install(t)
	pp := testkit.NewPayPal(t, testkit.PayPalOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	drive := exec.CommandContext(ctx, "node", "drive.mjs")
	drive.Env = append(os.Environ(), "PAYPAL_BASE="+pp.URL, "PAYPAL_CLIENT_ID=sandbox-client",
		"PAYPAL_CLIENT_SECRET=sandbox-secret", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
	out, err := drive.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said struct{ Called, Left []string }
	if err := json.Unmarshal(out, &said); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	slices.Sort(leftOut)
	if !slices.Equal(said.Left, leftOut) {
		t.Errorf("not called: %v", said.Left)
	}
	t.Logf("%d operations called: %s", len(said.Called), strings.Join(said.Called, ", "))
}

// install gets the SDK from npm, in the version that package-lock.json names.
func install(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			skipWithoutNode(t, "there is no %s", tool)
		}
	}
	if installed(t) == wanted(t) {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	ci := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	if out, err := ci.CombinedOutput(); err != nil {
		skipWithoutNode(t, "npm gives no SDK: %v\n%s", err, out)
	}
}

const module = "@paypal/paypal-server-sdk"

// wanted is the version that package.json asks for.
func wanted(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	return in.DevDependencies[module]
}

// installed is the version that is there; empty for none.
func installed(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("node_modules", filepath.FromSlash(module), "package.json"))
	if err != nil {
		return ""
	}
	var in struct{ Version string }
	if err := json.Unmarshal(text, &in); err != nil {
		t.Fatal(err)
	}
	return in.Version
}

// skipWithoutNode leaves the test out, or fails it where everything has to be run.
func skipWithoutNode(t *testing.T, format string, args ...any) {
	t.Helper()
	if testkit.Full() {
		t.Fatalf(format, args...)
	}
	t.Skipf("left out: "+format, args...)
}
