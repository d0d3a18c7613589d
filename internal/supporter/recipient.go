package supporter

// Mails and documents about a contribution go to the address and the name that the reader typed, or otherwise to those
// that PayPal gave for the payer. This is the rule in SQL, for a contribution c with LEFT JOIN supporter s.
const (
	recipient = `coalesce(nullif(c.email, ''), s.email)`

	// RecipientColumns are email and name, each empty if it was erased or never known, and locale, the language they are
	// written to in, empty for the publication's own.
	RecipientColumns = `coalesce(` + recipient + `, '') AS email,
		coalesce(nullif(c.name, ''), s.name, '') AS name, c.locale`

	// RecipientAddress is that email in lower case, for comparing it; null if there is none.
	RecipientAddress = `lower(` + recipient + `)`
)
