package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/approval"
)

// Permission is one thing that staff may do. Each is named here once.
type Permission string

// The permissions.
const (
	ReadBoard      Permission = "board.read"
	ReadAccount    Permission = "account.read"
	ReadNumber     Permission = "number.read"
	ReadSuspense   Permission = "suspense.read"
	WorkSuspense   Permission = "suspense.work"
	Release        Permission = "suspense.release"
	ApproveRelease Permission = "suspense.approve"
	ReadRefunds    Permission = "refund.read"
	RequestRefund  Permission = "refund.request"
	ApproveRefund  Permission = "refund.approve"
	ReadACH        Permission = "ach.read"
	BuildACH       Permission = "ach.build"
	ApproveACH     Permission = "ach.approve"
	ReadExceptions Permission = "exceptions.read"
	WorkExceptions Permission = "exceptions.work"
	ApproveLoss    Permission = "exceptions.approve"
	AskUnclaimed   Permission = "unclaimed.request"
	PassUnclaimed  Permission = "unclaimed.approve"
	ReadDay        Permission = "day.read"
	CloseDay       Permission = "day.close"
	ApproveDay     Permission = "day.approve"
	ReadFiles      Permission = "files.read"
	ReadReports    Permission = "reports.read"
	ReadApprovals  Permission = "approvals.read"
	ManageStaff    Permission = "staff.manage"
)

// Role is what somebody's work is called.
type Role string

// The roles.
const (
	Clerk         Role = "clerk"
	Specialist    Role = "specialist"
	Supervisor    Role = "supervisor"
	Treasurer     Role = "treasurer"
	Auditor       Role = "auditor"
	Administrator Role = "administrator"
)

// Roles lists every role, with what it is for.
func Roles() []Described {
	return []Described{
		{Clerk, "works the queues, asks for refunds"},
		{Specialist, "releases money, works exceptions, builds files for the bank"},
		{Supervisor, "is the second person for money of members; closes the day"},
		{Treasurer, "is the second person for the bank, losses and the close"},
		{Auditor, "reads, and changes nothing"},
		{Administrator, "manages staff, and sees no member and no money"},
	}
}

// Described is a role in a few words.
type Described struct {
	Role Role
	For  string
}

// Grant is one line of the table: a permission and the roles that have it.
type Grant struct {
	Permission Permission
	What       string
	Roles      []Role
}

// Table is the one place that says who may do what: least privilege, so that a
// role which is not in a line may not. docs/operators/roles.md shows it, and a test
// keeps the two equal.
func Table() []Grant {
	return []Grant{
		{ReadBoard, "see the board: what waits, how old, sums", []Role{Clerk, Specialist, Supervisor, Treasurer, Auditor}},
		{ReadAccount, "look up a billing account, with a reason", []Role{Clerk, Specialist, Supervisor, Auditor}},
		{ReadNumber, "see a bill pay number whole, not its last four digits", []Role{Specialist, Supervisor}},
		{ReadSuspense, "see money without an owner", []Role{Clerk, Specialist, Supervisor, Auditor}},
		{WorkSuspense, "take an item, write a note", []Role{Clerk, Specialist}},
		{Release, "release money to its owner; above the limit, ask for it", []Role{Specialist}},
		{ApproveRelease, "agree to a release or a move above the limit", []Role{Supervisor}},
		{ReadRefunds, "see refunds", []Role{Clerk, Specialist, Supervisor, Treasurer, Auditor}},
		{RequestRefund, "ask for a refund", []Role{Clerk, Specialist}},
		{ApproveRefund, "agree to a refund", []Role{Supervisor}},
		{ReadACH, "see files for the bank", []Role{Specialist, Treasurer, Auditor}},
		{BuildACH, "build a file for the bank", []Role{Specialist}},
		{ApproveACH, "agree to a live file for the bank", []Role{Treasurer}},
		{ReadExceptions, "see exceptions of the reconciliation", []Role{Specialist, Supervisor, Treasurer, Auditor}},
		{WorkExceptions, "take, explain and resolve an exception", []Role{Specialist}},
		{ApproveLoss, "agree to a write-off or to another end of an exception", []Role{Treasurer}},
		{AskUnclaimed, "propose money for the state", []Role{Specialist}},
		{PassUnclaimed, "agree to hand money to the state", []Role{Treasurer}},
		{ReadDay, "see how a day stands and what blocks its close", []Role{Specialist, Supervisor, Treasurer, Auditor}},
		{CloseDay, "close a day", []Role{Supervisor}},
		{ApproveDay, "agree to a close with exceptions", []Role{Treasurer}},
		{ReadFiles, "see the files that came in", []Role{Clerk, Specialist, Supervisor, Treasurer, Auditor}},
		{ReadReports, "read reports", []Role{Supervisor, Treasurer, Auditor}},
		{ReadApprovals, "see what waits for a second person", []Role{Clerk, Specialist, Supervisor, Treasurer, Auditor}},
		{ManageStaff, "invite, reset and end staff, and change their roles", []Role{Administrator}},
	}
}

