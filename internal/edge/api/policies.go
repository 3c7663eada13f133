package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Policies carries batches of stated policies out; policy's are one.
type Policies interface {
	CarryOut(ctx context.Context, access audit.Access, batch policy.Batch) (policy.Carried, error)
	Carried(ctx context.Context, id string, digest []byte) (policy.Carried, error)
}

type policiesInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"printing ASCII characters without blanks" doc:"Your own name for this one batch, made and kept before it is sent. The same key and body give the first answer again; the key with another body is refused." example:"enrol-2026-11-23-0001"`
	Body PolicyBatch
}

type policiesOutput struct {
	Status int
	Body   *PolicyAnswer
}

type findPoliciesInput struct {
	Key string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"printing ASCII characters without blanks" doc:"The key under which the batch was sent." example:"enrol-2026-11-23-0001"`
}

type foundPoliciesOutput struct{ Body *PolicyAnswer }

// policies takes a batch: proved whole, then carried out in one transaction.
func (s *service) policies(ctx context.Context, in *policiesInput) (*policiesOutput, error) {
	key := visitOf(ctx).key
	text, err := json.Marshal(&in.Body)
	if err != nil {
		panic(err) // it was just read from JSON
	}
	digest := sha256.Sum256(text)
	batch := policy.Batch{ID: string(keyOf(key.Sandbox, in.Key)), Digest: digest[:]}
	done, err := s.Policies.Carried(ctx, batch.ID, batch.Digest)
	if err == nil {
		return &policiesOutput{http.StatusOK, in.Body.answer(&done)}, nil
	}
	if fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if batch.Rows, err = in.Body.rows(); err != nil {
		return nil, err
	}
	if err := s.mayName(ctx, batch.Rows); err != nil {
		return nil, err
	}
	access, err := audit.By(key.Actor(), "policies sent", "api")
	if err != nil {
		return nil, err
	}
	if done, err = s.Policies.CarryOut(ctx, access, batch); err != nil {
		return nil, err
	}
	out := &policiesOutput{http.StatusCreated, in.Body.answer(&done)}
	if done.Replayed {
		out.Status = http.StatusOK
	}
	return out, nil
}

// findPolicies shows what became of a batch by the key under which it was sent.
func (s *service) findPolicies(ctx context.Context, in *findPoliciesInput) (*foundPoliciesOutput, error) {
	done, err := s.Policies.Carried(ctx, string(keyOf(visitOf(ctx).key.Sandbox, in.Key)), nil)
	if err != nil {
		return nil, err
	}
	return &foundPoliciesOutput{new(PolicyBatch).answer(&done)}, nil
}

