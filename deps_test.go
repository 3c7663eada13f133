// Package house holds the tests over the whole repository: which package may
// import which (this file) and what source text may say (tidy_test.go). It has
// no code of its own. A rule lives here and not in a style guide, so that it
// fails when it is broken.
package house

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/billfold/billfold/"

// floorsBelow is the table of ARCHITECTURE.md: the floors that packages of each
// floor may import. Their own floor is for sameFloor to say.
var floorsBelow = map[string][]string{
	"base":     {},
	"books":    {"base"},
	"people":   {"base", "books"},
	"cover":    {"base", "books", "people"},
	"bills":    {"base", "books", "people", "cover"},
	"payments": {"base", "books", "people", "cover", "bills"},
	"office":   {"base", "books", "people", "cover", "bills", "payments"},
	// Formats turn bytes into records and know no domain.
	"format": {"base"},
	"rail":   {"base", "books", "people", "payments", "office", "format"},
	// The store implements the storage interfaces of the floors that own rows.
	"store": {"base", "books", "people", "cover", "bills", "payments", "office"},
	"edge":  {"base", "books", "people", "cover", "bills", "payments", "office", "format", "rail", "store"},
	"sim":   {"base", "books", "people", "cover", "bills", "payments", "office", "format", "rail", "store", "edge"},
	"cmd":   everyFloor,
	"test":  everyFloor,
	// Tools of the build, and the configuration of the demonstration plan.
	"scripts": everyFloor,
	"configs": {"base"},
}

var everyFloor = []string{
	"base", "books", "people", "cover", "bills", "payments", "office", "format", "rail", "store", "edge", "sim", "configs",
}

// roomPair is one package importing another of the same floor, as floor/room.
type roomPair struct{ from, to string }

