package x12

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

// answers reads a file of acknowledgements that is good.
func answers(t *testing.T, data []byte) ([]Answer, AnswerSummary) {
	t.Helper()
	var list []Answer
	summary, problems, err := ReadAnswers(bytes.NewReader(data), func(a Answer) error {
		list = append(list, a)
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatalf("got %v and %v", err, problems)
	}
	return list, summary
}

// told writes an answer in a line, its complaints in words.
func told(a Answer) string {
	text := string(a.Of) + " " + a.Control
	switch a.Of {
	case OfGroup:
		text = fmt.Sprintf("group %s %s %d/%d/%d", a.Group.FunctionalID, a.Group.Control, a.Stated, a.Received, a.Accepted)
	case OfSet:
		text = fmt.Sprintf("set %s in %s", a.Set.Control, a.Group.Control)
	}
	text += " " + string(a.Verdict)
	for _, c := range a.Complaints {
		text += "; " + c.Words()
	}
	return text
}

func TestReadAnswers(t *testing.T) {
	for file, want := range map[string][]string{
		"999_accepted_and_ta1.txt": {"interchange 000000101 A", "set 0001 in 101 A", "group BE 101 1/1/1 A"},
		"999_rejected_with_elements.txt": {
			"set 0001 in 77 R" +
				"; segment NM1 at 11 in loop 2100: the segment has elements in error" +
				"; segment NM1 at 11 in loop 2100, NM109: the code is not valid" +
				"; segment DTP at 16 in loop 2300: the segment has elements in error" +
				"; segment DTP at 16 in loop 2300, DTP03: the date is not valid" +
				"; segment REF at 18 in loop 2300: a required segment is missing" +
				"; one or more segments are in error",
			"group BE 77 1/1/0 R",
		},
		"999_partly_accepted.txt": {
			"set 0001 in 78 A",
			"set 0002 in 78 R; segment SV1 at 9: the segment has elements in error" +
				"; segment SV1 at 9, SV101-2: the value does not fit the guide's pattern or does not add up" +
				"; one or more segments are in error; one or more segments break the implementation guide",
			"set 0003 in 78 E; segment N4 at 12 in loop 2100: the segment has elements in error" +
				"; segment N4 at 12 in loop 2100, N403: the element has a character that is not valid; one or more segments are in error",
			"group BE 78 3/3/2 P",
		},
		"ta1_rejected.txt": {"interchange 000000077 R; the control number (ISA13) was used before"},
	} {
		t.Run(file, func(t *testing.T) {
			list, _ := answers(t, zoo(t, file))
			var got []string
			for _, a := range list {
				got = append(got, told(a))
				if a.By == nil || a.By.Sender == "" || a.Line == 0 || a.Segment == 0 {
					t.Errorf("%+v does not say whose it is or where", a)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func TestReadAnswers_DropsTheBadValue(t *testing.T) {
	list, _ := answers(t, zoo(t, "999_rejected_with_elements.txt"))
	if got := fmt.Sprintf("%+v", list); strings.Contains(got, "BAD") || strings.Contains(got, "SITUATIONAL") {
		t.Errorf("the copy of a bad value was kept: %s", got)
	}
}

func TestReadAnswers_PublicSamples(t *testing.T) {
	dir := samplesDir(t)
	for file, want := range map[string][]string{
		"x12_999_rejected.txt": {
			"set 0028 in 28 R; segment NM at 17: a segment of this name is not known; one or more segments are in error",
			"group HC 28 1/1/0 R",
		},
		"834_lui_id_5010.999.txt": slices.Repeat([]string{"set 0001 in 13360001 A", "group BE 13360001 1/1/1 A"}, 4),
	} {
		data, err := os.ReadFile(filepath.Join(dir, "x12-999", file))
		if err != nil {
			t.Fatal(err)
		}
		list, _ := answers(t, data)
		var got []string
		for _, a := range list {
			got = append(got, told(a))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// What this package answers it must understand itself.
func TestReadAnswers_UnderstandsOurOwn(t *testing.T) {
	for _, name := range zooNames(t) {
		result, err := Check(bytes.NewReader(zoo(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		out, err := Acknowledge(result, stamp)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) == 0 {
			continue
		}
		list, summary := answers(t, out)
		taken := result.Verdict() == fault.Accept
		for _, a := range list {
			if a.Of == OfGroup && a.Verdict.Taken() != taken {
				t.Errorf("%s: a group is %q, the file's verdict is %s", name, a.Verdict.Words(), result.Verdict())
			}
			for _, c := range a.Complaints {
				if strings.Contains(c.Words(), "does not have") {
					t.Errorf("%s: our own %s", name, c.Words())
				}
			}
		}
		if taken && summary.SetsRejected > 0 {
			t.Errorf("%s is accepted, and %d sets rejected", name, summary.SetsRejected)
		}
	}
}

// file999 wraps the inside of a 999 of segments lines.
func file999(inside string, segments int) []byte {
	return []byte(isa("*^:~") + "GS*FA*A*B*20261123*0800*1*X*005010X231A1~ST*999*0001*005010X231A1~" + inside +
		fmt.Sprintf("SE*%d*0001~GE*1*1~IEA*1*000000101~", segments+2))
}

func TestReadAnswers_RefusesWhatStandsInTheWrongPlace(t *testing.T) {
	const ak1, ak9 = "AK1*BE*1~", "AK9*A*1*1*1~"
	for _, test := range []struct {
		name, inside  string
		segments      int
		record, field string
		says          string
	}{
		{"no AK1", ak9, 1, "AK9", "", "AK1 must follow"},
		{"a second AK1", ak1 + ak1 + ak9, 3, "AK1", "", "a second AK1"},
		{"a group without control number", "AK1*BE~" + ak9, 2, "AK1", "AK102", "of which group"},
		{"IK3 of no set", ak1 + "IK3*NM1*3**8~" + ak9, 3, "IK3", "", "before the AK2"},
		{"IK4 of no segment", ak1 + "AK2*834*0001~IK4*1**7~IK5*A~" + ak9, 5, "IK4", "", "before the IK3"},
		{"IK5 of no set", ak1 + "IK5*A~" + ak9, 3, "IK5", "", "before the AK2"},
		{"a position that is none", ak1 + "AK2*834*0001~IK3*NM1*x**8~IK5*A~" + ak9, 5, "IK3", "IK302", "not a number"},
		{"a segment behind the AK9", ak1 + ak9 + "AK2*834*0001~", 3, "AK2", "", "behind the AK9"},
		{"a segment of another set", ak1 + "NM1*IL~" + ak9, 3, "NM1", "", "no place in a 999"},
		{"a count that is none", ak1 + "AK9*A*1*1*x~", 2, "AK9", "AK904", "not a number"},
		{"more accepted than received", ak1 + "AK9*A*1*1*2~", 2, "AK9", "AK904", "accepted sets stated 2, received 1"},
		{"accepted with rejected sets", ak1 + "AK9*A*2*2*1~", 2, "AK9", "AK904", "but 1 of 2 sets are"},
		{"rejected with accepted sets", ak1 + "AK9*R*2*2*1~", 2, "AK9", "AK904", "but 1 sets are accepted"},
		{"partly accepted with too few rejected", ak1 + "AK2*834*0001~IK5*R~AK9*P*2*2*2~", 4, "AK9", "AK904", "1 sets are rejected by name, by the counts 0"},
		{"IK3 without a code", ak1 + "AK2*834*0001~IK3*NM1*3~IK5*A~" + ak9, 5, "IK3", "IK304", "code is missing"},
		{"IK4 without a code", ak1 + "AK2*834*0001~IK3*NM1*3**8~IK4*1~IK5*A~" + ak9, 6, "IK4", "IK403", "code is missing"},
		{"a group's verdict that is none", ak1 + "AK9*Z*1*1*1~", 2, "AK9", "AK901", "must be one of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems, err := ReadAnswers(bytes.NewReader(file999(test.inside, test.segments)), func(a Answer) error {
				// Counts are held against each other last, and what stands behind came later.
				if a.Of == OfGroup && test.field != "AK904" && test.record != "AK2" {
					t.Errorf("%+v was handed on", a)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			checkPlaces(t, problems, []place{{1, test.record, test.field, test.says}})
		})
	}
}

func TestReadAnswers_RefusesAnotherGuide(t *testing.T) {
	data := bytes.ReplaceAll(zoo(t, "999_partly_accepted.txt"), []byte("X231A1"), []byte("X230"))
	_, problems, err := ReadAnswers(bytes.NewReader(data), func(Answer) error { t.Error("an answer was handed on"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	checkPlaces(t, problems, []place{{3, "ST", "ST03", `"005010X230", must be 005010X231A1`}})
}

func TestReadAnswers_BoundsComplaints(t *testing.T) {
	const many = 3 * fault.ProblemsMax
	inside := "AK1*BE*1~AK2*834*0001~" + strings.Repeat("IK3*NM1*3**8~", many) + "IK5*R*5~AK9*R*1*1*0~"
	list, _ := answers(t, file999(inside, many+4))
	equal(t, "complaints kept", len(list[0].Complaints), fault.ProblemsMax)
	equal(t, "complaints not kept", list[0].Unkept, many+1-fault.ProblemsMax)
}

func TestCodeList_KnowsWhatItDoesNotKnow(t *testing.T) {
	equal(t, "a known code", CodesTA105.Meaning("000"), "no error")
	if got := CodesIK403.Meaning("99"); !strings.Contains(got, "99 of IK403") {
		t.Errorf("an unknown code is told as %q", got)
	}
	for _, s := range []Status{Accepted, AcceptedWithErrors, PartlyAccepted, Rejected, BadCode, BadAssurance, BadDecryption} {
		if s.Words() == Status("").Words() {
			t.Errorf("the status %s has no words", s)
		}
	}
}
