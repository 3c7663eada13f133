package coverage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/people/billpay"
)

func day(s string) calendar.Date { return calendar.MustParse(s) }

func category(name, value, from string) coverage.Category {
	return coverage.Category{Name: name, Value: value, From: day(from)}
}

var exchange = coverage.Sender{Name: "exchange-co", Exchange: true, State: "CO"}

// fromExchange is a policy as an exchange sends it: the file of
// testdata/zoo/x12/834_exchange_with_premium_amounts.txt.
func fromExchange() coverage.Sent {
	return coverage.Sent{
		ReceivedOn: day("2026-11-20"), Maintenance: "021", Reason: "EC", BenefitStatus: "A", SubscriberID: "S1", PolicyID: "P1",
		Product: "12345IA0010001-01", Begins: day("2027-01-01"),
		Categories: []coverage.Category{
			category("PRE AMT 1", "512.40", "2027-01-01"), category("PRE AMT TOT", "812.4", "2027-01-01"), category("APTC AMT", "600", "2027-01-01"),
			category("TOT RES AMT", "212.40", "2027-01-01"), category("RATING AREA", "R-IA001", "2027-01-01"), category("CSR AMT", "40.00", "2027-01-01"),
		},
		Members: []coverage.SentMember{
			{Relationship: "18", Born: day("1980-05-04"), Categories: []coverage.Category{category("PRE AMT 1", "512.40", "")}},
			{Relationship: "01", Born: day("1979-05-30"), Tobacco: true, Categories: []coverage.Category{category("PRE AMT 1", "300.00", "")}},
		},
	}
}

func TestFromEnrolment_WhatTheExchangeStatesIsBilled(t *testing.T) {
	got, err := coverage.FromEnrolment(fromExchange(), exchange)
	if err != nil || got.Does != coverage.DoesBegin || len(got.Exceptions) > 0 || len(got.Terms) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	p, terms := got.Policy, got.Terms[0]
	if p.Line != coverage.ExchangeAPTC || p.Entry != coverage.NewEnrolment || p.Source != "exchange-co" || p.SourceID != "P1" || p.State != "CO" ||
		p.From != day("2027-01-01") || !p.To.IsZero() || p.Product != "12345IA0010001-01" {
		t.Errorf("policy: got %+v", p)
	}
	if !terms.Stated || terms.Rate != 81240 || terms.APTC != 60000 || terms.Area != "R-IA001" || terms.KnownOn != day("2026-11-20") ||
		len(terms.Members) != 2 || terms.Members[1].Relationship != "spouse" || !terms.Members[1].Tobacco {
		t.Errorf("terms: got %+v", terms)
	}
}

// A file may state what holds now and what will from a later day on.
func TestFromEnrolment_TermsOfEachStatedDay(t *testing.T) {
	s := fromExchange()
	s.Maintenance = "001"
	s.Categories = append(s.Categories, category("APTC AMT", "500.00", "2027-03-01"), category("TOT RES AMT", "312.40", "2027-03-01"),
		category("PRE AMT TOT", "900.00", "2027-05-16"), category("TOT RES AMT", "400.00", "2027-05-16"))
	got, err := coverage.FromEnrolment(s, exchange)
	if err != nil || got.Does != coverage.DoesChange || len(got.Exceptions) > 0 {
		t.Fatalf("got %+v, %v", got, err)
	}
	var text []string
	for _, terms := range got.Terms {
		text = append(text, fmt.Sprintf("%s %s %s", terms.From, terms.Rate, terms.APTC))
	}
	if want := "2027-01-01 812.40 600.00, 2027-03-01 812.40 500.00, 2027-05-16 900.00 500.00"; strings.Join(text, ", ") != want {
		t.Errorf("got %v, want %s", text, want)
	}
}

func TestFromEnrolment_WhatDoesNotFitTogetherIsTold(t *testing.T) {
	for says, edit := range map[string]func(*coverage.Sent){
		"responsible for is stated as 212.41": func(s *coverage.Sent) { s.Categories[3].Value = "212.41" },
		"states no total premium":             func(s *coverage.Sent) { s.Categories[1].Name = "OTHER" },
		"tax credit of 900.00 is above":       func(s *coverage.Sent) { s.Categories[2].Value, s.Categories[3].Value = "900", "0" },
		"persons sum to 812.41":               func(s *coverage.Sent) { s.Members[1].Categories[0].Value = "300.01" },
	} {
		s := fromExchange()
		edit(&s)
		got, err := coverage.FromEnrolment(s, exchange)
		if err != nil || len(got.Exceptions) != 1 || !strings.Contains(got.Exceptions[0], says) {
			t.Errorf("got %q, %v, want %q", got.Exceptions, err, says)
		}
	}
}

