// Package account is the people of the newsroom who may look behind the scenes: their accounts, roles and passwords,
// and whether somebody who signs in is one of them.
//
// It keeps nobody signed in: internal/session does. It renders nothing and decides nothing about pages: internal/web
// asks it what a role allows.
package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"readerfund/internal/audit"
	"readerfund/internal/db"
	"readerfund/internal/fault"
	"readerfund/internal/field"
	"readerfund/internal/ratelimit"
)

// What is done to accounts and with them, in the audit log. The subject is the account's email address.
const (
	ActionSignIn  audit.Action = "staff.sign_in"
	ActionRefuse  audit.Action = "staff.sign_in_failed"
	ActionAdd     audit.Action = "staff.add"
	ActionDisable audit.Action = "staff.disable"
	ActionEnable  audit.Action = "staff.enable"
	ActionRole    audit.Action = "staff.role"
	ActionReset   audit.Action = "staff.password_reset" // a new one-time password
	ActionChoose  audit.Action = "staff.password"       // a person chose their own
	ActionUnlock  audit.Action = "staff.unlock"
)

// Role is what an account may do. Each role may do all that the one before it may.
type Role string

// The roles.
const (
	Viewer Role = "viewer" // reads contributions and reports
	Editor Role = "editor" // works on campaigns and on what PayPal sent
	Admin  Role = "admin"  // and on accounts
)

// Roles lists the roles, the least first.
func Roles() []Role { return []Role{Viewer, Editor, Admin} }

// ParseRole reads a role. The error is a fault.Invalid on "role".
func ParseRole(text string) (Role, error) {
	if r := Role(text); slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fault.Input("role", "account.role_unknown")
}

// Allows reports whether somebody with this role may do what needs the other one. An unknown role allows nothing.
func (r Role) Allows(need Role) bool {
	have, want := slices.Index(Roles(), r), slices.Index(Roles(), need)
	return want >= 0 && have >= want
}

// Account is one person's. Times are UTC.
type Account struct {
	ID         uuid.UUID
	Email      string // lower case
	Role       Role
	Disabled   bool
	CreatedAt  time.Time
	SignedInAt time.Time // the last time; zero before the first
	MustChoose bool      // somebody else knows the password: the session may only choose another
}

// Config is what a Store needs.
type Config struct {
	DB      *db.DB
	Now     func() time.Time
	Hashing *argon2id.Params // how passwords are hashed; nil for DefaultHashing

	Limits *ratelimit.Limiter // counts sign-ins; nil makes one, which is enough for commands

	// EndSessions signs an account out everywhere and says how many sessions that were, in the transaction that disables
	// it or changes its password: session.EndAll.
	EndSessions func(ctx context.Context, tx *sqlx.Tx, account uuid.UUID) (int64, error)
}

// Store is the staff's accounts in a database. It is safe for concurrent use.
type Store struct {
	db     *db.DB
	now    func() time.Time
	hasher *hasher
	limits *ratelimit.Limiter

	endSessions func(ctx context.Context, tx *sqlx.Tx, account uuid.UUID) (int64, error)
}

// NewStore gives the accounts of a database.
func NewStore(c Config) *Store {
	params := DefaultHashing()
	if c.Hashing != nil {
		params = *c.Hashing
	}
	if c.Limits == nil {
		c.Limits = ratelimit.New(c.DB, c.Now, "")
	}
	return &Store{db: c.DB, now: c.Now, hasher: newHasher(params), limits: c.Limits, endSessions: c.EndSessions}
}

// Add makes an account, on behalf of whoever has the command line. An empty password asks for a generated one, which
// works once; the second result is the password to hand over, which is kept nowhere else.
//
// Errors are fault.Invalid on "email", "role" or "password", and fault.Conflict when the address has an account.
func (s *Store) Add(ctx context.Context, email string, role Role, password string) (Account, string, error) {
	address, emailErr := field.Email("email", email)
	_, roleErr := ParseRole(string(role))
	oneTime := password == ""
	if oneTime {
		password = generatePassword()
	}
	if err := errors.Join(emailErr, roleErr, checkPassword(password)); err != nil {
		return Account{}, "", err
	}
	hash, err := s.hasher.create(ctx, password)
	if err != nil {
		return Account{}, "", err
	}
	account := Account{ID: uuid.New(), Email: address, Role: role, CreatedAt: s.now().UTC().Truncate(time.Microsecond)}
	err = s.db.InTx(ctx, func(ctx context.Context, tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO staff (id, email, role, password_hash, one_time, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			account.ID, account.Email, string(account.Role), hash, oneTime, account.CreatedAt)
		if err != nil {
			return fmt.Errorf("insert account: %w", err)
		}
		return audit.Write(ctx, tx, audit.Entry{
			At: account.CreatedAt, Actor: audit.CommandLine, Action: ActionAdd, Subject: account.Email,
			Detail: map[string]string{"role": string(role)},
		})
	})
	if db.IsUnique(err) {
		return Account{}, "", fault.New(fault.Conflict, "account.exists", fault.Args{"email": account.Email})
	}
	if err != nil {
		return Account{}, "", fmt.Errorf("add account: %w", err)
	}
	return account, password, nil
}

// ByID gives an account as it is now, disabled or not. The error is fault.NotFound when there is none.
func (s *Store) ByID(ctx context.Context, id uuid.UUID) (Account, error) {
	row, err := s.find(ctx, `id = $1`, id)
	if err != nil {
		return Account{}, err
	}
	return row.account(), nil
}

// ByEmail is ByID for an email address, in any case.
func (s *Store) ByEmail(ctx context.Context, email string) (Account, error) {
	row, err := s.find(ctx, `email = $1`, foldEmail(email))
	if err != nil {
		return Account{}, named(err, email)
	}
	return row.account(), nil
}

type accountRow struct {
	ID         uuid.UUID    `db:"id"`
	Email      string       `db:"email"`
	Role       string       `db:"role"`
	Hash       string       `db:"password_hash"`
	DisabledAt sql.NullTime `db:"disabled_at"`
	CreatedAt  time.Time    `db:"created_at"`
	SignedInAt sql.NullTime `db:"signed_in_at"`
	OneTime    bool         `db:"one_time"`
	UsedAt     sql.NullTime `db:"used_at"`
}

func (r accountRow) account() Account {
	account := Account{ID: r.ID, Email: r.Email, Role: Role(r.Role), Disabled: r.DisabledAt.Valid,
		CreatedAt: r.CreatedAt.UTC(), MustChoose: r.OneTime}
	if r.SignedInAt.Valid {
		account.SignedInAt = r.SignedInAt.Time.UTC()
	}
	return account
}

func (s *Store) find(ctx context.Context, condition string, arg any) (accountRow, error) {
	return findIn(ctx, s.db, condition, arg)
}

func findIn(ctx context.Context, q sqlx.QueryerContext, condition string, arg any) (accountRow, error) {
	var row accountRow
	err := sqlx.GetContext(ctx, q, &row, `
		SELECT id, email, role, password_hash, disabled_at, created_at, signed_in_at, one_time, used_at
		FROM staff WHERE `+condition, arg)
	if db.IsNotFound(err) {
		return accountRow{}, fault.New(fault.NotFound, "account.not_found")
	}
	if err != nil {
		return accountRow{}, db.Translate(fmt.Errorf("read account: %w", err))
	}
	return row, nil
}

// foldEmail is the form in which addresses are kept and looked up.
func foldEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
