package plan

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/grace"
)

func TestLoad_ReadsPartnersClaimsAndSchedule(t *testing.T) {
	files := cedarValley(t)
	text := string(files[FileName].Data)
	text = strings.Replace(text, "  proration: FULL_MONTH", "  proration: FULL_MONTH\n  run_at: \"00:30\"\n  run_of: yesterday\n  send: true\n  aging_out: end\n  aging_out_months: 2", 1)
	text = strings.Replace(text, "    not_told: [non_payment]", "    words: [{ fact: non_payment, word: GRACE }]\n    first_control: 5001\n    answer_within: 3", 1)
	files[FileName].Data = []byte(text)
	p, problems := LoadFS(files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if b := p.Billing; b.Schedule == nil || *b.Schedule != (Schedule{Minute: 30, DayBefore: true, Send: true}) || !b.AgingEnds || b.AgingMonths != 2 {
		t.Errorf("got %+v", b)
	}
	if len(p.Partners) != 1 || p.Claims == nil || p.Claims.Folder != "outbound/claims" {
		t.Fatalf("got %+v, %+v", p.Partners, p.Claims)
	}
	to := p.Partners[0]
	if !to.Exchange || to.Envelope.GroupReceiver != "COEXCHANGE" || to.Envelope.SenderQualifier != "ZZ" || !to.Envelope.Test || to.Insurance != "HLT" ||
		to.AnswerWithin != 3 || to.FirstControl != 5001 || to.Words[grace.NonPayment] != "GRACE" || to.Sponsor.Qualifier != "FI" || len(to.NotTold) != 0 {
		t.Errorf("got %+v", to)
	}
}

func TestLoad_RefusesPartnersAndSchedules(t *testing.T) {
	for situation, c := range map[string]struct{ old, new, want string }{
		"a folder outside":         {"folder: outbound/coexchange", "folder: ../coexchange", "must be a path below the folder for files"},
		"an absolute folder":       {"folder: outbound/claims", "folder: /srv/claims", "must be a path below the folder for files"},
		"a receiver of two words":  {"receiver: COEXCHANGE", "receiver: CO EXCHANGE", "must be letters, digits, - and _"},
		"a receiver too long":      {"receiver: COEXCHANGE", "receiver: COLORADOEXCHANGE", "more than 15 characters"},
		"a qualifier of one":       {"test: true }", "test: true, sender_qualifier: Z }", "has two characters"},
		"a fact that is none":      {"not_told: [non_payment]", "not_told: [nonpayment]", "is not known"},
		"a partner twice":          {"claims: {", "  - { source: COEXCHANGE, envelope: { sender: A, receiver: B }, sponsor: { name: X, id: Y }, payer: { name: X, id: Y }, folder: x }\nclaims: {", "is listed twice"},
		"a time that is none":      {"  proration: FULL_MONTH", "  proration: FULL_MONTH\n  run_at: \"25:00\"", "write a time of day"},
		"a schedule without time":  {"  proration: FULL_MONTH", "  proration: FULL_MONTH\n  send: true", "run_at does not say when"},
		"aging out in other words": {"  proration: FULL_MONTH", "  proration: FULL_MONTH\n  aging_out: sometimes", "is not known"},
	} {
		files := cedarValley(t)
		text := string(files[FileName].Data)
		if !strings.Contains(text, c.old) {
			t.Fatalf("%s: the plan has no %q", situation, c.old)
		}
		files[FileName].Data = []byte(strings.Replace(text, c.old, c.new, 1))
		_, problems := LoadFS(files)
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.String(), c.want)
		}
		if !found {
			t.Errorf("%s: got %v, want %q", situation, problems, c.want)
		}
	}
}
