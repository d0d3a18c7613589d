package templates

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Under is Files with an operator's own copies of some of them, in a folder, over them; Files where the folder is
// empty.
func Under(dir string) fs.FS {
	if dir == "" {
		return Files
	}
	return overlay{upper: os.DirFS(dir), lower: Files}
}

// overlay is two trees seen as one: a file of upper hides the file of the same name in lower. It lets an operator
// change one page and keep the rest as it comes.
type overlay struct{ upper, lower fs.FS }

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	f, err := o.upper.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.lower.Open(name)
	}
	return f, err
}

// ReadDir implements fs.ReadDirFS: the names of both trees, each once, sorted.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	above, errAbove := fs.ReadDir(o.upper, name)
	below, errBelow := fs.ReadDir(o.lower, name)
	if errAbove != nil && errBelow != nil {
		return nil, errBelow
	}
	all := slices.Concat(above, below)
	slices.SortStableFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(all, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() }), nil
}
