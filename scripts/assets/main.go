// Command assets makes what the pages load: one style sheet of the design
// system's rules that a page uses and our own, two fonts, and one script. It is
// part of `make build`, `make test` and `make run`.
//
// The design system comes from npm as one archive, whose version and integrity
// are in lock.json; what it depends on (a framework for browsers) is not needed
// and not fetched. The archive is kept in node_modules/.cache and its integrity
// is checked at every run. Nothing else is fetched.
//
// Start reading at build.
package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/billfold/billfold/internal/edge/web/built"
)

//go:embed lock.json
var lock []byte

// webDir is where the pages live, from the root of the repository.
const webDir = "internal/edge/web"

// pageDirs are all folders with templates and code of pages.
var pageDirs = []string{webDir, "internal/edge/auth", "internal/edge/console"}

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "the pages' assets could not be made:", err)
		os.Exit(1)
	}
}

func build() error {
	if _, err := os.Stat("go.mod"); err != nil {
		return fmt.Errorf("run it from the root of the repository: %w", err)
	}
	var locked lockedPackage
	if err := json.Unmarshal(lock, &locked); err != nil {
		return fmt.Errorf("scripts/assets/lock.json: %w", err)
	}
	system, err := locked.open()
	if err != nil {
		return err
	}
	words, err := wordsUsed()
	if err != nil {
		return err
	}
	result := api.Build(options(system, words))
	for _, message := range slices.Concat(result.Errors, result.Warnings) {
		return fmt.Errorf("%s", strings.TrimSpace(strings.Join(api.FormatMessages([]api.Message{message}, api.FormatMessagesOptions{}), "")))
	}
	return write(result.OutputFiles, locked)
}

// entries are the sources that pages load, each with all that it imports.
var entries = []string{webDir + "/assets/src/site.css", webDir + "/assets/src/site.js", webDir + "/assets/src/office.js"}

// options are those of the bundler. Browsers of the last five years are served;
// older ones get pages that work without script and with a plainer look.
func options(system files, words map[string]bool) api.BuildOptions {
	return api.BuildOptions{
		EntryPoints: entries, Bundle: true, Outdir: "out", Format: api.FormatESModule, LogLevel: api.LogLevelSilent,
		MinifyWhitespace: true, MinifySyntax: true, MinifyIdentifiers: true, LegalComments: api.LegalCommentsNone,
		EntryNames: "[name]-[hash]", AssetNames: "[name]-[hash]", PublicPath: "/assets",
		Loader: map[string]api.Loader{".woff2": api.LoaderFile},
		Engines: []api.Engine{
			{Name: api.EngineChrome, Version: "96"}, {Name: api.EngineFirefox, Version: "94"}, {Name: api.EngineSafari, Version: "15.4"},
		},
		Plugins: []api.Plugin{designSystem(system, words)},
	}
}

// designSystem hands the bundler the files of the archive under "cms:", style
// sheets cut down to what is used.
func designSystem(system files, words map[string]bool) api.Plugin {
	const space = "design-system"
	return api.Plugin{Name: space, Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `^cms:`}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: "dist/" + strings.TrimPrefix(args.Path, "cms:"), Namespace: space}, nil
		})
		b.OnResolve(api.OnResolveOptions{Filter: `.*`, Namespace: space}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: path.Join(path.Dir(args.Importer), args.Path), Namespace: space}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: space}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			content, ok := system[args.Path]
			if !ok {
				return api.OnLoadResult{}, fmt.Errorf("the design system has no %s", args.Path)
			}
			text, loader := string(content), api.LoaderFile
			if path.Ext(args.Path) == ".css" {
				text, loader = purge(text, words), api.LoaderCSS
			}
			return api.OnLoadResult{Contents: &text, Loader: loader}, nil
		})
	}}
}

var word = regexp.MustCompile(`[A-Za-z][\w-]*`)

// wordsUsed gathers every word of the pages' templates, code and sources. A rule
// whose classes are all among them may be used; any other cannot be.
func wordsUsed() (map[string]bool, error) {
	words := map[string]bool{}
	for _, dir := range pageDirs {
		if err := addWords(words, dir); err != nil {
			return nil, err
		}
	}
	return words, nil
}

func addWords(words map[string]bool, dir string) error {
	return filepath.WalkDir(dir, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(file, "_test.go") || strings.Contains(filepath.ToSlash(file), "/built/") {
			return err
		}
		text, err := os.ReadFile(file)
		for _, found := range word.FindAll(text, -1) {
			words[string(found)] = true
		}
		return err
	})
}

// hashed is the end that the bundler gives a name.
var hashed = regexp.MustCompile(`-[A-Z0-9]{8}(\.\w+)$`)

// write puts the files where the program embeds them, and takes away what an
// earlier run left there.
func write(outputs []api.OutputFile, locked lockedPackage) error {
	m := built.Manifest{Files: map[string]built.Entry{}, Made: []string{locked.Name + " " + locked.Version}}
	keep := []string{"README.txt", built.ManifestFile}
	total := 0
	for _, out := range outputs {
		file := filepath.Base(out.Path)
		sum := sha256.Sum256(out.Contents)
		m.Files[hashed.ReplaceAllString(file, "$1")] = built.Entry{File: file, SHA256: hex.EncodeToString(sum[:])}
		keep, total = append(keep, file), total+len(out.Contents)
		if err := replace(file, out.Contents); err != nil {
			return err
		}
	}
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(built.ManifestFile, manifest); err != nil {
		return err
	}
	old, err := os.ReadDir(built.Dir)
	if err != nil {
		return err
	}
	for _, entry := range old {
		if !slices.Contains(keep, entry.Name()) {
			if err := os.Remove(filepath.Join(built.Dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%d files for the pages, %d kB before compression, in %s\n", len(outputs), total/1000, built.Dir)
	return nil
}

// replace writes a file unless it is as it should be, so that an unchanged one
// does not make the program compile anew.
func replace(name string, content []byte) error {
	to := filepath.Join(built.Dir, name)
	if have, err := os.ReadFile(to); err == nil && string(have) == string(content) {
		return nil
	}
	return os.WriteFile(to, content, 0o644)
}