// sameFloor lists the pairs of rooms on one floor that may see each other, with
// the reason. Packages of one room (a room and the folders in it) always may.
var sameFloor = map[roomPair]string{
	{"books/chart", "books/ledger"}:            "a posting template is made of the ledger's postings",
	{"format/bai2", "format/line"}:             "records are lines, numbered for errors",
	{"format/camt", "format/iso20022"}:         "statements are documents of the family",
	{"format/camt", "format/line"}:             "its problems are gathered as every format's",
	{"format/fedwire", "format/line"}:          "messages are lines, numbered for errors",
	{"format/iso20022", "format/line"}:         "its problems are gathered as every format's",
	{"format/pacs", "format/iso20022"}:         "transfers are documents of the family",
	{"format/pacs", "format/line"}:             "its problems are gathered as every format's",
	{"format/lockbox", "format/line"}:          "records are lines, numbered for errors",
	{"format/nacha", "format/line"}:            "records are lines, numbered for errors",
	{"cover/rule", "cover/coverage"}:           "rules hold for a line of coverage",
	{"cover/premium", "cover/coverage"}:        "a month's cost follows from a policy and its terms",
	{"cover/grace", "cover/coverage"}:          "a policy's state follows from the policy",
	{"cover/grace", "cover/rule"}:              "states follow dated rules",
	{"edge/web", "edge/paper"}:                 "a page offers its receipt on paper",
	{"office/event", "office/job"}:             "tests run the relay over the durable queue",
	{"office/event", "office/cashier"}:         "tests publish what the cashier posted",
	{"office/autopay", "office/audit"}:         "a mandate is read and changed under a named access",
	{"office/autopay", "office/clearing"}:      "bank debits are the clearing desk's to send, and it tells what came back",
	{"office/autopay", "office/checkout"}:      "stored cards are the checkout's to charge, and it tells what came of it",
	{"office/autopay", "office/notice"}:        "changed debits and stops make letters due",
	{"office/autopay", "office/biller"}:        "tests bill the policies whose premiums are debited",
	{"office/autopay", "office/cashier"}:       "tests bill and pay what is debited",
	{"office/autopay", "office/registry"}:      "a mandate in a file is of an account found by whatever names it",
	{"office/biller", "office/cashier"}:        "the biller bills through the cashier",
	{"office/biller", "office/registry"}:       "the biller resolves whom an item is about",
	{"office/biller", "office/proof"}:          "tests prove what was billed",
	{"office/biller", "office/audit"}:          "a payer is registered under a named access",
	{"office/remittance", "office/biller"}:     "a remittance is a payer's, whom the biller bills",
	{"office/remittance", "office/cashier"}:    "a remittance's money is put where it says",
	{"office/warden", "office/cashier"}:        "tests pay what they watch",
	{"office/warden", "office/biller"}:         "tests bill what they watch",
	{"office/warden", "office/proof"}:          "tests prove what was posted",
	{"office/cashier", "office/proof"}:         "tests prove what was posted",
	{"office/intake", "office/proof"}:          "tests prove what was posted",
	{"rail/bankbill", "rail/railtest"}:         "the rails' conformance suite, for tests",
	{"rail/lockbox", "rail/railtest"}:          "the rails' conformance suite, for tests",
	{"rail/wire", "rail/railtest"}:             "the rails' conformance suite, for tests",
	{"rail/remit", "rail/railtest"}:            "the rails' conformance suite, for tests",
	{"sim", "sim/audit"}:                       "the simulation holds the product against its auditor",
	{"sim/post", "sim/journal"}:                "every counterparty keeps its books in a journal",
	{"sim/bank", "sim/journal"}:                "every counterparty keeps its books in a journal",
	{"sim/bank", "sim/post"}:                   "the bank's files go by the post that loses them",
	{"sim/clearinghouse", "sim/journal"}:       "every counterparty keeps its books in a journal",
	{"sim/clearinghouse", "sim/post"}:          "the clearing house's files go by the post that loses them",
	{"sim/clearinghouse", "sim/bank"}:          "the clearing house settles with the plan's bank",
	{"sim/sandbox", "sim/bank"}:                "the sandbox runs the counterparties together",
	{"sim/sandbox", "sim/clearinghouse"}:       "the sandbox runs the counterparties together",
	{"sim/sandbox", "sim/processor"}:           "the sandbox runs the counterparties together",
	{"sim/sandbox", "sim/post"}:                "the sandbox runs the counterparties together",
	{"sim/sandbox", "sim/journal"}:             "the sandbox keeps its clock in a journal",
	{"sim/compare", "sim/clearinghouse"}:       "the clearing house's books are held against the product's",
	{"sim/compare", "sim/post"}:                "tests take what the bank sent",
	{"sim/compare", "sim/bank"}:                "the bank's books are held against the product's",
	{"sim/month", "sim/bank"}:                  "a month is played at the counterparties",
	{"sim/month", "sim/clearinghouse"}:         "a month is played at the counterparties",
	{"sim/month", "sim/post"}:                  "a month is played at the counterparties",
	{"sim/month", "sim/compare"}:               "tests hold a month's books against the product's",
	{"sim", "sim/bank"}:                        "the product's files are held against the simulated bank",
	{"sim", "sim/clearinghouse"}:               "the product's files are held against the simulated clearing house",
	{"sim", "sim/post"}:                        "the product takes what the counterparties sent",
	{"sim", "sim/processor"}:                   "the product's client is held against the simulated processor",
	{"office/proof", "office/audit"}:           "the trail is proved with the books",
	{"office/proof", "office/cashier"}:         "a proof replays what the cashier wrote",
	{"office/intake", "office/cashier"}:        "a proved file's items are posted",
	{"office/checkout", "office/cashier"}:      "captured money is posted by the cashier",
	{"office/checkout", "office/approval"}:     "a loss is written off when a second person agreed",
	{"office/checkout", "office/proof"}:        "tests prove what was posted",
	{"office/enrolment", "office/audit"}:       "a person's record is read and changed under a named access",
	{"office/enrolment", "office/cashier"}:     "a member's book carries the cashier's debtors",
	{"office/policy", "office/audit"}:          "a subscriber's policies are changed under a named access",
	{"office/policy", "office/enrolment"}:      "a policy is a subscriber's whom enrolment keeps",
	{"office/policy", "office/registry"}:       "a policy's subscriber is found by whatever names them",
	{"office/outbound", "office/enrolment"}:    "a fact tells of a member whom enrolment keeps",
	{"office/outbound", "office/event"}:        "signals for claims are facts of the feed too",
	{"office/plan", "office/outbound"}:         "the plan names the partners who are told",
	{"office/plan", "office/refund"}:           "the plan names the accounts from which checks are drawn",
	{"office/refund", "office/approval"}:       "a large refund and a batch of checks wait for a second person",
	{"office/refund", "office/cashier"}:        "a refund's money is moved by the cashier",
	{"office/refund", "office/checkout"}:       "what was paid by card goes back to the card",
	{"office/refund", "office/clearing"}:       "a refund leaves as a credit of the clearing house",
	{"office/refund", "office/proof"}:          "tests prove what was posted",
	{"office/refund", "office/warden"}:         "tests send back what a status made due",
	{"office/unclaimed", "office/notice"}:      "an owner gets a letter before a state gets the money",
	{"office/unclaimed", "office/proof"}:       "tests prove what was posted",
	{"payments/refund", "payments/payment"}:    "money goes back by the rail by which its payment had come",
	{"office/unclaimed", "office/approval"}:    "a report to a state waits for a second person",
	{"office/unclaimed", "office/refund"}:      "tests hold what is unclaimed through the refunds desk",
	{"office/plan", "office/unclaimed"}:        "the plan lays its own rows of dormancy over the product",
	{"office/plan", "office/recon"}:            "the plan says how long things may be open at the bank",
	{"rail/statement", "rail/wire"}:            "a wire's line on a statement is the payment that it made",
	{"office/prescription", "office/cashier"}:  "bills become owed through the cashier",
	{"office/prescription", "office/registry"}: "a bill's participant is found by number",
	{"office/prescription", "office/proof"}:    "tests prove what was billed",
	{"office/prescription", "office/biller"}:   "tests bill premium beside it",
	{"office/prescription", "office/warden"}:   "tests hold that no status follows from it",
	{"office/registry", "office/audit"}:        "a person is shown under a named access",
	{"office/registry", "office/enrolment"}:    "the registry shows what enrolment keeps",
	{"office/registry", "office/cashier"}:      "an account shows its items and unapplied money",
	{"office/recon", "office/cashier"}:         "lines of a bank are booked by the cashier",
	{"office/recon", "office/approval"}:        "a second person agrees to what is explained by hand",
	{"office/recon", "office/checkout"}:        "tests take a processor's payouts",
	{"office/recon", "office/proof"}:           "tests prove what was booked",
	{"office/access", "office/approval"}:       "each kind of approval has its permission in the table of roles",
	{"office/access", "office/audit"}:          "sign-ins and changes of roles stand in the audit trail",
	{"office/access", "office/limit"}:          "tries at the office's door count as at any other",
	{"edge/auth", "edge/web"}:                  "the office's pages stand on the ground of the members' pages",
	{"edge/console", "edge/web"}:               "the office's pages stand on the ground of the members' pages",
	{"edge/console", "edge/auth"}:              "a screen opens to who is signed in",
	{"office/clearing", "office/cashier"}:      "what is sent and comes back is posted by the cashier",
	{"office/clearing", "office/approval"}:     "a live file needs a second person",
	{"office/clearing", "office/proof"}:        "tests prove what was posted",
	{"office/plan", "office/clearing"}:         "the plan says how entries are sent",
	{"rail/ach", "rail/bankbill"}:              "a file of answers may bring credits too",
	{"rail/ach", "rail/railtest"}:              "the rails' conformance suite, for tests",
	{"office/reversal", "office/cashier"}:      "a reversed payment is taken back by the cashier",
	{"office/suspense", "office/approval"}:     "a second person agrees to a release",
	{"office/suspense", "office/audit"}:        "an entry can name a payer",
	{"office/suspense", "office/cashier"}:      "money in suspense is released by the cashier",
	{"office/suspense", "office/enrolment"}:    "a payer's name is held against the members'",
	{"office/suspense", "office/registry"}:     "an owner is found by whatever names them",
	{"office/suspense", "office/proof"}:        "tests prove what was released",
	{"people/member", "people/billpay"}:        "a member has a bill pay number",
	{"people/member", "people/region"}:         "a member lives in a region",
	{"payments/payment", "payments/suspense"}:  "a payment without an owner says why it went to suspense",
}

