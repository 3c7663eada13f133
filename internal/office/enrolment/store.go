package enrolment

import (
	"context"
	"errors"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// ErrStale is returned by Store.SaveMembers when a record changed since it was
// read, or somebody else enrolled the same person meanwhile. Nothing was
// written; deciding again on fresh records is safe.
var ErrStale = errors.New("a member's record changed since it was read")

// Store keeps members. Its methods return errors of package fault.
type Store interface {
	// LoadMembers gives who is on file under the wanted names. What does not exist
	// is absent from the answer.
	LoadMembers(ctx context.Context, want Want) (Have, error)
	// SaveMembers commits everything in one storage transaction, or nothing. It
	// fails with ErrStale.
	SaveMembers(ctx context.Context, writes *Writes) error
	// Reserve reserves numbers and gives those that were free.
	Reserve(ctx context.Context, numbers []billpay.Number) (free []billpay.Number, err error)
	// Identifying gives those of some texts that are somebody's record number,
	// subscriber id or telephone number.
	Identifying(ctx context.Context, digits []string) (map[string]bool, error)
	// CoveredMembers lists members of a source who are covered on a date or later,
	// in ascending number after a number, at most so many.
	CoveredMembers(ctx context.Context, source string, on calendar.Date, after billpay.Number, most int) ([]Named, error)
	// DebtorTurns lists members whose debtor history has an entry from a date in
	// (after, to].
	DebtorTurns(ctx context.Context, after, to calendar.Date) ([]ledger.BookNo, error)
	// Members loads members by number, in ascending number; numbers that are not a
	// member's are left out.
	Members(ctx context.Context, books []ledger.BookNo) ([]Member, error)
}

// Family is the people that one source names by one subscriber id.
type Family struct{ Source, SubscriberID string }

func familyOf(i member.Identity) Family { return Family{i.Source, i.SubscriberID} }

// SponsorKey names an employer or sponsor as its source does. Each group that a
// sponsor is billed by has a number of its own.
type SponsorKey struct{ Source, ID, Group string }

// Want is what a chunk of rows needs to read.
type Want struct {
	Families []Family
	Sponsors []SponsorKey
	Records  []string // medical record numbers
	SSNs     []secret.Text
	Aliases  []string // normalised handles
}

// Have is what was read.
type Have struct {
	Members  map[Family][]Member // under each name by which the source knows them
	Sponsors map[SponsorKey]billpay.Number
	Records  map[string]ledger.BookNo
	SSNs     map[secret.Text][]Named
	Aliases  map[string][]Holder
}

// Named is somebody on file, as far as a report may name them.
type Named struct {
	Number    billpay.Number
	Opaque    ident.Opaque
	FirstName string
	BirthDate calendar.Date
}

// Holder is an account that a source gave a handle to.
type Holder struct {
	Source string
	Book   ledger.BookNo
}

// IssuedHere is the source of the numbers that this installation issues; no
// earlier system may be called so.
const IssuedHere = "billfold"

// Member is one member on file with everything that enrolment decides on.
type Member struct {
	Number   billpay.Number
	Opaque   ident.Opaque
	Record   member.Record
	Standing Standing
	Debtors  []member.DebtorFrom // who owes, in the order in which it was recorded
	Owing    Owing               // who owes today
	Version  int64               // counts changes, from 1
	Audited  audit.Head
}

func (m *Member) clone() *Member {
	c := *m
	c.Record.Responsible = slices.Clone(m.Record.Responsible)
	c.Record.Conflicts = slices.Clone(m.Record.Conflicts)
	c.Debtors = slices.Clone(m.Debtors)
	return &c // coverages are copied by member.Apply before it changes them
}

// Standing is who answers for a member.
type Standing struct {
	Subscriber  billpay.Number // the member's own number for a subscriber
	Guarantor   billpay.Number // who answers for a minor's care
	Sponsor     billpay.Number // the employer or sponsor that the source names, or 0
	SponsorPays bool           // premiums are billed to the sponsor
}

// Owing is who owes each fund today; 0 is the person of the number.
type Owing struct{ Premium, Medical, Pharmacy billpay.Number }

// Organisation is an employer, sponsor or agency that holds a number.
type Organisation struct {
	Number billpay.Number
	Opaque ident.Opaque
	Kind   member.PartyKind
	Name   string
	Key    SponsorKey
}

// Edit is a change of one member's record. Before is nil for a new member.
type Edit struct{ Before, After *Member }

// Naming is a name under which a source will know a member from now on. No is
// the member's place under it and gap-free, so that two imports cannot both
// take it.
type Naming struct {
	Family Family
	No     int
	Number billpay.Number
}

// NewAlias is an old number of an earlier system to keep for ever.
type NewAlias struct {
	Alias  billpay.Alias
	Number billpay.Number
}

// Writes is everything that one chunk of rows commits.
type Writes struct {
	Edits         []Edit
	Organisations []Organisation
	Namings       []Naming
	Aliases       []NewAlias
	Records       []NewRecord
	Audit         []audit.Entry
}

// NewRecord is a medical record number that becomes somebody's.
type NewRecord struct {
	Record string
	Number billpay.Number
}

func (w *Writes) isEmpty() bool {
	return len(w.Edits)+len(w.Organisations)+len(w.Aliases)+len(w.Namings) == 0
}
