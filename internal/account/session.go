package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/fault"
)

// ErrSignedOut says that nobody is signed in with this request. It is a fault.Forbidden.
var ErrSignedOut error = fault.Forbiddenf("Please sign in.")

// SessionConfig says how long sessions last and over what they travel.
type SessionConfig struct {
	Secure   bool          // the site is served over https
	Idle     time.Duration // a session ends when unused for so long; zero: 2 hours
	Lifetime time.Duration // and after so long in any case; zero: 12 hours
}

// Sessions knows who is signed in. What the browser holds is a random token; everything else stays on the server, so
// that signing out, disabling an account and changing a role act at once.
type Sessions struct {
	accounts *Store
	manager  *scs.SessionManager
	lifetime time.Duration
}

// Keys of what a session holds.
const (
	sessionAccount = "account" // the account's id
	sessionUntil   = "until"   // when it ends in any case, Unix seconds
)

// NewSessions gives the sessions of the accounts' database. They are kept there, so that any replica knows them.
func NewSessions(accounts *Store, c SessionConfig) *Sessions {
	if c.Idle == 0 {
		c.Idle = 2 * time.Hour
	}
	if c.Lifetime == 0 {
		c.Lifetime = 12 * time.Hour
	}
	manager := scs.New()
	manager.Store = &sessionStore{db: accounts.db, now: accounts.now, idle: c.Idle}
	manager.Cookie = scs.SessionCookie{
		Name: "readerfund_staff", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Persist: false, // the cookie goes with the browser; how long the session lasts is the server's to say
	}
	if c.Secure {
		manager.Cookie.Secure = true
		manager.Cookie.Name = "__Host-readerfund_staff" // the browser takes it only from this very host, over https
	}
	return &Sessions{accounts: accounts, manager: manager, lifetime: c.Lifetime}
}

// SignIn starts a session for the account and gives its cookie to the browser. The token is always a new one, whatever
// the browser brought along, and an older session of this browser ends.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, account Account) error {
	ctx, err := s.load(r)
	if err != nil {
		return err
	}
	if err := errors.Join(s.manager.Clear(ctx), s.manager.RenewToken(ctx)); err != nil {
		return fmt.Errorf("renew session: %w", err)
	}
	s.manager.Put(ctx, sessionAccount, account.ID.String())
	s.manager.Put(ctx, sessionUntil, s.accounts.now().Add(s.lifetime).Unix())
	token, expiry, err := s.manager.Commit(context.WithValue(ctx, sessionOwner{}, account.ID))
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	s.manager.WriteSessionCookie(ctx, w, token, expiry)
	return nil
}

// Account tells who is signed in, as the account is at this moment. The error is ErrSignedOut when nobody is: no
// session, an unknown or ended one, a disabled account.
func (s *Sessions) Account(r *http.Request) (Account, error) {
	ctx, err := s.load(r)
	if err != nil {
		return Account{}, err
	}
	id, err := uuid.Parse(s.manager.GetString(ctx, sessionAccount))
	if err != nil || s.accounts.now().Unix() >= s.manager.GetInt64(ctx, sessionUntil) {
		return Account{}, ErrSignedOut
	}
	account, err := s.accounts.ByID(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return Account{}, ErrSignedOut
	case err != nil:
		return Account{}, err
	case account.Disabled:
		return Account{}, ErrSignedOut
	}
	return account, nil
}

// SignOut ends the session on the server and takes the cookie back. Without a session it changes nothing.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) error {
	account, err := s.Account(r)
	signedIn := err == nil
	if err != nil && !errors.Is(err, ErrSignedOut) {
		return err
	}
	ctx, err := s.load(r)
	if err != nil {
		return err
	}
	if err := s.manager.Destroy(ctx); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	s.manager.WriteSessionCookie(ctx, w, "", time.Time{})
	if !signedIn {
		return nil
	}
	return s.accounts.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		return audit.Write(ctx, tx, audit.Entry{
			At: s.accounts.now().UTC(), StaffID: account.ID, Actor: account.Email, Action: ActionSignOut, Subject: account.Email,
		})
	})
}

// load gives the request's context with its session in it, an empty one where there is none.
func (s *Sessions) load(r *http.Request) (context.Context, error) {
	token := ""
	if cookie, err := r.Cookie(s.manager.Cookie.Name); err == nil {
		token = cookie.Value
	}
	ctx, err := s.manager.Load(r.Context(), token)
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return ctx, nil
}