// Conflict names two permissions that nobody may have at once, in one role or in
// two, because the second checks the first.
type Conflict struct {
	One, Other Permission
	Why        string
}

// Conflicts lists what must stay apart. Besides these, whoever manages staff has no
// other permission: they could give themselves both halves of any act.
func Conflicts() []Conflict {
	return []Conflict{
		{Release, ApproveRelease, "whoever releases money does not agree to it"},
		{RequestRefund, ApproveRefund, "whoever asks for a refund does not agree to it"},
		{BuildACH, ApproveACH, "whoever builds a file for the bank does not agree to it"},
		{WorkExceptions, ApproveLoss, "whoever works an exception does not agree to its loss"},
		{AskUnclaimed, PassUnclaimed, "whoever proposes money for the state does not agree to it"},
		{CloseDay, ApproveDay, "whoever closes a day does not agree to its exceptions"},
		{BuildACH, CloseDay, "whoever sends money does not close the day that proves it"},
	}
}

// checkers says which permission it takes to be the second person for a kind of act.
var checkers = map[approval.Kind]Permission{
	approval.ACHFile: ApproveACH, approval.Refund: ApproveRefund, approval.RefundBatch: ApproveRefund,
	approval.SuspenseRelease: ApproveRelease, approval.PaymentMove: ApproveRelease, approval.WriteOff: ApproveLoss,
	approval.Exception: ApproveLoss, approval.DayClose: ApproveDay, approval.Unclaimed: PassUnclaimed,
}

// CheckerOf gives the permission it takes to decide on a kind of act; a kind that
// the table lacks may be decided on by nobody.
func CheckerOf(kind approval.Kind) (Permission, bool) {
	p, ok := checkers[kind]
	return p, ok
}

// May reports whether any of some roles has a permission.
func May(roles []Role, p Permission) bool {
	return slices.ContainsFunc(Table(), func(g Grant) bool {
		return g.Permission == p && slices.ContainsFunc(g.Roles, func(r Role) bool { return slices.Contains(roles, r) })
	})
}

// CheckRoles refuses roles that one person may not have together: Invalid for none
// or an unknown one, Conflict where one would check the other.
func CheckRoles(roles []Role) error {
	const op = "access.CheckRoles"
	if len(roles) == 0 {
		return fault.New(fault.Invalid, op, "name at least one role: %s", roleWords())
	}
	for _, r := range roles {
		if !slices.ContainsFunc(Roles(), func(d Described) bool { return d.Role == r }) {
			return fault.New(fault.Invalid, op, "%q is no role: choose from %s", r, roleWords())
		}
	}
	if May(roles, ManageStaff) {
		for _, g := range Table() {
			if g.Permission != ManageStaff && May(roles, g.Permission) {
				return fault.New(fault.Conflict, op, "whoever manages staff has no other role: they could give themselves anything")
			}
		}
	}
	for _, c := range Conflicts() {
		if May(roles, c.One) && May(roles, c.Other) {
			return fault.New(fault.Conflict, op, "these roles are not for one person: %s", c.Why)
		}
	}
	return nil
}

func roleWords() string {
	var words []string
	for _, d := range Roles() {
		words = append(words, string(d.Role))
	}
	return strings.Join(words, ", ")
}

// TableText writes the table for docs/operators/roles.md.
func TableText() string {
	var b strings.Builder
	b.WriteString("| Permission | Allows to |")
	for _, d := range Roles() {
		fmt.Fprintf(&b, " %s |", d.Role)
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" :-: |", len(Roles())) + "\n")
	for _, g := range Table() {
		fmt.Fprintf(&b, "| `%s` | %s |", g.Permission, g.What)
		for _, d := range Roles() {
			mark := ""
			if slices.Contains(g.Roles, d.Role) {
				mark = "x"
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		b.WriteString("\n")
	}
	b.WriteString("\nNever with one person:\n\n")
	for _, c := range Conflicts() {
		fmt.Fprintf(&b, "- `%s` and `%s`: %s\n", c.One, c.Other, c.Why)
	}
	b.WriteString("- `staff.manage` and any other: they could give themselves anything\n\nWho is the second person for:\n\n")
	for _, kind := range approval.Kinds() {
		fmt.Fprintf(&b, "- %s: `%s`\n", kind, checkers[kind])
	}
	return b.String()
}
