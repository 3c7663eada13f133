package plan

import (
	"strconv"

	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// Sender gives what the plan knows of who sends enrolment files, by the id under
// which the sender stands in them (ISA06 of an 834).
func (p *Plan) Sender(id string) (coverage.Sender, bool) {
	sender, ok := p.senders[id]
	return sender, ok
}

// readSenders reads who sends enrolment files, and into what they enrol.
func (p *Plan) readSenders(v yamldoc.Value) {
	p.senders = map[string]coverage.Sender{}
	var lines []string
	for _, line := range coverage.Lines() {
		if !line.OnExchange() {
			lines = append(lines, string(line))
		}
	}
	for _, entry := range v.List() {
		f := entry.Fields("id", "exchange", "line", "state", "continuation")
		id := f.Need("id").Text()
		if _, twice := p.senders[id]; twice {
			entry.Refuse("the sender %q is listed twice", id)
		}
		sender := coverage.Sender{Name: id, Exchange: f.May("exchange").Bool(), State: f.Need("state").Text()}
		if len(sender.State) != 2 {
			f.Need("state").Refuse("the state of issue is a USPS code of two letters")
		}
		if line := f.May("line"); sender.Exchange && line.Present() {
			line.Refuse("an exchange's policies are of the line that their tax credit says; leave line out")
		}
		if !sender.Exchange {
			sender.Line = coverage.Line(f.Need("line").OneOf(lines...))
		}
		sender.ContinuationMonths = readContinuation(f.May("continuation"))
		p.senders[id] = sender
	}
}

// readContinuation reads how many months continuation lasts by the code of its
// qualifying event.
func readContinuation(v yamldoc.Value) map[string]int {
	months := map[string]int{}
	for _, entry := range v.List() {
		f := entry.Fields("event", "months")
		event := f.Need("event").Text()
		if _, twice := months[event]; twice {
			entry.Refuse("the qualifying event %s is listed twice", strconv.Quote(event))
		}
		months[event] = f.Need("months").Int(1, 36)
	}
	return months
}
