package x12

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// rewrite reads a file and writes what was read, with its own delimiters or
// with others. It reports false for a file that is not accepted.
func rewrite(t testing.TB, data []byte, delimiters *Delimiters) ([]byte, bool) {
	t.Helper()
	type piece struct {
		set      *Set
		segments []Segment
	}
	var pieces []piece
	result, err := Read(bytes.NewReader(data), func(set *Set, s Segment) error {
		if s.ID == "ST" {
			pieces = append(pieces, piece{set: set})
		} else if s.ID != "SE" {
			last := &pieces[len(pieces)-1]
			last.segments = append(last.segments, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Problems()) > 0 {
		return nil, false
	}
	var out bytes.Buffer
	w := NewWriter(&out)
	next := 0
	for _, interchange := range result.Interchanges {
		header := *interchange
		if delimiters != nil {
			header.Delimiters = *delimiters
		}
		_ = w.BeginInterchange(header)
		for _, group := range interchange.Groups {
			_ = w.BeginGroup(*group)
			for _, set := range group.Sets {
				_ = w.BeginSet(set.Type, set.Control, set.Version)
				for _, s := range pieces[next].segments {
					_ = w.Copy(s)
				}
				next++
				_ = w.EndSet()
			}
			_ = w.EndGroup()
		}
		if err := w.EndInterchange(); err != nil {
			return nil, false // such as a name with a character that delimits elsewhere
		}
	}
	return out.Bytes(), true
}

func TestWriter_WritesAgainWhatWasRead(t *testing.T) {
	other := Delimiters{Element: '|', Repetition: '!', Component: '>', Terminator: '\n'}
	for _, name := range zooNames(t) {
		if strings.HasPrefix(name, "bad_") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			data := zoo(t, name)
			once, ok := rewrite(t, data, nil)
			if !ok {
				t.Fatal("the file was not written")
			}
			if again, _ := rewrite(t, once, nil); !bytes.Equal(again, once) {
				t.Errorf("the second writing differs:\n%s\n%s", once, again)
			}
			elsewhere, ok := rewrite(t, once, &other)
			if !ok {
				t.Fatal("the file was not written with other delimiters")
			}
			back, _ := rewrite(t, elsewhere, &DefaultDelimiters)
			if standard, _ := rewrite(t, once, &DefaultDelimiters); !bytes.Equal(back, standard) {
				t.Errorf("delimiters changed and changed back:\n%s\n%s", standard, back)
			}
		})
	}
}

func TestWriter_IsByteForByteOnAFileOfItsOwnForm(t *testing.T) {
	data := zoo(t, "834_full_audit_two_households.txt")
	got, _ := rewrite(t, data, nil)
	if !bytes.Equal(got, data) {
		t.Errorf("got\n%s\nwant\n%s", got, data)
	}
}

func TestWriter_Refuses(t *testing.T) {
	good := Interchange{
		SenderQualifier: "ZZ", Sender: "A", ReceiverQualifier: "ZZ", Receiver: "B",
		Date: "261123", Time: "0800", Control: "000000001",
	}
	inSet := func(w *Writer) {
		_ = w.BeginInterchange(good)
		_ = w.BeginGroup(Group{FunctionalID: "FA", Control: "1"})
		_ = w.BeginSet("999", "0001", "")
	}
	for _, test := range []struct {
		name, says string
		write      func(*Writer) error
	}{
		{"a delimiter in an element", "AK101 has a delimiter", func(w *Writer) error { inSet(w); return w.Segment("AK1", "a*b") }},
		{"a line end in an element", "delimiter", func(w *Writer) error { inSet(w); return w.Segment("AK1", "a\nb") }},
		{"an envelope's segment by hand", "Begin and End", func(w *Writer) error { inSet(w); return w.Segment("SE", "1") }},
		{"a segment outside a set", "no transaction set", func(w *Writer) error { return w.Segment("AK1", "a") }},
		{"an end with a set open", "set is open", func(w *Writer) error { inSet(w); return w.EndGroup() }},
		{"a group outside an interchange", "in an interchange", func(w *Writer) error { return w.BeginGroup(Group{}) }},
		{"a short control number", "ISA13", func(w *Writer) error { i := good; i.Control = "1"; return w.BeginInterchange(i) }},
		{"a sender too long", "ISA06", func(w *Writer) error { i := good; i.Sender = strings.Repeat("x", 16); return w.BeginInterchange(i) }},
		{"a TA1 after a group", "TA1", func(w *Writer) error { inSet(w); _ = w.EndSet(); _ = w.EndGroup(); return w.TA1("1") }},
		{"anything after an error", "no transaction set", func(w *Writer) error { _ = w.Segment("AK1"); return w.BeginInterchange(good) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.write(NewWriter(io.Discard))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want an error saying %q", err, test.says)
			}
		})
	}
}

var stamp = Stamp{Control: 41, At: time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)}

