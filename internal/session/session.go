// Package session keeps the staff signed in: from the sign-in that starts a session to whatever ends it.
//
// It checks no password: internal/account says who may come in, and a session begins with its answer. It decides
// nothing about pages: internal/web asks it who is there.
package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/account"
	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
)

// What is done with sessions, in the audit log. The subject is the account's email address.
const (
	ActionSignOut audit.Action = "staff.sign_out"
	ActionEnd     audit.Action = "staff.end_sessions"
)

// ErrSignedOut says that nobody is signed in with this request. It is a fault.Forbidden.
var ErrSignedOut error = fault.New(fault.Forbidden, "session.missing")

// Config is what a Manager needs, how long sessions last and over what they travel.
type Config struct {
	DB       *db.DB
	Accounts *account.Store
	Now      func() time.Time

	Secure   bool          // the site is served over https
	Idle     time.Duration // a session ends when unused for so long; zero: 2 hours
	Lifetime time.Duration // and after so long in any case; zero: 12 hours
}

// Manager knows who is signed in. What the browser holds is a random token; everything else stays on the server, so
// that signing out, disabling an account and changing a role act at once. It is safe for concurrent use.
type Manager struct {
	db       *db.DB
	accounts *account.Store
	now      func() time.Time
	scs      *scs.SessionManager
	lifetime time.Duration
}

// Keys of what a session holds.
const (
	keyAccount = "account" // the account's id
	keyUntil   = "until"   // when it ends in any case, Unix seconds
)

// NewManager gives the sessions of a database. They are kept there, so that any replica knows them.
func NewManager(c Config) *Manager {
	if c.Idle == 0 {
		c.Idle = 2 * time.Hour
	}
	if c.Lifetime == 0 {
		c.Lifetime = 12 * time.Hour
	}
	manager := scs.New()
	manager.Store = &store{db: c.DB, now: c.Now, idle: c.Idle}
	manager.Cookie = scs.SessionCookie{
		Name: "readerfund_staff", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Persist: false, // the cookie goes with the browser; how long the session lasts is the server's to say
	}
	if c.Secure {
		manager.Cookie.Secure = true
		manager.Cookie.Name = "__Host-readerfund_staff" // the browser takes it only from this very host, over https
	}
	return &Manager{db: c.DB, accounts: c.Accounts, now: c.Now, scs: manager, lifetime: c.Lifetime}
}

// SignIn starts a session for the account and gives its cookie to the browser. The token is always a new one, whatever
// the browser brought along, and an older session of this browser ends.
func (m *Manager) SignIn(w http.ResponseWriter, r *http.Request, who account.Account) error {
	ctx, err := m.load(r)
	if err != nil {
		return err
	}
	if err := errors.Join(m.scs.Clear(ctx), m.scs.RenewToken(ctx)); err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	m.scs.Put(ctx, keyAccount, who.ID.String())
	m.scs.Put(ctx, keyUntil, m.now().Add(m.lifetime).Unix())
	token, expiry, err := m.scs.Commit(context.WithValue(ctx, ownerKey{}, who.ID))
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	m.scs.WriteSessionCookie(ctx, w, token, expiry)
	return nil
}

// Account gives who is signed in, as the account is at this moment. The error is ErrSignedOut when nobody is: no
// session, an unknown or ended one, a disabled account.
func (m *Manager) Account(r *http.Request) (account.Account, error) {
	ctx, err := m.load(r)
	if err != nil {
		return account.Account{}, err
	}
	id, err := uuid.Parse(m.scs.GetString(ctx, keyAccount))
	if err != nil || m.now().Unix() >= m.scs.GetInt64(ctx, keyUntil) {
		return account.Account{}, ErrSignedOut
	}
	who, err := m.accounts.ByID(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return account.Account{}, ErrSignedOut
	case err != nil:
		return account.Account{}, err
	case who.Disabled:
		return account.Account{}, ErrSignedOut
	}
	return who, nil
}

// SignOut ends the session on the server and takes the cookie back. Without a session it changes nothing.
func (m *Manager) SignOut(w http.ResponseWriter, r *http.Request) error {
	who, err := m.Account(r)
	signedIn := err == nil
	if err != nil && !errors.Is(err, ErrSignedOut) {
		return err
	}
	ctx, err := m.load(r)
	if err != nil {
		return err
	}
	if err := m.scs.Destroy(ctx); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	m.scs.WriteSessionCookie(ctx, w, "", time.Time{})
	if !signedIn {
		return nil
	}
	return m.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return audit.Write(ctx, tx, audit.Entry{
			At: m.now().UTC(), StaffID: who.ID, Actor: who.Email, Action: ActionSignOut, Subject: who.Email,
		})
	})
}

// load gives the request's context with its session in it, an empty one where there is none.
func (m *Manager) load(r *http.Request) (context.Context, error) {
	token := ""
	if cookie, err := r.Cookie(m.scs.Cookie.Name); err == nil {
		token = cookie.Value
	}
	ctx, err := m.scs.Load(r.Context(), token)
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return ctx, nil
}