// mayName counts the numbers of a batch that name nobody like look-ups: to whoever
// tries numbers it is one.
func (s *service) mayName(ctx context.Context, rows []policy.Row) error {
	seen := map[registry.Reference]bool{}
	var refs []registry.Reference
	for i := range rows {
		stated := rows[i].Stated
		ref := registry.Reference{Number: stated.Number}
		if !stated.Alias.IsZero() {
			ref.Handle, ref.Source = stated.Alias.Handle(), stated.Alias.Source()
		}
		if ref != (registry.Reference{}) && !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	found, err := registry.Resolve(ctx, s.Directory, refs)
	if err != nil {
		return err
	}
	for i, ref := range refs {
		if err := s.looked(ctx, ref, found[i]); err != nil {
			return err
		}
	}
	return nil
}

// looked tells the limits what a look-up by number came to, and gives the problem
// of a caller who tries too many.
func (s *service) looked(ctx context.Context, ref registry.Reference, found registry.Found) error {
	who := limit.Who{Key: string(visitOf(ctx).key.ID), Number: ref.Number}
	if ref.Number.IsZero() {
		who.Handle = ref.Handle
	}
	return s.allowed(s.Limits.Looked(ctx, who, found.Err == nil, billpay.Number(found.Book.No)))
}

// rows proves the batch as the file of policies is proved, by the same reader, and
// gives its rows; a problem names each field that is wrong.
func (b *PolicyBatch) rows() ([]policy.Row, error) {
	var rows []policy.Row
	problems, err := coverage.ReadPolicies(b.sheet(), func(_ int, stated coverage.Stated) error {
		n := len(rows) + 1
		rows = append(rows, policy.Row{Line: n, Record: fmt.Sprintf("row %d", n), Stated: &stated})
		return nil
	})
	if err != nil || len(problems) == 0 {
		return rows, err
	}
	details := make([]error, len(problems))
	for i, p := range problems {
		n, err := strconv.Atoi(strings.TrimPrefix(p.Record, "row "))
		if err != nil {
			return nil, fault.New(fault.Internal, "api.policies", "a sheet of ours does not read: %s", p)
		}
		details[i] = &huma.ErrorDetail{Location: located(n-1, p.Field), Message: p.Message}
	}
	return nil, requestProblem(http.StatusUnprocessableEntity, "nothing of the batch was done: fields are not valid", details...)
}

// sheet writes the batch as the file of policies, a line for each entry: what may
// stand in a policy is known in one place.
func (b *PolicyBatch) sheet() io.Reader {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	columns := coverage.PolicyColumns()
	cells := make([]string, len(columns))
	err := w.Write(columns)
	for i := range b.Policies {
		stated := b.Policies[i].cells()
		for c, column := range columns {
			cells[c] = stated[column]
		}
		err = w.Write(cells)
	}
	w.Flush()
	if err != nil {
		panic(err) // a buffer takes everything
	}
	return &text
}

// cells gives the entry's values by the columns of the file.
func (r *PolicyRow) cells() map[string]string {
	t := &r.Terms
	cells := map[string]string{
		"number": shielded(r.Number), "alias": shielded(r.Alias), "alias_source": shielded(r.AliasSource), "opaque_id": r.Account,
		"subscriber_id": shielded(r.SubscriberID), "source": shielded(r.Source), "source_id": shielded(r.SourceID),
		"line": string(r.Line), "state": r.State, "product": shielded(r.Product), "group": shielded(r.Group), "entry": string(r.Entry),
		"from": dated(r.From), "to": dated(r.To), "end_reason": shielded(r.EndReason), "received_on": dated(r.ReceivedOn),
		"terms_from": dated(t.From), "known_on": dated(t.KnownOn), "terms_product": shielded(t.Product), "area": shielded(t.Area),
		"rate": dollars(t.RateCents), "stated": yes(t.Stated), "ehb": dollars(t.EHBCents), "aptc": dollars(t.APTCCents),
		"employer": dollars(t.EmployerCents), "subsidy": dollars(t.SubsidyCents), "lis": yes(t.LIS), "members": insured(t.Members),
	}
	if t.LEPMonths > 0 {
		cells["lep_months"] = strconv.Itoa(t.LEPMonths)
	}
	if h := r.Withhold; h != nil {
		cells["withhold_from"], cells["withhold_to"] = h.From.String(), h.To.String()
		cells["withhold_agency"], cells["withhold_status"] = h.Agency, string(h.Status)
		cells["withhold_requested_on"], cells["withhold_decided_on"] = dated(h.RequestedOn), dated(h.DecidedOn)
	}
	if c := r.Continuation; c != nil {
		cells["event_on"], cells["loss_on"] = dated(c.EventOn), dated(c.LossOn)
		cells["notice_on"], cells["elected_on"] = dated(c.NoticeOn), dated(c.ElectedOn)
		cells["months_most"], cells["disabled_from"] = strconv.Itoa(c.MonthsMost), c.DisabledFrom.String()
	}
	return cells
}

// shielded keeps a text as it is through a reader of spreadsheets' files.
func shielded(text string) string {
	if text != "" && strings.ContainsRune("=+-@'", rune(text[0])) {
		return "'" + text
	}
	return text
}

func dated(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func dollars(c money.Cents) string {
	if c == 0 {
		return ""
	}
	return c.String()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

func insured(members []PolicyInsured) string {
	persons := make([]string, len(members))
	for i, m := range members {
		persons[i] = m.Relationship + " " + dated(m.Born)
		if m.Tobacco {
			persons[i] += " tobacco"
		}
	}
	return strings.Join(persons, ";")
}

// places are the fields of an entry that are not called like the file's columns.
var places = map[string]string{
	"opaque_id": "account", "terms_from": "terms.from", "known_on": "terms.known_on", "terms_product": "terms.product",
	"area": "terms.area", "rate": "terms.rate_cents", "stated": "terms.stated", "ehb": "terms.ehb_cents",
	"aptc": "terms.aptc_cents", "employer": "terms.employer_cents", "subsidy": "terms.subsidy_cents",
	"lep_months": "terms.lep_months", "lis": "terms.lis", "members": "terms.members",
	"withhold_from": "withhold.from", "withhold_to": "withhold.to", "withhold_agency": "withhold.agency",
	"withhold_status": "withhold.status", "withhold_requested_on": "withhold.requested_on",
	"withhold_decided_on": "withhold.decided_on", "event_on": "continuation.event_on", "loss_on": "continuation.loss_on",
	"notice_on": "continuation.notice_on", "elected_on": "continuation.elected_on", "months_most": "continuation.months_most",
	"disabled_from": "continuation.disabled_from", "subscriber": "",
}

// located says where a column's value stands in the request.
func located(entry int, column string) string {
	at := fmt.Sprintf("body.policies[%d]", entry)
	if place, other := places[column]; other {
		column = place
	}
	if column == "" {
		return at
	}
	return at + "." + column
}

// answer tells what became of a batch.
func (b *PolicyBatch) answer(done *policy.Carried) *PolicyAnswer {
	r := &done.Report
	a := &PolicyAnswer{
		CarriedOutAt: done.At, New: r.New, Changed: r.Changed, Ended: r.Ended, Cancelled: r.Cancelled, Reinstated: r.Reinstated,
		Unchanged: r.Unchanged, Refused: r.Refused, Results: make([]PolicyResult, len(done.Rows)),
	}
	for i, row := range done.Rows {
		a.Results[i] = PolicyResult{Outcome: row.Outcome, Account: string(row.Member)}
	}
	for _, line := range r.Lines {
		at := &a.Results[line.Line-1]
		at.Notes = append(at.Notes, PolicyNote{located(line.Line-1, line.Field), line.Note})
	}
	return a
}
