package screen

import (
	"net/http"

	"readerfund/internal/dashboard"
	"readerfund/internal/i18n"
)

// Waiting says how many of readers' messages are unread. It is empty where none is, and for accounts that may not read
// them.
func (s Layout) Waiting(r *http.Request, views *dashboard.Views) (string, error) {
	if !MayContact(r) {
		return "", nil
	}
	n, err := views.UnreadMessages(r.Context())
	return UnreadInWords(s.Pages.Localizer(r), n), err
}

// UnreadInWords says that so many messages are unread; nothing where none is.
func UnreadInWords(loc i18n.Localizer, n int) string {
	switch n {
	case 0:
		return ""
	case dashboard.MostUnread:
		return loc.Say("staff.messages.unread_many", i18n.Args{"count": n})
	default:
		return loc.Say("staff.messages.unread", i18n.Args{"count": n})
	}
}
