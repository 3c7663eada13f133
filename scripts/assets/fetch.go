package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// lockedPackage is one npm package of which nothing but its own archive is used.
type lockedPackage struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Integrity string `json:"integrity"` // as npm writes it: sha512-...
}

// files are the parts of an archive that are used, by path.
type files map[string][]byte

// cacheDir keeps the archive between runs.
const cacheDir = "node_modules/.cache/billfold"

// open gives the package's style sheets and fonts. It fetches the archive when
// it is not there, and refuses one whose bytes are not those that were locked.
func (p lockedPackage) open() (files, error) {
	kept := filepath.Join(cacheDir, strings.NewReplacer("@", "", "/", "-").Replace(p.Name)+"-"+p.Version+".tgz")
	archive, err := os.ReadFile(kept)
	if err != nil {
		if archive, err = p.fetch(kept); err != nil {
			return nil, err
		}
	}
	sum := sha512.Sum512(archive)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != p.Integrity {
		return nil, fmt.Errorf("the archive of %s %s is not the one that scripts/assets/lock.json names: %s; remove %s and try again",
			p.Name, p.Version, got, kept)
	}
	return unpack(archive)
}

// fetch has npm fetch the archive, from whatever registry this machine uses.
func (p lockedPackage) fetch(kept string) ([]byte, error) {
	if err := os.MkdirAll(cacheDir, 0o755); err != nil {
		return nil, err
	}
	fmt.Printf("npm pack %s@%s\n", p.Name, p.Version)
	npm := exec.Command("npm", "pack", p.Name+"@"+p.Version, "--ignore-scripts", "--silent", "--pack-destination", cacheDir)
	var said bytes.Buffer
	npm.Stdout, npm.Stderr = &said, os.Stderr
	if err := npm.Run(); err != nil {
		return nil, fmt.Errorf("npm pack: %w; Node and npm are needed once, to fetch the design system", err)
	}
	got := filepath.Join(cacheDir, filepath.Base(strings.TrimSpace(said.String())))
	if err := os.Rename(got, kept); err != nil {
		return nil, err
	}
	return os.ReadFile(kept)
}

func unpack(archive []byte) (files, error) {
	packed, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	all := files{}
	for entries := tar.NewReader(packed); ; {
		entry, err := entries.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(entry.Name, "package/")
		if !strings.HasPrefix(name, "dist/css/") && !strings.HasPrefix(name, "dist/fonts/") && !strings.HasPrefix(name, "dist/images/") {
			continue
		}
		if all[name], err = io.ReadAll(entries); err != nil {
			return nil, err
		}
	}
}
