package localpg

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// superuser is the one database user of a private server.
const superuser = "readerfund"

// cluster is a data directory and what belongs to it. In its folder lie: lock (held while a server runs), password,
// postgres.log, and data, or data.path, which names the place of the data where the server's account cannot reach the
// folder.
type cluster struct {
	dir      string // absolute, without symbolic links
	bin      string
	durable  bool
	account  *account
	data     string
	password string
}

// openCluster finds the cluster in dir, or makes one.
func openCluster(ctx context.Context, bin, dir string, durable bool) (*cluster, error) {
	c := &cluster{dir: dir, bin: bin, durable: durable}
	if err := c.locate(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(c.data, "PG_VERSION")); err == nil {
		return c, c.readPassword()
	}
	return c, c.create(ctx)
}

// locate decides who the server runs as and where its data lies.
func (c *cluster) locate() (err error) {
	c.data = filepath.Join(c.dir, "data")
	if path, err := os.ReadFile(c.pointer()); err == nil {
		c.data = strings.TrimSpace(string(path))
	}
	if c.account, err = serverAccount(c.data); err != nil {
		return err
	}
	if c.account.reaches(filepath.Dir(c.data)) {
		return nil
	}
	away, err := awayFolder(c.account, c.durable)
	if err != nil {
		return err
	}
	c.data = filepath.Join(away, "data")
	return os.WriteFile(c.pointer(), []byte(c.data+"\n"), 0o600)
}

func (c *cluster) pointer() string { return filepath.Join(c.dir, "data.path") }

// awayFolder makes a folder that the account can reach. Its name is random, so that nobody can have laid something
// there before us.
func awayFolder(a *account, durable bool) (string, error) {
	candidates := []string{os.TempDir(), "/tmp", "/var/tmp"}
	if durable {
		candidates = append([]string{"/var/lib"}, candidates...) // the temporary folders are swept now and then
	}
	for _, base := range candidates {
		if !a.reaches(base) {
			continue
		}
		dir, err := os.MkdirTemp(base, "readerfund-postgres-")
		if err != nil {
			continue
		}
		return dir, a.own(dir)
	}
	return "", fmt.Errorf("no folder among %s that PostgreSQL's account can reach", strings.Join(candidates, ", "))
}

// create runs initdb beside the final place and moves the result there, so that an interrupted run leaves nothing that
// looks like a database.
func (c *cluster) create(ctx context.Context) error {
	c.password = rand.Text()
	if err := os.WriteFile(c.passwordFile(), []byte(c.password), 0o600); err != nil {
		return err
	}
	draft := c.data + ".new"
	if err := errors.Join(os.RemoveAll(draft), os.RemoveAll(c.data)); err != nil {
		return err
	}
	if err := os.Mkdir(draft, 0o700); err != nil {
		return err
	}
	if err := c.account.own(draft); err != nil {
		return err
	}
	if err := c.initdb(ctx, draft); err != nil {
		return errors.Join(err, os.RemoveAll(draft))
	}
	return os.Rename(draft, c.data)
}

// initdb makes a UTF-8 cluster that sorts by code point, the same on every machine.
func (c *cluster) initdb(ctx context.Context, draft string) (err error) {
	passwordFile, err := c.passwordForAccount(filepath.Dir(draft))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(passwordFile)) }()
	args := []string{
		"--pgdata", draft, "--username", superuser, "--auth", "scram-sha-256", "--pwfile", passwordFile,
		"--encoding", "UTF8", "--locale", "C",
	}
	if !c.durable {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "initdb"), args...) //nolint:gosec // a program Find found
	cmd.Dir = filepath.Dir(draft)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = c.account.attributes()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// passwordForAccount writes the password where the server's account can read it for the moment.
func (c *cluster) passwordForAccount(dir string) (string, error) {
	f, err := os.CreateTemp(dir, "password-")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(c.password)
	return f.Name(), errors.Join(err, f.Close(), c.account.own(f.Name()))
}

func (c *cluster) passwordFile() string { return filepath.Join(c.dir, "password") }

func (c *cluster) readPassword() error {
	password, err := os.ReadFile(c.passwordFile())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the database in %s has lost its password file: remove the folder to start over", c.dir)
	}
	c.password = string(bytes.TrimSpace(password))
	return err
}

// Remove deletes the cluster in dir, also where its data had to lie elsewhere. It refuses while a server runs there.
func Remove(dir string) error {
	dir, err := resolve(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	held, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }() // the file goes with the folder
	c := &cluster{dir: dir, data: filepath.Join(dir, "data")}
	if path, err := os.ReadFile(c.pointer()); err == nil {
		c.data = strings.TrimSpace(string(path))
	}
	if err := clearLeftover(context.Background(), c.data); err != nil {
		return err
	}
	if away := filepath.Dir(c.data); away != dir {
		if strings.HasPrefix(filepath.Base(away), "readerfund-postgres-") { // only what awayFolder made
			if err := os.RemoveAll(away); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(dir)
}