// acknowledged checks a file and gives the answer's segments between GS and GE
// and the TA1, and proves that the answer itself reads.
func acknowledged(t *testing.T, data []byte) string {
	t.Helper()
	result, err := Check(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := Acknowledge(result, stamp)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		return ""
	}
	if _, problems := Inspect(bytes.NewReader(out)); len(problems) > 0 {
		t.Errorf("the answer does not read: %v\n%s", problems, out)
	}
	var body []string
	for _, line := range strings.Fields(strings.ReplaceAll(strings.ReplaceAll(string(out), " ", "_"), "~", "")) {
		switch line[:2] {
		case "TA", "AK", "IK":
			body = append(body, line)
		}
	}
	return strings.Join(body, " ")
}

func TestAcknowledge(t *testing.T) {
	const ak1, ak2 = "AK1*BE*101*005010X220A1 ", "AK2*834*0001*005010X220A1 "
	for _, test := range []struct{ file, want string }{
		{"834_full_audit_two_households.txt", "TA1*000000101*261123*0800*A*000 " + ak1 + ak2 + "IK5*A AK9*A*1*1*1"},
		{"834_address_only_change.txt", ak1 + ak2 + "IK5*A AK9*A*1*1*1"},
		{"834_birth_date_withheld.txt", ak1 + ak2 + "IK3*DMG*15**8 IK4*2**8 IK5*E*5 AK9*E*1*1*1"},
		{"bad_834_wrong_segment_count.txt", ak1 + ak2 + "IK5*R*4 AK9*R*1*1*0"},
		{"bad_834_set_control_differs.txt", ak1 + ak2 + "IK5*R*3 AK9*R*1*1*0"},
		{"bad_834_missing_nm1.txt", ak1 + ak2 + "IK3*NM1*8**3 IK5*R*5 AK9*R*1*1*0"},
		{"bad_834_coverage_date.txt", ak1 + ak2 + "IK3*DTP*17**8 IK4*3**8 IK5*R*5 AK9*R*1*1*0"},
		{"bad_834_group_count.txt", ak1 + "AK9*R*2*1*0*5"},
		{"bad_834_wrong_interchange_control.txt", "TA1*000000101*261123*0800*R*001 " + ak1 + "AK9*R*1*1*0"},
		{"bad_834_isa_too_short.txt", "TA1*000000101*261123*0800*R*022 " + ak1 + "AK9*R*1*1*0"},
		{"bad_834_group_without_parties_or_number.txt", "TA1*000000101*261123*0800*R*024"},
		{"bad_834_truncated_mid_segment.txt", "TA1*000000101*261123*0800*R*023 " + ak1 + ak2 + "IK5*R*2 AK9*R*1*1*0*3"},
		{"bad_820_payment_differs_from_details.txt", "AK1*RA*101*005010X218 AK2*820*0001*005010X218 IK3*BPR*2**8 IK4*2**I12 IK5*R*5 AK9*R*1*1*0"},
		{"820_employer_list_bill_full.txt", "AK1*RA*101*005010X218 AK2*820*0001*005010X218 IK5*A AK9*A*1*1*1"},
		{"bad_820_missing_trn.txt", "AK1*RA*101*005010X218 AK2*820*0001*005010X218 IK3*TRN*8**3 IK5*R*5 AK9*R*1*1*0"},
		{"bad_820_version_004010.txt", "AK1*RA*101*004010 AK2*820*0001*004010 IK3*ST*1**8 IK4*3**7 IK5*R*5 AK9*R*1*1*0"},
		{"bad_no_isa.txt", ""},
		{"bad_999_counts_differ.txt", ""},
		{"bad_ta1_verdict_unknown.txt", ""},
		{"999_accepted_and_ta1.txt", ""},
		{"ta1_alone.txt", ""},
	} {
		t.Run(test.file, func(t *testing.T) {
			if got := acknowledged(t, zoo(t, test.file)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAcknowledge_AnswersEachInterchangeToItsSender(t *testing.T) {
	result, err := Check(bytes.NewReader(zoo(t, "834_two_interchanges_other_delimiters.txt")))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "interchanges answered", Answered(result), 2)
	out, err := Acknowledge(result, stamp)
	if err != nil {
		t.Fatal(err)
	}
	const first = "ISA*00*          *00*          *ZZ*CEDARVALLEY    *ZZ*OAKLINEMFG     *261123*0930*^*00501*000000041*0*T*:~\n" +
		"GS*FA*CEDARVALLEY*OAKLINEMFG*20261123*0930*1*X*005010X231A1~\n"
	if !strings.HasPrefix(string(out), first) || !strings.Contains(string(out), "*000000042*") {
		t.Errorf("got\n%s", out)
	}
	if _, err := Acknowledge(result, Stamp{Control: 999_999_999}); err == nil {
		t.Error("a control number of ten digits was given out")
	}
}
