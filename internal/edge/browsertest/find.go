package browsertest

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/billfold/billfold/internal/base/fault"
)

// ChromiumEnv names the environment variable with the path of the browser to
// use, before any other place is looked at.
const ChromiumEnv = "BILLFOLD_CHROMIUM"

// Where npm keeps what tests need, in the nearest node_modules above.
const (
	npmChromium = "node_modules/.cache/chromium/chromium" // put there by scripts/unpack-chromium.mjs
	npmAxe      = "node_modules/axe-core/axe.min.js"
)

const howToGet = "run `make needs`, which fetches what the machine lacks from npm"

// Chromium is a browser on this machine.
type Chromium struct {
	Path string
	Env  []string // what it needs beside the environment of this process
}

// Find gives the browser that BILLFOLD_CHROMIUM names, else the machine's own,
// else the one unpacked from npm. Without any it fails with fault.Unavailable
// and a hint how to get one.
func Find() (Chromium, error) {
	if named := os.Getenv(ChromiumEnv); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return Chromium{}, fault.New(fault.Unavailable, "browsertest.Find", "%s=%s is not a program", ChromiumEnv, named)
		}
		return at(path), nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return at(path), nil
		}
	}
	if path, ok := upward(npmChromium); ok {
		return at(path), nil
	}
	return Chromium{}, fault.New(fault.Unavailable, "browsertest.Find", "no Chromium on this machine").
		WithHint("install chromium, or name one in " + ChromiumEnv + ", or " + howToGet)
}

// at adds what the npm browser needs on a bare machine: it brings the libraries
// and a font that a desktop would have.
func at(path string) Chromium {
	dir := filepath.Dir(path)
	if _, err := os.Stat(filepath.Join(dir, "fonts.conf")); err != nil {
		return Chromium{Path: path}
	}
	return Chromium{Path: path, Env: []string{
		"LD_LIBRARY_PATH=" + filepath.Join(dir, "lib"),
		"FONTCONFIG_FILE=" + filepath.Join(dir, "fonts.conf"),
	}}
}

// FindAxe gives the path of axe-core's script, or fault.Unavailable.
func FindAxe() (string, error) {
	path, ok := upward(npmAxe)
	if !ok {
		return "", fault.New(fault.Unavailable, "browsertest.FindAxe", "no %s in this folder or above", npmAxe).WithHint(howToGet)
	}
	return path, nil
}

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
