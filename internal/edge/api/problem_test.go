package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

func TestProblemOf_EveryKindHasOne(t *testing.T) {
	for _, kind := range fault.Kinds() {
		of, known := ofFault[kind]
		if !known || of.name == "" || of.title == "" || of.advice == "" || http.StatusText(of.status) == "" {
			t.Errorf("%v is no whole problem: %+v", kind, of)
			continue
		}
		p := problemOf(fmt.Errorf("doing something: %w", fault.New(kind, "store.Read", "the address 10.0.0.1 does not answer")))
		if p.Status != of.status || p.Type != problemsPath+"#"+of.name {
			t.Errorf("%v: got %+v", kind, p)
		}
		if of.hidden == strings.Contains(p.Detail+p.Hint, "10.0.0.1") {
			t.Errorf("%v: hidden is %v and the caller is told %q", kind, of.hidden, p.Detail)
		}
	}
}

func TestProblemOf_WhatIsNoneOfOurKindsIsOurMistake(t *testing.T) {
	if p := problemOf(errors.New("secret")); p.Status != http.StatusInternalServerError || p.Detail != "" {
		t.Errorf("got %+v", p)
	}
	if p := problemOf(fmt.Errorf("reading: %w", context.Canceled)); p.Status != http.StatusServiceUnavailable || p.Detail != "" {
		t.Errorf("a caller who left: got %+v", p)
	}
}

func TestMasked_LeavesOurNamesAndHidesTheCallers(t *testing.T) {
	for location, want := range map[string]string{
		"body.parts[0].amount_cents": "body.parts[0].amount_cents", "header.Idempotency-Key": "header.Idempotency-Key",
		"body.314159265352": "body.?", "body.3141 5926": "body.?", "body.Ana Rivera.x": "body.?.x", "body." + strings.Repeat("a", 41): "body.?",
		"body.parts[12].items[49]": "body.parts[12].items[49]",
	} {
		if got := masked(location); got != want {
			t.Errorf("%s: got %s, want %s", location, got, want)
		}
	}
}