func TestFromEnrolment_WhatItDoes(t *testing.T) {
	for _, tc := range []struct {
		name         string
		edit         func(*coverage.Sent)
		does         coverage.Does
		entry        coverage.Entry
		to, why      string
		withoutTerms bool
	}{
		{"end of non-payment", func(s *coverage.Sent) { s.Maintenance, s.Reason, s.Ends = "024", "59", day("2027-04-30") }, coverage.DoesEnd, coverage.NewEnrolment, "2027-04-30", "non_payment", true},
		{"no reason given", func(s *coverage.Sent) { s.Maintenance, s.Reason, s.Ends = "024", "AI", day("2027-04-30") }, coverage.DoesEnd, coverage.NewEnrolment, "2027-04-30", "not_given", true},
		{"death", func(s *coverage.Sent) { s.Maintenance, s.Reason, s.Ends = "024", "03", day("2027-04-17") }, coverage.DoesEnd, coverage.NewEnrolment, "2027-04-17", "death", true},
		{"another code", func(s *coverage.Sent) { s.Maintenance, s.Reason, s.Ends = "024", "XT", day("2027-04-17") }, coverage.DoesEnd, coverage.NewEnrolment, "2027-04-17", "XT", true},
		{"cancelled by its dates", func(s *coverage.Sent) { s.Maintenance, s.Reason, s.Ends = "024", "14", s.Begins }, coverage.DoesCancel, coverage.NewEnrolment, "2026-12-31", "voluntary", true},
		{"cancelled in words", func(s *coverage.Sent) {
			s.Maintenance, s.Ends = "024", day("2027-04-30")
			s.Categories = append(s.Categories, category("ADDL MAINT REASON", "CANCEL", ""))
		}, coverage.DoesCancel, coverage.NewEnrolment, "2026-12-31", "EC", true},
		{"reinstated", func(s *coverage.Sent) { s.Maintenance = "025" }, coverage.DoesReinstate, coverage.NewEnrolment, "", "", false},
		{"audit", func(s *coverage.Sent) { s.Maintenance = "030" }, coverage.DoesCompare, coverage.NewEnrolment, "", "", false},
		{"renewed", func(s *coverage.Sent) { s.Reason = "41" }, coverage.DoesBegin, coverage.PassiveRenewal, "", "", false},
		{"retroactive", func(s *coverage.Sent) { s.ReceivedOn = day("2027-01-02") }, coverage.DoesBegin, coverage.Retroactive, "", "", false},
		{"special", func(s *coverage.Sent) { s.Categories = append(s.Categories, category("SEP REASON", "02", "")) }, coverage.DoesBegin, coverage.SpecialEntry, "", "", false},
	} {
		s := fromExchange()
		tc.edit(&s)
		got, err := coverage.FromEnrolment(s, exchange)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		p := got.Policy
		if got.Does != tc.does || p.Entry != tc.entry || p.To.String() != tc.to || p.EndReason != tc.why || (len(got.Terms) == 0) != tc.withoutTerms {
			t.Errorf("%s: got %s, %s, to %q, %q, %d terms", tc.name, got.Does, p.Entry, p.To, p.EndReason, len(got.Terms))
		}
		if got.Does == coverage.DoesCancel && p.Covers(calendar.MonthOf(p.From)) {
			t.Errorf("%s: a cancelled policy covers its first month", tc.name)
		}
	}
}

func TestFromEnrolment_EmployerAndContinuation(t *testing.T) {
	acme := coverage.Sender{Name: "acme", Line: coverage.Group, State: "CO", Group: billpay.Number(314159265352), ContinuationMonths: map[string]int{"1": 18}}
	s := fromExchange()
	s.Categories, s.PolicyID, s.Begins = nil, "G-77", day("2027-02-01")
	got, err := coverage.FromEnrolment(s, acme)
	if err != nil || got.Policy.Line != coverage.Group || got.Policy.Group != acme.Group || got.Policy.SourceID != "G-77/S1" || got.Terms[0].Stated || got.Terms[0].From != s.Begins {
		t.Errorf("got %+v, %v", got, err)
	}
	s.BenefitStatus, s.Event, s.EventOn = "C", "1", day("2027-01-15")
	got, err = coverage.FromEnrolment(s, acme)
	if c := got.Policy.Continuation; err != nil || got.Policy.Line != coverage.COBRA || !got.Policy.Group.IsZero() || c.MonthsMost != 18 ||
		c.LossOn != day("2027-01-31") || c.EventOn != s.EventOn || len(got.Exceptions) > 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	s.Event = "ZZ"
	if got, err = coverage.FromEnrolment(s, acme); err != nil || len(got.Exceptions) != 1 {
		t.Errorf("an event that says nothing: got %v, %v", got.Exceptions, err)
	}
}

func TestFromEnrolment_RefusesWhatCannotBeUnderstood(t *testing.T) {
	for says, edit := range map[string]func(*coverage.Sent){
		`maintenance type "032"`:        func(s *coverage.Sent) { s.Maintenance = "032" },
		"names no day (DTP*349)":        func(s *coverage.Sent) { s.Maintenance = "024" },
		"names no first day":            func(s *coverage.Sent) { s.Begins = calendar.Date{} },
		"which policy is meant":         func(s *coverage.Sent) { s.PolicyID, s.SubscriberID = "", "" },
		"PRE AMT TOT from 2027-01-01":   func(s *coverage.Sent) { s.Categories[1].Value = "812.405" },
		"APTC AMT from 2027-01-01":      func(s *coverage.Sent) { s.Categories[2].Value = "-1" },
		"PRE AMT 1 of a person is no a": func(s *coverage.Sent) { s.Members[0].Categories[0].Value = "x" },
	} {
		s := fromExchange()
		edit(&s)
		_, err := coverage.FromEnrolment(s, exchange)
		if err == nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}
