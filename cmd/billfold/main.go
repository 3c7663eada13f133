// Command billfold runs a health plan's member billing and payments: one binary
// for the office, its command line and its demonstration.
//
// Every command works on an office (see office.go): a data folder or a
// PostgreSQL database, the plan's configuration and the keys. When a process
// already owns the data folder, a command is carried out by that process over
// its socket (see socket.go), so that the command line works beside a running
// server.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/billfold/billfold/internal/base/fault"
)

// Exit codes. They are documented in docs/integrators/exit-codes-and-json.md
// and do not change.
const (
	exitOK          = 0
	exitInternal    = 1
	exitUsage       = 2
	exitRefused     = 3
	exitNotFound    = 4
	exitConflict    = 5
	exitDenied      = 6
	exitUnavailable = 7
	exitProofFailed = 8
)

var exitCodes = map[fault.Kind]int{
	fault.Internal: exitInternal, fault.Invalid: exitRefused, fault.NotFound: exitNotFound, fault.Conflict: exitConflict,
	fault.Denied: exitDenied, fault.Limit: exitUnavailable, fault.Unavailable: exitUnavailable,
	fault.UnknownOutcome: exitUnavailable, fault.Corrupt: exitProofFailed,
}

// memoryLimit is where the collector begins to work harder. Beside it stand the
// embedded database's page caches.
const memoryLimit = 96 << 20

type cli struct {
	Demo     demoCommand      `cmd:"" help:"Run a made-up plan with members, bills and posted files."`
	Serve    serveCommand     `cmd:"" help:"Run the office of a plan."`
	Inspect  inspectCommand   `cmd:"" help:"Say what a file is and whether it proves; touches no database."`
	Import   importCommand    `cmd:"" help:"Take files: payments, enrolment, rosters, policies, rates, items owed, prescription payment plan bills."`
	Account  accountCommand   `cmd:"" help:"Show a billing account."`
	Explain  explainCommand   `cmd:"" help:"Say whether a member is still covered, why, and what keeps the coverage."`
	Letters  lettersCommand   `cmd:"" help:"Print the letters that are due."`
	Outbound outboundCommand  `cmd:"" help:"Tell partners and the claims system what is due, and see what they answered."`
	ACH      achCommand       `cmd:"" name:"ach" help:"Files to the clearing house, and what comes back."`
	Bills    billsCommand     `cmd:"" help:"Print the bills that are due."`
	Consent  consentCommand   `cmd:"" help:"Note who agreed to electronic letters."`
	Policy   policyCommand    `cmd:"" help:"Note decisions about policies."`
	Drugs    drugPlanCommand  `cmd:"" name:"prescription" help:"Show who owes bills of the Medicare Prescription Payment Plan, and since when."`
	Payer    payerCommand     `cmd:"" help:"Register who owes premiums of others, and show what they owe."`
	Remit    remitCommand     `cmd:"" help:"Show the payments that 820s explain, what is wrong with them, and settle them."`
	Audits   reconcileCommand `cmd:"" name:"reconcile" help:"What an exchange's audit file states otherwise than our policies."`
	Take     takeCommand      `cmd:"" help:"Take money at a counter."`
	Suspense suspenseCommand  `cmd:"" help:"Work the money without a certain owner."`
	Payment  paymentCommand   `cmd:"" help:"Move, reverse or apply money that was posted."`
	Mandate  mandateCommand   `cmd:"" help:"Keep, change, stop and show consents to be debited."`
	Autopay  autopayCommand   `cmd:"" help:"Carry out what is debited automatically."`
	Card     cardCommand      `cmd:"" help:"Work the payments by card: what is unknown, refunds, disputes."`
	Refund   refundCommand    `cmd:"" help:"Send money back: requests, approvals, sweeps, checks."`
	Lost     unclaimedCommand `cmd:"" name:"unclaimed" help:"Money whose owners are silent: letters, reports to states, payment."`
	Member   memberCommand    `cmd:"" help:"Merge accounts and note old numbers."`
	Day      runCommand       `cmd:"" name:"run" help:"Carry out what a business day makes due."`
	Export   exportCommand    `cmd:"" help:"Write rosters."`
	Balance  balanceCommand   `cmd:"" help:"The trial balance, now or as it stood at an instant."`
	Verify   verifyCommand    `cmd:"" help:"Replay the books and prove every cent."`
	Close    closeCommand     `cmd:"" help:"Seal the books up to now."`
	Recon    reconCommand     `cmd:"" help:"Hold the bank's statements against what is expected, and work what is left."`
	Days     dayCommand       `cmd:"" name:"day" help:"Prove and close days, and show what stands under their seals."`
	Report   reportCommand    `cmd:"" help:"Write a report: cash by rail, aged receivables, trial balance and others."`
	Backup   backupCommand    `cmd:"" help:"Write everything to one archive, while the office works."`
	Restore  restoreCommand   `cmd:"" help:"Fill an empty database from an archive."`
	Keys     keysCommand      `cmd:"" help:"Look after the encryption keys."`
	Key      keyCommand       `cmd:"" help:"Make and end the API keys of other systems."`
	Staff    staffCommand     `cmd:"" help:"Invite the office's people, and change what they may do."`
	Bench    benchCommand     `cmd:"" help:"Measure this machine and say against what."`
	Sandbox  sandboxCommand   `cmd:"" help:"Play the plan's bank, clearing house and card processor over their real protocols."`
	Simulate simulateCommand  `cmd:"" help:"Run a stand-in for a counterparty, for tests and demonstrations."`
	Sim      simCommand       `cmd:"" help:"Play seeded days with everything that goes wrong, against an auditor with books of its own."`
	Probe    probeCommand     `cmd:"" hidden:""`
	Version  versionCommand   `cmd:"" help:"Print the version."`
}

// run is what a command gets.
type run struct {
	ctx    context.Context
	out    io.Writer
	errs   io.Writer
	office *office // of the process that owns the data folder, when the command was sent to it
}

// printJSON writes one line of JSON.
func (r *run) printJSON(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = r.out.Write(append(line, '\n'))
	return err
}

func (r *run) printf(format string, args ...any) { fmt.Fprintf(r.out, format, args...) }

// exitError ends a command with a code after it has said all there is to say.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func main() {
	// Whatever this program writes is about people or money: for its user alone.
	syscall.Umask(0o077)
	if os.Getenv("GOMEMLIMIT") == "" {
		// Files stream, so little is held at a time: collecting early costs less than
		// the memory that waiting would.
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr, nil)
	stop()
	os.Exit(code)
}

// execute carries out a command line. The office is nil but in the process that
// owns one and was sent a command.
func execute(ctx context.Context, args []string, out, errs io.Writer, o *office) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("billfold"), kong.Writers(out, errs), kong.Exit(func(code int) { exited = code }),
		kong.Vars{"reports": reportNames(), "policyfacts": policyFacts()},
		kong.Description("Member billing and payments for health plans."), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(errs, "billfold:", err)
		return exitInternal
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintf(errs, "billfold: %v\nRun \"billfold --help\" for what can be said.\n", err)
		return exitUsage
	}
	if o == nil {
		if code, sent := forward(ctx, parsed, args, out, errs); sent {
			return code
		}
	}
	return report(errs, parsed.Run(&run{ctx: ctx, out: out, errs: errs, office: o}))
}

// report tells a failure and gives its exit code.
func report(errs io.Writer, err error) int {
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return int(exit)
	}
	fmt.Fprintln(errs, "billfold:", fault.MessageOf(err))
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintln(errs, hint)
	}
	return exitCodes[fault.KindOf(err)]
}
