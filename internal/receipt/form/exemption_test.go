package form_test

import (
	"testing"

	"readerfund/internal/receipt/form"
)

func TestExemption(t *testing.T) {
	t.Parallel()
	for office, want := range map[string]form.Exemption{
		"Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024": {"Berlin I",
			form.ExemptionNotice, "03.02.2026", "2024"},
		"Finanzamt Köln, Süd, Freistellungsbescheid vom 03.02.2026 für 2022-2024": {"Köln, Süd",
			form.ExemptionNotice, "03.02.2026", "2022-2024"},
		"Finanzamt Berlin I, Anlage zum Körperschaftsteuerbescheid vom 31.12.2025 für 2022/2024": {"Berlin I",
			form.TaxNoticeAnnex, "31.12.2025", "2022/2024"},
		"Finanzamt Berlin I, Bescheid nach § 60a AO vom 03.02.2026": {"Berlin I",
			form.StatutesNotice, "03.02.2026", ""},
		"Finanzamt Berlin I": {},
		"Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024":        {},
		"Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026":       {},
		"Finanzamt Berlin I, Bescheid nach § 60a AO vom 3. Februar 2026": {},
		"": {},
	} {
		got, ok := form.Issuer{Office: office}.Exemption()
		if got != want || ok != (want != form.Exemption{}) {
			t.Errorf("%q: %+v, %t; want %+v", office, got, ok, want)
		}
	}
}
