package x12

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

// Each case is a sound file with one thing changed.
func TestInspect_OneThingWrong(t *testing.T) {
	claim := isa("*^:~") + "\nGS*HC*A*B*20261123*0800*1*X*005010X222A1~\nST*837*0001*005010X222A1~\nBHT*0019~\nSE*3*0001~\nGE*1*1~\nIEA*1*000000101~\n"
	remit := isa("*^:~") + "\nGS*HP*A*B*20261123*0800*1*X*005010X221A1~\nST*835*0001~\nBPR*I*5*C~\nCLP*A*1*7*5~\nCAS*CO*45*2~\nSE*5*0001~\nGE*1*1~\nIEA*1*000000101~\n"
	for _, test := range []struct {
		name, file, from, to string
		verdict              fault.Verdict
		places               []place
	}{
		{"nothing in the claim", claim, "", "", fault.Accept, nil},
		{"nothing in the remittance", remit, "", "", fault.Accept, nil},
		{"an ISA date that is none", claim, "*261123*", "*261323*", fault.Refuse, []place{{1, "ISA", "ISA09", "not a date"}}},
		{"an ISA time that is none", claim, "*0800*^", "*0860*^", fault.Refuse, []place{{1, "ISA", "ISA10", "not a time"}}},
		{"a control number with a letter", claim, "*000000101*0", "*00000010X*0", fault.Refuse, []place{
			{1, "ISA", "ISA13", "not a number"}, {7, "IEA", "IEA02", "the ISA has"},
		}},
		{"an acknowledgement request of 2", claim, "101*0*T", "101*2*T", fault.Refuse, []place{{1, "ISA", "ISA14", "0 or 1"}}},
		{"an unknown usage", claim, "*0*T*", "*0*X*", fault.Refuse, []place{{1, "ISA", "ISA15", "P, T or I"}}},
		{"a version with a letter", claim, "*00501*", "*005A1*", fault.Refuse, []place{{1, "ISA", "ISA12", "not a number"}}},
		{"no functional id", claim, "GS*HC*", "GS**", fault.Refuse, []place{{2, "GS", "GS01", "missing"}, {3, "ST", "ST01", "must be HC"}}},
		{"a set of four digits", claim, "ST*837*", "ST*8370*", fault.Refuse, []place{{3, "ST", "ST01", "three digits"}}},
		{"a control number of three", claim, "*0001", "*001", fault.Refuse, []place{
			{3, "ST", "ST02", "4 to 9"}, {5, "SE", "SE02", "the ST has"},
		}},
		{"segments outside a set, reported once", claim, "ST*837*0001*005010X222A1~\nBHT*0019~\nSE*3*0001~", "BHT*1~\nREF*2~", fault.Refuse, []place{
			{3, "BHT", "", "outside a transaction set"}, {5, "GE", "GE01", "counted 0"},
		}},
		{"a set outside a group", claim, "GS*HC*A*B*20261123*0800*1*X*005010X222A1~", "", fault.Refuse, []place{
			{3, "ST", "", "outside a transaction set"}, {6, "GE", "", "without a GS"}, {7, "IEA", "IEA01", "counted 0"},
		}},
		{"a set within a set", claim, "BHT*0019~", "ST*837*0002~", fault.Refuse, []place{
			{4, "ST", "", "another ST begins before the SE"}, {5, "SE", "SE01", "counted 2"}, {5, "SE", "SE02", `the ST has "0002"`}, {6, "GE", "GE01", "counted 2"},
		}},
		{"a group within a group", claim, "GE*1*1~", "GS*HC*A*B*20261123*0800*2*X*005010X222A1~\nGE*0*2~", fault.Refuse, []place{
			{6, "GS", "", "another GS begins before the GE"}, {8, "IEA", "IEA01", "counted 2"},
		}},
		{"an interchange within an interchange", claim, "GE*1*1~", isa("*^:~"), fault.Refuse, []place{
			{6, "ISA", "", "group 1 has no GE"}, {6, "ISA", "", "another ISA begins before the IEA"}, {6, "ISA", "ISA13", "twice in this file"}, {7, "IEA", "IEA01", "counted 0"},
		}},
		{"no count at all", claim, "SE*3*", "SE**", fault.Flag, []place{{5, "SE", "SE01", `stated "", counted 3`}}},
		{"a padded group number at one end is the same number", claim, "GE*1*1~", "GE*1*0001~", fault.Accept, nil},
		{"an empty segment", claim, "BHT*0019~", "~", fault.Refuse, []place{{4, "", "", "two or three capitals"}}},
		{"text after the end", claim, "IEA*1*000000101~\n", "IEA*1*000000101~\nREF*1~", fault.Refuse, []place{{8, "REF", "", "outside an interchange"}}},

		{"no BPR", remit, "BPR*I*5*C~", "REF*1~", fault.Refuse, []place{{7, "SE", "", "no BPR"}}},
		{"two BPR", remit, "BPR*I*5*C~", "BPR*I*5~BPR*I*5~", fault.Refuse, []place{{4, "BPR", "", "a second BPR"}, {7, "SE", "SE01", "counted 6"}}},
		{"no amount paid", remit, "BPR*I*5*C", "BPR*I**C", fault.Refuse, []place{{4, "BPR", "BPR02", "missing"}}},
		{"an amount paid in words", remit, "BPR*I*5*C", "BPR*I*five*C", fault.Refuse, []place{{4, "BPR", "BPR02", "not a decimal amount"}}},
		{"an adjustment that is no amount", remit, "45*2~", "45*2.2.2~", fault.Refuse, []place{{6, "CAS", "CAS03", "digits after the point"}}},
		{"an adjustment before any claim", remit, "CLP*A*1*7*5~", "CAS*CO*1*2~", fault.Refuse, []place{
			{5, "CAS", "", "before any claim"}, {6, "CAS", "", "before any claim"}, {4, "BPR", "BPR02", "comes to 0.00"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := strings.Replace(test.file, test.from, test.to, 1)
			_, problems := Inspect(strings.NewReader(file))
			if got := fault.Judge(problems); got != test.verdict {
				t.Errorf("verdict: got %s, want %s", got, test.verdict)
			}
			checkPlaces(t, problems, test.places)
		})
	}
}
