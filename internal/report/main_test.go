package report_test

import (
	"os"
	"testing"

	"readerfund/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.FewerChecks()
	os.Exit(m.Run())
}
