package throwaway

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/billfold/billfold/internal/base/fault"
)

// owner is the user as whom a cluster runs. The zero owner is the user we are.
type owner struct {
	uid, gid uint32
	other    bool // somebody else than the user we are
}

// chooseOwner picks an ordinary user when we are root, as whom PostgreSQL
// refuses to run: its own user where there is one, else nobody.
func chooseOwner() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return owner{uid: uint32(uid), gid: uint32(gid), other: true}, nil
		}
	}
	return owner{}, fault.New(fault.Unavailable, "", "PostgreSQL refuses to run as root, and there is no user postgres or nobody").
		WithHint("run as an ordinary user")
}

func (o owner) credential() *syscall.Credential {
	if !o.other {
		return nil
	}
	return &syscall.Credential{Uid: o.uid, Gid: o.gid}
}

// give makes o the owner of folders and all that is in them, so that the
// supervisor can remove them when we no longer can.
func (o owner) give(folders ...string) error {
	if !o.other {
		return nil
	}
	var errs []error
	for _, folder := range folders {
		errs = append(errs, filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, int(o.uid), int(o.gid)))
		}))
	}
	return errors.Join(errs...)
}

// mayEnter reports whether o can be expected to reach path: every folder on
// the way lets everybody through.
func (o owner) mayEnter(path string) bool {
	if !o.other {
		return true
	}
	for dir := path; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
