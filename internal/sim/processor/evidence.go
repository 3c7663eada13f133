package processor

import "strconv"

// evidenceFields are the parts of an answer to a dispute that the simulator takes.
var evidenceFields = []string{
	"product_description", "service_date", "uncategorized_text", "duplicate_charge_explanation", "cancellation_rebuttal",
}

// evidenceTextMax is how long one of them may be.
const evidenceTextMax = 20_000

// updateDispute takes a merchant's evidence, once it is submitted for good.
func (t *turn) updateDispute(id string, in *form) (shape, *refusal) {
	evidence := map[string]string{}
	for _, field := range evidenceFields {
		name := "evidence[" + field + "]"
		text := in.text(name)
		if len(text) > evidenceTextMax {
			in.fail(badRequest("parameter_invalid", name, "%s is longer than %d characters.", name, evidenceTextMax))
		}
		if text != "" {
			evidence[field] = text
		}
	}
	submit := in.flag("submit")
	if no := in.done(); no != nil {
		return nil, no
	}
	d := t.disputes[id]
	switch {
	case d == nil || d.Account != t.account:
		return nil, missing("dispute", "dispute", id)
	case d.Answered:
		return nil, badRequest("", "dispute", "The evidence of this dispute was submitted already.")
	case !d.Status.isOpen():
		return nil, badRequest("", "dispute", "The dispute is %s already.", strconv.Quote(string(d.Status)))
	case t.now.Unix() > d.DueBy:
		return nil, badRequest("", "dispute", "Evidence for this dispute was due before.")
	}
	d = t.changeDispute(d)
	d.Evidence = evidence
	if submit {
		d.Answered, d.Status = true, disputeHeld
		t.emit("charge.dispute.updated", t.showDispute(d))
	}
	return t.showDispute(d), nil
}
