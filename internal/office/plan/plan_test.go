package plan

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/people/region"
)

// cedarValley is the fictional plan's folder as a map, so that a case can
// change a file.
func cedarValley(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{FileName, "regions/front-range.yaml", "regions/high-plains.yaml"} {
		data, err := fs.ReadFile(cedarvalley.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

func loadCedarValley(t *testing.T) *Plan {
	t.Helper()
	p, problems := LoadFS(cedarvalley.Files)
	if len(problems) > 0 {
		t.Fatalf("the demonstration plan is refused: %v", problems)
	}
	return p
}

func TestLoad_ReadsTheDemonstrationPlanFromItsFolder(t *testing.T) {
	p, problems := Load("../../../configs/cedar-valley")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if p.NumberLength != 12 || p.Retention.Years != 10 || p.Limits.MaxPayment != 5_000_000 || p.Limits.DualControlAbove != 1_000_000 {
		t.Errorf("got length %d, retention %d, limits %+v", p.NumberLength, p.Retention.Years, p.Limits)
	}
	if len(p.Regions) != 2 || p.Regions[0].Zone.String() == p.Regions[1].Zone.String() {
		t.Errorf("want two regions in different zones, got %d", len(p.Regions))
	}
	for fund, want := range map[chart.Fund]chart.EntityID{chart.Premium: "cvhp", chart.Medical: "cvmg", chart.Pharmacy: "cvmg"} {
		if got := p.EntityOf(fund); got != want {
			t.Errorf("EntityOf(%s) = %q, want %q", fund, got, want)
		}
	}
	if _, ok := p.Region("high-plains"); !ok {
		t.Error("the region high-plains is not found")
	}
}

// Numbers 555-0100 to 555-0199 are kept for fiction, so nobody is called by
// mistake from a demonstration.
func TestPlan_RegionAtTakesTheClosestArea(t *testing.T) {
	p := Plan{Regions: []region.Pack{
		{ID: "state", Serves: []region.Area{"CO"}}, {ID: "city", Serves: []region.Area{"KS", "803"}}, {ID: "quarter", Serves: []region.Area{"80301"}},
	}}
	for at, want := range map[[2]string]region.ID{
		{"CO", "80501"}: "state", {"CO", "80302"}: "city", {"CO", "80301-1234"}: "quarter", {"KS", "67601"}: "city", {"NE", "68000"}: "", {"", ""}: "",
	} {
		if got := p.RegionAt(at[0], at[1]); got != want {
			t.Errorf("%v: got %q, want %q", at, got, want)
		}
	}
}

func TestCedarValley_HasFictionalTelephoneNumbersOnly(t *testing.T) {
	for _, pack := range loadCedarValley(t).Regions {
		for _, phone := range pack.Phones {
			if !strings.Contains(phone.Number.String(), "-555-01") || phone.TTY != "711" {
				t.Errorf("%s: %s, TTY %s", pack.ID, phone.Number, phone.TTY)
			}
		}
	}
}

func TestLoad_RefusesWithFileLineAndReason(t *testing.T) {
	for _, c := range []struct{ situation, old, new, want string }{
		{"another currency", "currency: USD", "currency: CAD", "line 3, record plan.yaml, currency: an installation keeps its books in USD"},
		{"a number length out of range", "number_length: 12", "number_length: 13", "line 4, record plan.yaml, number_length: \"13\" must be a whole number from 10 to 12"},
		{"a fund of no entity", "medical: cvmg\n", "medical: cvmd\n", "line 17, record plan.yaml, funds.medical: no entity has the id \"cvmd\""},
		{"a fund missing", "  pharmacy: cvmg\n", "", "\"pharmacy\" is missing"},
		{"a fund with two entities", "  pharmacy: cvmg\n", "  pharmacy: cvmg\n  medical: cvhp\n", "line 19, record plan.yaml: this is not YAML"},
		{"a list of entities for a fund", "medical: cvmg\n", "medical: [cvmg, cvhp]\n", "line 17, record plan.yaml, funds.medical: a single value is wanted here, not a list"},
		{"a receiving account whose fund is another entity's", "id: \"5501002\", entity: cvmg", "id: \"5501002\", entity: cvhp", "line 25, record plan.yaml, receiving[1].fund: the fund \"medical\" belongs to \"cvmg\""},
		{"wires of a lockbox", `id: "5501002", entity: cvmg, fund: medical }`, `id: "5501002", entity: cvmg, fund: medical, wires: advice }`, "only a bank account receives wires"},
		{"unknown source of wires", `id: "000555010002", entity: cvmg, fund: medical }`, `id: "000555010002", entity: cvmg, fund: medical, wires: fax }`, "wires"},
		{"columns of a bank account", `id: "000555010002", entity: cvmg, fund: medical }`, `id: "000555010002", entity: cvmg, fund: medical, columns: { image: 46-57 } }`, "only a lockbox"},
		{"columns of what is not the bank's", `id: "5501002", entity: cvmg, fund: medical }`, `id: "5501002", entity: cvmg, fund: medical, columns: { image: 8-17 } }`, "from 46 on"},
		{"a marker without meanings", `id: "5501002", entity: cvmg, fund: medical }`, `id: "5501002", entity: cvmg, fund: medical, columns: { marker: 46-47 } }`, "go together"},
		{"two catch-alls of a kind", "entity: cvmg, fund: pharmacy }", "entity: cvmg, fund: pharmacy, catch_all: true }", "both are the catch-all"},
		{"a receiving account twice", "id: \"5501002\"", "id: \"5501001\"", "lockbox 5501001 is listed twice"},
		{"an unknown kind", "kind: merchant, id: acct_cvhp", "kind: merchent, id: acct_cvhp", "\"merchent\" is not known (\"merchant\" is meant?)"},
		{"an entity twice", "id: cvmg\n", "id: cvhp\n", "the entity \"cvhp\" is listed twice"},
		{"a region pack outside the folder", "regions/high-plains.yaml", "../high-plains.yaml", "must be a path below the folder"},
		{"a region pack that does not exist", "regions/high-plains.yaml", "regions/low-plains.yaml", "file, record regions/low-plains.yaml: the file cannot be read"},
		{"a region pack listed twice", "regions/high-plains.yaml", "regions/front-range.yaml", "the region \"front-range\" is in two packs"},
		{"a limit that is no amount", "50,000.00", "5,0000.00", "has a comma in the wrong place"},
		{"a limit of zero", "50,000.00", "0.00", "must be above zero"},
		{
			"a tolerance below zero", "  proration: FULL_MONTH\n", "  proration: FULL_MONTH\n  tolerance: { amount: \"-1.00\", percent: 1 }\n",
			"billing.tolerance.amount: it must be dollars and cents",
		},
		{"a tolerance without its bound", "  proration: FULL_MONTH\n", "  proration: FULL_MONTH\n  tolerance: { amount: \"1.00\" }\n", "\"percent\" is missing"},
		{"an unknown key", "retention:", "retenton:", "line 39, record plan.yaml, retenton: the key \"retenton\" is not known (\"retention\" is meant?)"},
		{"a secret key in the file", "pk_test_cedarvalley", "sk_test_cedarvalley", "processor.publishable_key: a secret key does not belong in this file"},
		{"a live key in a sandbox", "pk_test_cedarvalley", "pk_live_cedarvalley", "processor.publishable_key: a sandbox takes a key for tests"},
		{"a key for tests outside a sandbox", "sandbox: true", "sandbox: false", "processor.publishable_key: a plan without sandbox: true takes a live key"},
		{"an address without TLS outside a sandbox", "sandbox: true", "sandbox: false", "processor.api: an address without TLS is for a plan with sandbox: true"},
		{"an address without TLS of another machine", "api: http://127.0.0.1:8090", "api: http://10.0.0.1:8081", `processor.api: "http://10.0.0.1:8081" must begin with https://`},
		{"an address with a name and password", "api: http://", "api: http://me:pw@", `processor.api: "http://me:pw@127.0.0.1:8090" is no web address`},
		{"an origin with a path", "frames: [http://127.0.0.1:8090]", "frames: [http://127.0.0.1:8090/x]", `processor.frames[0]: "http://127.0.0.1:8090/x" must be an origin`},
		{"an origin for everybody", "connect: [http://127.0.0.1:8090]", `connect: ["https://*.example.com"]`, `processor.connect[0]: "https://*.example.com" is no web address`},
		{"a digest of another length", "  timeout: 10s", "  integrity: sha384-abc", "processor.integrity: write sha384-"},
		{"a call that may take for ever", "timeout: 10s", "timeout: 1h", `processor.timeout: "1h" must be a time from 1s to 2m0s`},
		{"an unknown processor", "kind: stripe", "kind: strip", `processor.kind: "strip" is not known ("stripe" is meant?)`},
		{"two merchant ids of an entity", "id: acct_cvmg, entity: cvmg, fund: medical", "id: acct_cvmg, entity: cvhp, fund: premium", `merchant acct_cvhp and merchant acct_cvmg both are of the entity "cvhp"`},
	} {
		t.Run(c.situation, func(t *testing.T) {
			files := cedarValley(t)
			text := string(files[FileName].Data)
			if !strings.Contains(text, c.old) {
				t.Fatalf("the case does not break the file: %q not found", c.old)
			}
			files[FileName].Data = []byte(strings.Replace(text, c.old, c.new, 1))
			p, problems := LoadFS(files)
			if p != nil {
				t.Error("a plan with problems is given out")
			}
			for _, problem := range problems {
				if strings.Contains(problem.String(), c.want) {
					return
				}
			}
			t.Errorf("want %q; got %v", c.want, problems)
		})
	}
}

func TestLoad_NamesTheRegionPackThatIsWrong(t *testing.T) {
	files := cedarValley(t)
	pack := files["regions/high-plains.yaml"]
	pack.Data = []byte(strings.Replace(string(pack.Data), "(316) 555-0110", "(316) 555-011", 1))
	_, problems := LoadFS(files)
	if len(problems) != 1 || problems[0].Record != "regions/high-plains.yaml" || problems[0].Line == 0 {
		t.Errorf("got %v; want one problem with the pack's name and line", problems)
	}
}

func TestLoad_WithoutPlanFile(t *testing.T) {
	p, problems := Load(t.TempDir())
	if p != nil || len(problems) != 1 || problems[0].Record != FileName {
		t.Errorf("got %v, %v; want one problem about plan.yaml", p, problems)
	}
}

func TestPlan_ReceivingFindsTheAccountOrTheCatchAll(t *testing.T) {
	p := loadCedarValley(t)
	for _, c := range []struct {
		situation string
		kind      ReceivingKind
		id        string
		fund      chart.Fund
		found     bool
	}{
		{"a configured lockbox", Lockbox, "5501002", chart.Medical, true},
		{"an unknown lockbox goes to the catch-all", Lockbox, "9", chart.Premium, true},
		{"leading zeros are part of a bank account number", BankAccount, "000555010002", chart.Medical, true},
		{"an unknown merchant id has no catch-all", Merchant, "other", "", false},
		{"an id of another kind does not count", Merchant, "5501002", "", false},
	} {
		t.Run(c.situation, func(t *testing.T) {
			got, ok := p.Receiving(c.kind, c.id)
			if ok != c.found || got.Fund != c.fund {
				t.Errorf("Receiving(%s, %q) = fund %q, %v; want %q, %v", c.kind, c.id, got.Fund, ok, c.fund, c.found)
			}
			if ok && p.EntityOf(got.Fund) != got.Entity {
				t.Errorf("fund %s is not of entity %s", got.Fund, got.Entity)
			}
		})
	}
}

func TestPlan_PrintsNoBankAccountNumber(t *testing.T) {
	p := loadCedarValley(t)
	account, _ := p.Receiving(BankAccount, "000555010001")
	for _, printed := range []string{
		fmt.Sprintf("%v %+v %#v", account, account, account),
		fmt.Sprintf("%v %+v %#v %s", p, p, p, p),
		fmt.Sprintf("%v %+v %#v", *p, *p, *p),
		fmt.Sprint(p.ReceivingAccounts()),
		account.Label(),
	} {
		if strings.Contains(printed, "000555010001") {
			t.Errorf("the bank account number is printed: %s", printed)
		}
	}
	if account.Label() != "bank_account ending 0001" {
		t.Errorf("Label() = %q", account.Label())
	}
}

func TestEntity_PostingDayEndsAtItsOwnMidnight(t *testing.T) {
	p := loadCedarValley(t)
	e, ok := p.Entity("cvhp")
	if !ok {
		t.Fatal("the entity cvhp is not found")
	}
	beforeMidnight := time.Date(2026, 11, 24, 6, 59, 59, 0, time.UTC)
	if got := e.PostingDay(beforeMidnight); got != calendar.MustParse("2026-11-23") {
		t.Errorf("PostingDay(%s) = %s, want 2026-11-23", beforeMidnight, got)
	}
	if got := e.PostingDay(beforeMidnight.Add(time.Second)); got != calendar.MustParse("2026-11-24") {
		t.Errorf("a second later: %s, want 2026-11-24", got)
	}
}

func TestLoad_UsesDefaultsForWhatIsNotSaid(t *testing.T) {
	files := cedarValley(t)
	text := string(files[FileName].Data)
	text, _, _ = strings.Cut(text, "retention:")
	for _, line := range []string{"number_length: 12\n", "currency: USD\n"} {
		text = strings.Replace(text, line, "", 1)
	}
	files[FileName].Data = []byte(text)
	p, problems := LoadFS(files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if p.NumberLength != 12 || p.Retention.Years != 10 || p.Limits.MaxPayment != money.Cents(100_000_00) {
		t.Errorf("got %d, %d, %s", p.NumberLength, p.Retention.Years, p.Limits.MaxPayment)
	}
}

func TestLoad_ReadsTheTolerance(t *testing.T) {
	if got := loadCedarValley(t).Billing.Tolerance; got != (premium.Tolerance{Cents: 5_00, Share: 1_00}) {
		t.Errorf("without it: got %+v", got)
	}
	files := cedarValley(t)
	files[FileName].Data = []byte(strings.Replace(string(files[FileName].Data), "  proration: FULL_MONTH\n",
		"  proration: FULL_MONTH\n  tolerance: { amount: \"2.50\", percent: 3 }\n", 1))
	p, problems := LoadFS(files)
	if len(problems) > 0 || p.Billing.Tolerance != (premium.Tolerance{Cents: 2_50, Share: 3_00}) {
		t.Errorf("got %+v, %v", p.Billing.Tolerance, problems)
	}
}

func TestLoad_ReadsTheProcessor(t *testing.T) {
	p := loadCedarValley(t)
	if !p.Sandbox || p.Processor == nil || p.Processor.API != "http://127.0.0.1:8090" || p.Processor.Timeout != 10*time.Second ||
		!slices.Equal(p.Processor.Pages, []string{"http://127.0.0.1:8090"}) {
		t.Errorf("got sandbox %v, %+v", p.Sandbox, p.Processor)
	}
	files := cedarValley(t)
	text, _, _ := strings.Cut(string(files[FileName].Data), "sandbox:")
	files[FileName].Data = []byte(text)
	if p, problems := LoadFS(files); len(problems) > 0 || p.Sandbox || p.Processor != nil {
		t.Errorf("without the section: got %v", problems)
	}
	files[FileName].Data = []byte(text + "processor: { kind: stripe, publishable_key: pk_live_1 }\n")
	p, problems := LoadFS(files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for what, address := range map[string]string{"API": p.Processor.API, "script": p.Processor.Script, "frame": p.Processor.Frames[0],
		"connection": p.Processor.Connect[0], "page": p.Processor.Pages[0]} {
		if !strings.HasPrefix(address, "https://") {
			t.Errorf("%s: %q without being told", what, address)
		}
	}
}

func TestHouse_MerchantOf(t *testing.T) {
	p := loadCedarValley(t)
	numbers := map[chart.EntityID]chart.EntityNo{"cvhp": 1, "cvmg": 2}
	house, err := NewHouse(p, numbers, clock.At(time.Unix(0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		entity   chart.EntityNo
		merchant string
		fund     chart.Fund
		ok       bool
	}{{1, "acct_cvhp", chart.Premium, true}, {2, "acct_cvmg", chart.Medical, true}, {3, "", "", false}} {
		merchant, purse, ok := house.MerchantOf(c.entity)
		if merchant != c.merchant || ok != c.ok || purse.Fund != c.fund || ok && purse.Entity != c.entity {
			t.Errorf("MerchantOf(%d) = %q, %v, %v", c.entity, merchant, purse, ok)
		}
	}
	p.Processor = nil
	if _, _, ok := house.MerchantOf(1); ok {
		t.Error("an installation without a processor takes cards")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(cedarValley(f)[FileName].Data)
	f.Add([]byte("entities:\n  - id: x1\nfunds: {premium: x1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, packs, _, problems := parse(FileName, data)
		if len(problems) > 0 {
			return
		}
		entities := map[chart.EntityID]bool{}
		for _, e := range p.Entities {
			entities[e.ID] = true
		}
		for _, fund := range chart.Funds() {
			if !entities[p.EntityOf(fund)] {
				t.Fatalf("fund %s has no entity of %v", fund, slices.Collect(maps.Keys(entities)))
			}
		}
		for _, account := range p.ReceivingAccounts() {
			if p.EntityOf(account.Fund) != account.Entity {
				t.Fatalf("%s mixes fund %s with entity %s", account.Label(), account.Fund, account.Entity)
			}
		}
		if len(packs) == 0 {
			t.Fatal("an accepted plan has no region")
		}
	})
}