// testOnly are packages that support tests: only test files and each other may
// import them, so that the shipped binary never carries them.
var testOnly = map[string]string{
	"internal/edge/browsertest":       "drives a browser",
	"internal/store/throwaway/pgtest": "hands out test databases",
	"internal/store/storetest":        "the store's conformance suite",
	"internal/rail/railtest":          "the rails' conformance suite",
	"internal/rail/card/stripemock":   "runs a stand-in for the card processor",
}

// testsMaySee are the floors above their own that test files may import, since
// tests use a real database, configuration and browser, not stand-ins.
var testsMaySee = []string{"store", "configs", "edge/browsertest"}

// driverHomes are the outside modules with one home, and which it is.
var driverHomes = map[string][]string{
	"database/sql":                 {"store"},
	"github.com/jackc/pgx":         {"store"},
	"modernc.org/sqlite":           {"store"},
	"github.com/pressly/goose":     {"store"},
	"github.com/chromedp/chromedp": {"edge"},
	"github.com/alexedwards/scs":   {"edge"},
	"github.com/evanw/esbuild":     {"scripts"},
	"github.com/moov-io/":          {"format", "sim"}, // the simulated clearing house shares no reader with the product
	"github.com/stripe/":           {"rail"},
	"github.com/pquerna/otp":       {"office"},
	"github.com/go-webauthn":       {"edge"},
}

