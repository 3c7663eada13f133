package x12

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

const zooDir = "../../../testdata/zoo/x12"

// zoo reads one of our own files.
func zoo(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(zooDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func zooNames(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(zooDir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names
}

// samplesDir finds the public samples, which only some machines have.
func samplesDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("BILLFOLD_SAMPLES")
	if dir == "" {
		dir = "../../../../shared/samples"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the public samples are not at hand")
	}
	return dir
}

// sample opens one of the public samples.
func sample(t testing.TB, name string) io.Reader {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(samplesDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(data)
}

// place is where a problem is expected, with words of its message.
type place struct {
	line          int
	record, field string
	says          string
}

func checkPlaces(t *testing.T, got []fault.Problem, want []place) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d problems, want %d:\n%v", len(got), len(want), got)
	}
	for i, p := range got {
		w := want[i]
		if p.Line != w.line || p.Record != w.record || p.Field != w.field || !strings.Contains(p.Message, w.says) {
			t.Errorf("problem %d: got %q, want line %d, record %s, %s, saying %q", i, p, w.line, w.record, w.field, w.says)
		}
	}
}

func TestInspect_BrokenFiles(t *testing.T) {
	tests := []struct {
		file    string
		verdict fault.Verdict
		places  []place
	}{
		{"bad_834_wrong_segment_count", fault.Flag, []place{{22, "SE", "SE01", `stated "920", counted 20`}}},
		{"bad_834_set_control_differs", fault.Flag, []place{{22, "SE", "SE02", `stated "0002", the ST has "0001"`}}},
		{"bad_834_group_count", fault.Flag, []place{{23, "GE", "GE01", `stated "2", counted 1`}}},
		{"bad_834_group_control_differs", fault.Flag, []place{{23, "GE", "GE02", `stated "999", the GS has "101"`}}},
		{"bad_834_interchange_group_count", fault.Flag, []place{{24, "IEA", "IEA01", `stated "3", counted 1`}}},
		{"bad_834_wrong_interchange_control", fault.Flag, []place{{24, "IEA", "IEA02", `stated "000000999"`}}},
		{"bad_834_duplicate_set_control", fault.Flag, []place{{23, "ST", "ST02", "twice in this group"}}},
		{"bad_834_member_total", fault.Flag, []place{{7, "QTY", "QTY02", "stated 4, counted 1"}}},
		{"bad_820_payment_differs_from_details", fault.Flag, []place{{4, "BPR", "BPR02", "stated is 712.49, the sum of RMR04 and ADX01 comes to 712.50"}}},
		{"bad_835_payment_differs_from_claims", fault.Flag, []place{{4, "BPR", "BPR02", "stated is 149.99"}}},
		{"bad_835_claim_does_not_balance", fault.Flag, []place{{18, "CLP", "CLP04", "stated is 60.00, its charge less its adjustments comes to 70.00"}}},
		{"bad_820_wrong_segment_count", fault.Flag, []place{{23, "SE", "SE01", `stated "11", counted 21`}}},
		{"bad_820_exchange_does_not_balance", fault.Flag, []place{{4, "BPR", "BPR02", "stated is 571.56, the sum of RMR04 and ADX01 comes to 571.57"}}},
		{"bad_999_counts_differ", fault.Flag, []place{{7, "AK9", "AK901", "accepted (A), but 1 sets are rejected by name"}}},

		{"bad_empty", fault.Refuse, []place{{0, "", "", "empty"}}},
		{"bad_no_isa", fault.Refuse, []place{{1, "ST", "", "does not begin with ISA"}}},
		{"bad_834_lower_case_isa", fault.Refuse, []place{{1, "", "", "capitals"}}},
		{"bad_834_isa_too_short", fault.Refuse, []place{{1, "ISA", "ISA06", "ISA06 has 10, must have 15"}}},
		{"bad_834_isa_element_missing", fault.Refuse, []place{{1, "ISA", "", "16 elements and 106 characters"}}},
		{"bad_834_segment_count_not_a_number", fault.Refuse, []place{{22, "SE", "SE01", `"2X"`}}},
		{"bad_834_missing_se", fault.Refuse, []place{{22, "GE", "", "0001 has no SE"}}},
		{"bad_834_missing_ge", fault.Refuse, []place{{23, "IEA", "", "101 has no GE"}}},
		{"bad_834_missing_iea", fault.Refuse, []place{{23, "GE", "", "has no IEA"}}},
		{"bad_834_truncated_mid_segment", fault.Refuse, []place{
			{16, "N4", "", "ends in the middle"}, {16, "N4", "", "no SE"}, {16, "N4", "", "no GE"}, {16, "N4", "", "no IEA"},
		}},
		{"bad_834_text_after_iea", fault.Refuse, []place{{25, "END", "", "ends in the middle"}}},
		{"bad_834_old_version", fault.Refuse, []place{{3, "ST", "ST03", "must be 005010X220A1"}}},
		{"bad_834_missing_bgn", fault.Refuse, []place{{4, "REF", "", "BGN must follow"}}},
		{"bad_834_group_without_parties_or_number", fault.Refuse, []place{
			{2, "GS", "GS02", "missing"}, {2, "GS", "GS03", "missing"}, {2, "GS", "GS06", "1 to 9 digits"},
		}},
		{"bad_834_action_code", fault.Refuse, []place{{4, "BGN", "BGN08", `"7", must be one of 2, 4, RX`}}},
		{"bad_834_missing_sponsor", fault.Refuse, []place{{9, "INS", "", "N1*P5"}}},
		{"bad_834_ins01_not_y_or_n", fault.Refuse, []place{{10, "INS", "INS01", `"X", must be one of Y, N`}}},
		{"bad_834_maintenance_type", fault.Refuse, []place{{10, "INS", "INS03", `"099"`}}},
		{"bad_834_missing_nm1", fault.Refuse, []place{{10, "INS", "", "NM1*IL"}}},
		{"bad_834_missing_subscriber_number", fault.Refuse, []place{{10, "INS", "", "REF*0F"}}},
		{"bad_834_dependent_before_subscriber", fault.Refuse, []place{{20, "INS", "INS01", "after a dependent"}}},
		{"bad_834_dependent_first_in_full_file", fault.Refuse, []place{{10, "INS", "INS01", "before any subscriber"}}},
		{"bad_834_coverage_date", fault.Refuse, []place{{19, "DTP", "DTP03", `"20261345"`}}},
		{"bad_834_birth_date", fault.Refuse, []place{{17, "DMG", "DMG02", "no such day"}}},
		{"bad_834_premium_not_an_amount", fault.Refuse, []place{{20, "AMT", "AMT02", `"412.505"`}}},
		{"bad_834_unknown_segment", fault.Refuse, []place{{22, "ZZZ", "", "no place in a member"}}},
		{"bad_820_missing_trn", fault.Refuse, []place{{10, "ENT", "", "trace, TRN, is missing"}}},
		{"bad_820_missing_payer", fault.Refuse, []place{{10, "ENT", "", "payer, N1*PR, is missing"}}},
		{"bad_820_amount", fault.Refuse, []place{{19, "RMR", "RMR04", `"600.005"`}}},
		{"bad_820_entity_order", fault.Refuse, []place{{17, "ENT", "ENT01", "is 3, must be 2"}}},
		{"bad_820_remittance_before_entity", fault.Refuse, []place{{11, "RMR", "", "before the first ENT"}}},
		{"bad_820_remittance_without_amount", fault.Refuse, []place{{13, "RMR", "RMR04", "the amount paid is missing"}}},
		{"bad_820_adjustment_without_reason", fault.Refuse, []place{{20, "ADX", "ADX02", "reason is missing"}}},
		{"bad_820_period", fault.Refuse, []place{{16, "DTM", "DTM06", "ends before it begins"}}},
		{"bad_820_version_004010", fault.Refuse, []place{{3, "ST", "ST03", `"004010", must be 005010X218 or 005010X306`}}},
		{"bad_820_exchange_qualifier", fault.Refuse, []place{{17, "RMR", "RMR01", `"AZ", must be ZZ`}}},
		{"bad_999_missing_group_verdict", fault.Refuse, []place{{7, "SE", "", "AK9, is missing"}}},
		{"bad_999_missing_set_verdict", fault.Refuse, []place{{6, "AK2", "", "IK5, is missing"}}},
		{"bad_999_verdict_unknown", fault.Refuse, []place{{6, "IK5", "IK501", `"Q", must be one of A, E, M, R, W, X`}}},
		{"bad_ta1_verdict_unknown", fault.Refuse, []place{{2, "TA1", "TA104", `"Q", must be A, E or R`}}},
	}
	tested := map[string]bool{}
	for _, test := range tests {
		tested[test.file+".txt"] = true
		t.Run(test.file, func(t *testing.T) {
			_, problems := Inspect(bytes.NewReader(zoo(t, test.file+".txt")))
			if got := fault.Judge(problems); got != test.verdict {
				t.Errorf("verdict: got %s, want %s", got, test.verdict)
			}
			checkPlaces(t, problems, test.places)
		})
	}
	for _, name := range zooNames(t) {
		if strings.HasPrefix(name, "bad_") && !tested[name] {
			t.Errorf("%s has no test", name)
		}
	}
}

func TestInspect_GoodFiles(t *testing.T) {
	type counts struct{ interchanges, groups, sets, members, subscribers, dependents int }
	tests := map[string]counts{
		"834_full_audit_two_households.txt":                  {1, 1, 1, 6, 2, 4},
		"834_change_add_term_reinstate.txt":                  {1, 1, 1, 5, 4, 1},
		"834_minor_with_guardian_and_responsible_person.txt": {1, 1, 1, 2, 1, 1},
		"834_address_only_change.txt":                        {1, 1, 1, 1, 1, 0},
		"834_retroactive_plan_change.txt":                    {1, 1, 1, 1, 1, 0},
		"834_exchange_with_premium_amounts.txt":              {1, 1, 1, 2, 1, 1},
		"834_term_for_death.txt":                             {1, 1, 1, 1, 1, 0},
		"834_corrected_name_provider_and_other_coverage.txt": {1, 1, 1, 1, 1, 0},
		"834_birth_date_withheld.txt":                        {1, 1, 1, 1, 1, 0},
		"834_dependent_alone_in_change_file.txt":             {1, 1, 1, 1, 0, 1},
		"834_crlf_line_ends.txt":                             {1, 1, 1, 1, 1, 0},
		"834_one_line.txt":                                   {1, 1, 1, 1, 1, 0},
		"834_bom_and_blank_lines.txt":                        {1, 1, 1, 1, 1, 0},
		"834_pipe_and_line_feed_delimiters.txt":              {1, 1, 1, 1, 1, 0},
		"834_wrapped_at_80_columns.txt":                      {1, 1, 1, 1, 1, 0},
		"834_two_interchanges_other_delimiters.txt":          {2, 2, 2, 2, 2, 0},
		"834_latin1_name.txt":                                {1, 1, 1, 1, 1, 0},
		"834_outbound_exchange_facts.txt":                    {1, 1, 1, 6, 5, 1},
		"834_outbound_employer_termination.txt":              {1, 1, 1, 1, 1, 0},
		"820_group_payment_balances.txt":                     {1, 1, 1, 0, 0, 0},
		"820_employer_list_bill_full.txt":                    {1, 1, 1, 0, 0, 0},
		"820_employer_list_bill_partial.txt":                 {1, 1, 1, 0, 0, 0},
		"820_employer_list_bill_short_with_reason.txt":       {1, 1, 1, 0, 0, 0},
		"820_employer_list_bill_over.txt":                    {1, 1, 1, 0, 0, 0},
		"820_employer_unknown_person.txt":                    {1, 1, 1, 0, 0, 0},
		"820_employer_two_months_and_takes_back.txt":         {1, 1, 1, 0, 0, 0},
		"820_employer_organization_and_earlier_payment.txt":  {1, 1, 1, 0, 0, 0},
		"820_exchange_month_with_all_kinds.txt":              {1, 1, 1, 0, 0, 0},
		"820_exchange_reduced_for_a_debt.txt":                {1, 1, 1, 0, 0, 0},
		"820_exchange_initial_report_totals_zero.txt":        {1, 1, 1, 0, 0, 0},
		"835_two_claims_and_provider_adjustment.txt":         {1, 1, 1, 0, 0, 0},
		"999_accepted_and_ta1.txt":                           {1, 1, 1, 0, 0, 0},
		"999_rejected_with_elements.txt":                     {1, 1, 1, 0, 0, 0},
		"999_partly_accepted.txt":                            {1, 1, 1, 0, 0, 0},
		"ta1_alone.txt":                                      {1, 0, 0, 0, 0, 0},
		"ta1_rejected.txt":                                   {1, 0, 0, 0, 0, 0},
	}
	for _, name := range zooNames(t) {
		if strings.HasPrefix(name, "bad_") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			facts, problems := Inspect(bytes.NewReader(zoo(t, name)))
			if len(problems) > 0 {
				t.Fatalf("got problems in a good file: %v", problems)
			}
			kind := name[:3]
			got := counts{interchanges: facts["interchanges"].(int), groups: facts["groups"].(int)}
			got.sets = facts["transaction_sets"].(map[string]int)[kind]
			if kind == "834" {
				got.members, got.subscribers, got.dependents = facts["members"].(int), facts["subscribers"].(int), facts["dependents"].(int)
			} else if _, given := facts["members"]; given {
				t.Errorf("members are a fact of an 834, not of %s", name)
			}
			if want, ok := tests[name]; !ok || got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestInspect_MoneyAndVerdicts(t *testing.T) {
	type facts map[string]any
	for name, want := range map[string]facts{
		"820_employer_list_bill_full.txt":                   {"total_cents": int64(101250), "remittances": 2},
		"820_employer_list_bill_short_with_reason.txt":      {"total_cents": int64(76250), "remittances": 2},
		"820_employer_organization_and_earlier_payment.txt": {"total_cents": int64(595025), "remittances": 1},
		"820_exchange_month_with_all_kinds.txt":             {"total_cents": int64(102714), "remittances": 9},
		"820_exchange_initial_report_totals_zero.txt":       {"total_cents": int64(0), "remittances": 3},
		"bad_820_version_004010.txt":                        {"total_cents": int64(101250), "remittances": 2},
		"834_address_only_change.txt":                       {},
		"999_accepted_and_ta1.txt":                          {"sets_accepted": 1, "sets_rejected": 0, "ta1s": 1, "ta1s_accepted": 1, "ta1s_rejected": 0},
		"999_rejected_with_elements.txt":                    {"sets_accepted": 0, "sets_rejected": 1},
		"999_partly_accepted.txt":                           {"sets_accepted": 2, "sets_rejected": 1},
		"ta1_alone.txt":                                     {"ta1s": 1, "ta1s_accepted": 1, "ta1s_rejected": 0},
		"ta1_rejected.txt":                                  {"ta1s": 1, "ta1s_accepted": 0, "ta1s_rejected": 1},
	} {
		got, _ := Inspect(bytes.NewReader(zoo(t, name)))
		for _, fact := range []string{"total_cents", "remittances", "sets_accepted", "sets_rejected", "ta1s", "ta1s_accepted", "ta1s_rejected"} {
			if got[fact] != want[fact] {
				t.Errorf("%s: %s is %v, want %v", name, fact, got[fact], want[fact])
			}
		}
	}
}

// The facts are those that the samples' own provenance states.
func TestInspect_PublicSamples(t *testing.T) {
	dir := samplesDir(t)
	tests := []struct {
		file         string
		interchanges int
		groups       int
		kind         string
		sets         int
		version      string
		control      string
		members      [3]int // members, subscribers, dependents
		verdict      fault.Verdict
	}{
		{"x12-834/sample_834_06.txt", 1, 1, "834", 1, "005010X220A1", "000000005", [3]int{2, 2, 0}, fault.Accept},
		{"x12-834/sample_834_02.txt", 1, 1, "834", 1, "005010X220A1", "000000001", [3]int{1, 1, 0}, fault.Accept},
		{"x12-834/834_deident_family.txt", 1, 1, "834", 1, "005010X220A1", "000000002", [3]int{3, 1, 2}, fault.Accept},
		{"x12-834/834_deident_term.txt", 1, 1, "834", 1, "005010X220A1", "000000003", [3]int{2, 2, 0}, fault.Accept},
		{"x12-820/sample_820_01.txt", 1, 1, "820", 1, "005010X218", "000058691", [3]int{}, fault.Accept},
		{"x12-820/sample_820_04.txt", 1, 1, "820", 1, "005010X218", "000058142", [3]int{}, fault.Accept},
		{"x12-820/sample.txt", 1, 1, "820", 1, "004010", "000000001", [3]int{}, fault.Refuse}, // ISA not padded
		{"x12-835/emedny_sample.txt", 1, 1, "835", 1, "005010X221A1", "006000600", [3]int{}, fault.Accept},
		{"x12-835/united_healthcare_legacy_sample.txt", 1, 1, "835", 1, "005010X221A1", "444444444", [3]int{}, fault.Accept},
		{"x12-835/blue_cross_nc_sample.txt", 0, 0, "835", 0, "", "", [3]int{}, fault.Refuse}, // no ISA
		{"x12-837/sample_837_0.txt", 1, 1, "837", 5, "005010X222A1", "697773230", [3]int{}, fault.Accept},
		{"x12-837/sample_837_1.txt", 1, 1, "837", 1, "005010X223A2", "566609694", [3]int{}, fault.Accept},
		{"x12-837/837.edi", 1, 1, "837", 1, "005010X222A1", "800000372", [3]int{}, fault.Accept},
		{"x12-999/x12_999_rejected.txt", 1, 1, "999", 1, "005010X231A1", "095832987", [3]int{}, fault.Accept},
		{"x12-999/834_lui_id_5010.999.txt", 1, 2, "999", 4, "005010X231", "308082146", [3]int{}, fault.Accept},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, test.file))
			if err != nil {
				t.Fatal(err)
			}
			facts, problems := Inspect(bytes.NewReader(data))
			if got := fault.Judge(problems); got != test.verdict {
				t.Errorf("verdict: got %s, want %s; problems %v", got, test.verdict, problems)
			}
			if facts["interchanges"] != test.interchanges || facts["groups"] != test.groups {
				t.Errorf("got %v, want %d interchanges and %d groups", facts, test.interchanges, test.groups)
			}
			if got := facts["transaction_sets"].(map[string]int)[test.kind]; got != test.sets {
				t.Errorf("got %d sets of %s, want %d", got, test.kind, test.sets)
			}
			if got := strings.Join(facts["versions"].([]string), ","); got != test.version {
				t.Errorf("version: got %q, want %q", got, test.version)
			}
			if got := strings.Join(facts["isa_controls"].([]string), ","); got != test.control {
				t.Errorf("control number: got %q, want %q", got, test.control)
			}
			if test.kind != "834" {
				return
			}
			if got := [3]int{facts["members"].(int), facts["subscribers"].(int), facts["dependents"].(int)}; got != test.members {
				t.Errorf("members, subscribers, dependents: got %v, want %v", got, test.members)
			}
		})
	}
}
