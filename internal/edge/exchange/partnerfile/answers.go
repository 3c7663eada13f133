package partnerfile

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/outbound"
)

// IsAnswer reports whether the head of an X12 file is that of a partner's answer:
// the first group in it is one of 999s, or it ends without a group after TA1s. An
// 834 that carries a TA1 besides is an 834.
func IsAnswer(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n\ufeff")
	const isa = 106 // characters of an ISA, its terminator among them
	if len(head) < isa || !bytes.HasPrefix(head, []byte("ISA")) {
		return false
	}
	separator, terminator := string(head[3]), head[isa-1:isa]
	isTA1 := false
	for segment := range bytes.SplitSeq(head[isa:], terminator) {
		id, rest, _ := strings.Cut(strings.TrimSpace(string(segment)), separator)
		switch id {
		case "TA1":
			isTA1 = true
		case "GS":
			return strings.HasPrefix(rest, "FA")
		default:
			return isTA1
		}
	}
	return isTA1
}

// answersMax bounds the answers of one file: one per set, group and interchange.
const answersMax = 500_000

// ReadAnswers reads a partner's answers. The problems are those of the file.
func ReadAnswers(r io.Reader) ([]outbound.Said, []fault.Problem, error) {
	var said []outbound.Said
	_, problems, err := x12.ReadAnswers(r, func(a x12.Answer) error {
		if len(said) == answersMax {
			return fault.New(fault.Limit, "partnerfile.ReadAnswers", "the file has more than %d answers", answersMax)
		}
		one := outbound.Said{Line: a.Line, Partner: a.By.Sender, Level: levels[a.Of], Verdict: verdict(a.Verdict)}
		control := a.Control
		if a.Of != x12.OfInterchange {
			control = a.Group.Control
		}
		one.Control = number(control)
		if a.Of == x12.OfSet {
			one.Set = number(a.Set.Control)
		}
		for _, c := range a.Complaints {
			one.Complaints = append(one.Complaints, c.Words())
		}
		if a.Unkept > 0 {
			one.Complaints = append(one.Complaints, fmt.Sprintf("and %d complaints more", a.Unkept))
		}
		said = append(said, one)
		return nil
	})
	return said, problems, err
}

var levels = map[x12.Envelope]outbound.Level{
	x12.OfInterchange: outbound.OfInterchange, x12.OfGroup: outbound.OfGroup, x12.OfSet: outbound.OfSet,
}

func verdict(s x12.Status) outbound.Verdict {
	switch s {
	case x12.Accepted:
		return outbound.Accepted
	case x12.AcceptedWithErrors:
		return outbound.AcceptedWithErrors
	case x12.PartlyAccepted:
		return outbound.Partly
	}
	return outbound.Rejected
}

// number reads a control number; one that we never wrote is 0.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