// pkg is what `go list -json` says of a package.
type pkg struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// name is the package's path inside the module: "internal/base/money".
func (p pkg) name() string { return strings.TrimPrefix(p.ImportPath, module) }

func (p pkg) testImports() []string { return slices.Concat(p.TestImports, p.XTestImports) }

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p pkg
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.ImportPath+"/" != module {
			all = append(all, p)
		}
	}
	return all
}

// floor and room of a package's name: "internal/books/chart/x" is on the floor
// "books" in the room "books/chart"; "cmd/billfold" is on "cmd".
func floor(name string) string {
	floor, _, _ := strings.Cut(strings.TrimPrefix(name, "internal/"), "/")
	return floor
}

func room(name string) string {
	parts := strings.SplitN(strings.TrimPrefix(name, "internal/"), "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// mayImport judges one import between packages of this module.
func mayImport(from, to string) bool {
	if floor(from) != floor(to) {
		return slices.Contains(floorsBelow[floor(from)], floor(to))
	}
	// The store is one package with folders around it, not several rooms.
	if room(from) == room(to) || floor(from) == "store" || floor(from) == "base" {
		return true
	}
	_, listed := sameFloor[roomPair{room(from), room(to)}]
	return listed
}

func TestImports_FloorsBelowOnly(t *testing.T) {
	for _, p := range packages(t) {
		if _, known := floorsBelow[floor(p.name())]; !known {
			t.Errorf("%s is on no floor of ARCHITECTURE.md", p.name())
		}
		for _, imported := range p.Imports {
			if to, ours := strings.CutPrefix(imported, module); ours && !mayImport(p.name(), to) {
				t.Errorf("%s imports %s, which is not below it; list a pair of one floor in sameFloor with its reason, or turn the dependency around", p.name(), to)
			}
		}
		for _, imported := range p.testImports() {
			to, ours := strings.CutPrefix(imported, module)
			if ours && !mayImport(p.name(), to) && !slices.Contains(testsMaySee, floor(to)) && !slices.Contains(testsMaySee, room(to)) {
				t.Errorf("the tests of %s import %s, which is not below it", p.name(), to)
			}
		}
	}
}

// The auditor of the simulation proves the books and so shares no code with them.
func TestImports_AuditorSharesNothing(t *testing.T) {
	for _, p := range packages(t) {
		if !strings.HasPrefix(p.name(), "internal/sim/audit") {
			continue
		}
		for _, imported := range p.Imports {
			if to, ours := strings.CutPrefix(imported, module); ours && floor(to) != "base" {
				t.Errorf("%s imports %s; the auditor may know base only", p.name(), to)
			}
		}
	}
}

// What serves the tests stays out of what is shipped.
func TestImports_TestSupportInTestsOnly(t *testing.T) {
	for _, p := range packages(t) {
		if _, support := testOnly[p.name()]; support || floor(p.name()) == "scripts" {
			continue
		}
		for _, imported := range p.Imports {
			to := strings.TrimPrefix(imported, module)
			if why, support := testOnly[to]; support || imported == "testing" {
				t.Errorf("%s imports %s outside its tests %s", p.name(), to, why)
			}
		}
	}
}

// A driver or parser from outside is wrapped in one place, so that it can be
// replaced in one place.
func TestImports_OutsideModulesHaveOneHome(t *testing.T) {
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			for outside, homes := range driverHomes {
				if strings.HasPrefix(imported, outside) && !slices.Contains(homes, floor(p.name())) {
					t.Errorf("%s imports %s, whose home is %s", p.name(), imported, strings.Join(homes, ", "))
				}
			}
		}
	}
}

func TestMayImport(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		want     bool
	}{
		{"internal/books/ledger", "internal/base/money", true},
		{"internal/base/money", "internal/books/ledger", false},
		{"internal/office/cashier", "internal/store", false},
		{"internal/format/nacha", "internal/books/ledger", false},
		{"internal/rail/ach", "internal/format/nacha", true},
		{"internal/rail/ach", "internal/store", false},
		{"internal/edge/web", "internal/edge/console", false},
		{"internal/books/chart", "internal/books/ledger", true},
		{"internal/books/ledger", "internal/books/chart", false},
		{"internal/people/region", "internal/base/nearest", true},
		{"cmd/billfold", "internal/edge/web", true},
		{"internal/store", "cmd/billfold", false},
	} {
		if got := mayImport(tc.from, tc.to); got != tc.want {
			t.Errorf("may %s import %s? got %v, want %v", tc.from, tc.to, got, tc.want)
		}
	}
}
