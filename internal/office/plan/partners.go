package plan

import (
	"io/fs"
	"path"
	"slices"

	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/outbound"
)

// What holds for a partner when the file does not say.
const (
	answerWithinDefault = 2 // business days
	insuranceDefault    = "HLT"
)

// outboundFacts are the facts that a partner can be told of.
var outboundFacts = []string{
	string(grace.Effectuation), string(grace.Cancellation), string(grace.Termination), string(grace.Reinstatement), string(grace.NonPayment),
}

// readPartners reads who is told enrolment facts. Senders are read before.
func (p *Plan) readPartners(v yamldoc.Value) {
	for _, entry := range v.List() {
		f := entry.Fields("source", "exchange", "envelope", "sponsor", "payer", "folder", "answer_within", "first_control", "insurance",
			"words", "not_told")
		to := outbound.Partner{Source: f.Need("source").Text(), Insurance: insuranceDefault, AnswerWithin: answerWithinDefault, FirstControl: 1}
		if slices.ContainsFunc(p.Partners, func(o outbound.Partner) bool { return o.Source == to.Source }) {
			entry.Refuse("the partner %q is listed twice", to.Source)
		}
		to.Exchange = p.senders[to.Source].Exchange
		if said := f.May("exchange"); said.Present() {
			to.Exchange = said.Bool()
		}
		to.Envelope = readEnvelope(f.Need("envelope"))
		to.Sponsor, to.Payer = readParty(f.Need("sponsor")), readParty(f.Need("payer"))
		to.Folder = readFolder(f.Need("folder"))
		if days := f.May("answer_within"); days.Present() {
			to.AnswerWithin = days.Int(1, 60)
		}
		if first := f.May("first_control"); first.Present() {
			to.FirstControl = int64(first.Int(1, 999_999_999))
		}
		if line := f.May("insurance"); line.Present() {
			to.Insurance = line.Text()
		}
		to.Words = map[grace.Outbound]string{}
		for _, word := range f.May("words").List() {
			w := word.Fields("fact", "word")
			to.Words[grace.Outbound(w.Need("fact").OneOf(outboundFacts...))] = w.Need("word").Text()
		}
		for _, fact := range f.May("not_told").List() {
			to.NotTold = append(to.NotTold, grace.Outbound(fact.OneOf(outboundFacts...)))
		}
		p.Partners = append(p.Partners, to)
	}
}

func readEnvelope(v yamldoc.Value) outbound.Envelope {
	f := v.Fields("sender", "sender_qualifier", "receiver", "receiver_qualifier", "group_sender", "group_receiver", "test")
	e := outbound.Envelope{
		SenderQualifier: "ZZ", Sender: readID(f.Need("sender")), ReceiverQualifier: "ZZ", Receiver: readID(f.Need("receiver")),
		Test: f.May("test").Bool(),
	}
	e.GroupSender, e.GroupReceiver = e.Sender, e.Receiver
	for key, into := range map[string]*string{
		"sender_qualifier": &e.SenderQualifier, "receiver_qualifier": &e.ReceiverQualifier,
		"group_sender": &e.GroupSender, "group_receiver": &e.GroupReceiver,
	} {
		if said := f.May(key); said.Present() {
			*into = readID(said)
		}
	}
	if len(e.SenderQualifier) != 2 || len(e.ReceiverQualifier) != 2 {
		v.Refuse("a qualifier (ISA05, ISA07) has two characters")
	}
	return e
}

// readID reads an id of an envelope, of which X12 takes 15 characters. It becomes
// part of a file's name too.
func readID(v yamldoc.Value) string {
	id := v.Text()
	for _, c := range id {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			v.Refuse("%q must be letters, digits, - and _", id)
			return ""
		}
	}
	if len(id) > 15 {
		v.Refuse("%q has more than 15 characters", id)
	}
	return id
}

func readParty(v yamldoc.Value) outbound.Party {
	f := v.Fields("name", "qualifier", "id")
	party := outbound.Party{Name: f.Need("name").Text(), Qualifier: "FI", ID: f.Need("id").Text()}
	if said := f.May("qualifier"); said.Present() {
		party.Qualifier = said.Text()
	}
	return party
}

// readFolder reads a folder below the folder for files.
func readFolder(v yamldoc.Value) string {
	folder := v.Text()
	if folder != "" && (!fs.ValidPath(folder) || folder == "." || path.Clean(folder) != folder) {
		v.Refuse("%q must be a path below the folder for files", folder)
		return ""
	}
	return folder
}

// readClaims reads where signals for claims go.
func (p *Plan) readClaims(v yamldoc.Value) {
	if v.Present() {
		p.Claims = &outbound.ClaimsSystem{Folder: readFolder(v.Fields("folder").Need("folder"))}
	}
}
