package form

import "regexp"

// Exemption holds the parts of a German tax office's notice that the ministry's model text requires (BMF, 7 November
// 2013, BStBl I 2013, 1333, number 2: the wording must not be changed).
type Exemption struct {
	Office string // which Finanzamt: "Berlin I"
	Notice Notice
	Date   string // of the notice: "03.02.2026"
	Year   string // the last one that was assessed; empty for a notice by § 60a AO
}

// Notice is a kind of notice that exempts an association.
type Notice string

// The notices.
const (
	ExemptionNotice Notice = "Freistellungsbescheid"
	TaxNoticeAnnex  Notice = "Anlage zum Körperschaftsteuerbescheid"
	StatutesNotice  Notice = "Bescheid nach § 60a AO" // for an association that was not assessed yet
)

// exemption is the format of RECEIPT_TAX_OFFICE.
var exemption = regexp.MustCompile(`^Finanzamt (\S.*), (?:(` + string(ExemptionNotice) + `|` + string(TaxNoticeAnnex) +
	`) vom (\d\d\.\d\d\.\d{4}) für (\d{4}(?:[-–/]\d{4})?)|(` + string(StatutesNotice) + `) vom (\d\d\.\d\d\.\d{4}))$`)

// Exemption parses the issuer's tax office, and reports whether it has one of the formats:
//
//	Finanzamt Berlin I, Freistellungsbescheid vom 03.02.2026 für 2024
//	Finanzamt Berlin I, Anlage zum Körperschaftsteuerbescheid vom 03.02.2026 für 2024
//	Finanzamt Berlin I, Bescheid nach § 60a AO vom 03.02.2026
func (i Issuer) Exemption() (Exemption, bool) {
	m := exemption.FindStringSubmatch(i.Office)
	if m == nil {
		return Exemption{}, false
	}
	if m[5] != "" {
		return Exemption{Office: m[1], Notice: StatutesNotice, Date: m[6]}, true
	}
	return Exemption{Office: m[1], Notice: Notice(m[2]), Date: m[3], Year: m[4]}, true
}

// German reports whether the form states an exemption by a German tax office.
func (f Form) German() bool { return f == DE || f == DECollective }
