package web

import (
	"net/http"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/region"
)

var english = Words{
	Tag: "en", Name: "English",

	SkipLink: "Skip to main content", LanguageLabel: "Language", Title: "How the plan stands",
	Intro:     "This page shows what is owed, what was paid, and where every dollar is. It shows totals only, and nobody's name. Nothing can be changed here.",
	AsOf:      "Counted on",
	Made:      "Made with Billfold, open-source billing and payments for health plans.",
	NoFigures: "The totals cannot be counted right now. Please load this page again in a minute. The telephone numbers below are correct.",

	GlanceHeading: "The plan at a glance", Members: "Members", Households: "Households", Employers: "Employers",
	Files: "Files received",

	MoneyHeading: "Money",
	MoneyIntro:   "Each kind of money has its own books and its own bank account. They are never mixed.",
	MoneyCaption: "What is owed, what came in, and where it is", What: "What",
	OpenItems: "Unpaid bills", Owed: "Still owed on them", Received: "Money received", Moved: "Moved from other funds",
	Applied: "Paid on bills", Unapplied: "Waiting for a bill", Held: "Owner not known yet", Refunding: "Being paid back",
	OwedNote:      "A bill that is partly paid counts as unpaid.",
	MovedNote:     "Only when the payer asks. A minus sign means money went to another fund.",
	UnappliedNote: "We know whose money it is, but no bill is open.",
	HeldNote:      "We hold this money safely until we know whose it is.",

	RailCaption: "How the money came in", Fund: "Fund", Rail: "How it was paid", Today: "Today", InAll: "In all",
	NothingReceived: "No money has come in yet.",

	ProofHeading: "Do the books add up?",
	Balanced:     "Yes. Debits of %s equal credits of %s.",
	Unbalanced:   "No. Debits of %s do not equal credits of %s.",
	Agreeing:     "Unpaid bills, waiting money and held money agree with the books.",
	Disagreeing:  "Unpaid bills, waiting money or held money do not agree with the books. Run “billfold verify” to find the first wrong row.",

	SuspenseHeading: "Money whose owner is not known yet",
	SuspenseIntro:   "These payments came in without a clear bill pay number. Nobody guesses: a person looks at each one and sends it to its owner.",
	SuspenseCaption: "Payments held, by reason",
	SuspenseNone:    "There are none. Every payment has reached its owner.",
	Reason:          "Why it is held", Items: "Payments", Dollars: "Amount", Oldest: "Oldest",

	FilesHeading: "Files received",
	FilesIntro:   "Banks, employers and exchanges send files. Each file is checked as a whole before anything in it is used. The newest come first.",
	FilesCaption: "The latest files", FilesNone: "No files have come in yet.", FileName: "Name", FileKind: "What it is",
	FileResult: "Result", FileTaken: "Received",

	StepsHeading: "What to try next", StepsIntro: "Type these commands in a terminal. Then load this page again.",
	CommandLabel: "Command",

	PhonesHeading: "People who can help", PhonesIntro: "These are the telephone lines of each region.",
	PhonesCaption: "Telephone lines", CallFor: "Call about", Phone: "Telephone", TTY: "TTY", Hours: "Hours", Now: "Now",
	OpenNow: "Open now", ClosedNow: "Closed now", EveryDay: "Every day", AllDay: "24 hours",
	AllWeek: "24 hours a day, every day", Closed: "closed",
	LanguagesHeading: "Languages", LanguagesIntro: "Help in your language is free.",

	HomeLink: "Go to the start page", ReferenceLabel: "If you ask for help, give this reference:",

	Day: Count{"1 day", "%d days"}, DayZero: "Today",

	Funds: map[chart.Fund]string{chart.Premium: "Premiums", chart.Medical: "Medical care", chart.Pharmacy: "Pharmacy"},
	Rails: map[chart.Code]string{
		chart.ClearLockbox: "Check by mail", chart.ClearACH: "Bank payment", chart.ClearWire: "Wire transfer",
		chart.ClearCounter: "At a counter", chart.ClearCard: "Card", chart.ClearDebit: "Bank debit",
	},
	Reasons: map[suspense.Reason]string{
		suspense.PossibleDuplicate: "The same payment seems to have come twice",
		suspense.NoNumber:          "No bill pay number was given",
		suspense.ManyNumbers:       "More than one bill pay number was given",
		suspense.CheckDigit:        "The bill pay number has a typing mistake",
		suspense.AmbiguousAlias:    "An old number belongs to two accounts",
		suspense.UnknownNumber:     "The bill pay number was never issued",
		suspense.AccountBlocked:    "The account takes no payments for now",
		suspense.FreeText:          "A number stands only in a message",
		suspense.UnknownItem:       "The bill that was named is not open",
		suspense.PaidInFull:        "The check says \"paid in full\"",
		suspense.PostDated:         "The check is dated in the future",
		suspense.Unsigned:          "The check is not signed",
		suspense.Correspondence:    "A letter came with the check",
	},
	Formats: map[string]string{
		"nacha": "Bank payments (NACHA)", "lockbox": "Checks by mail (lockbox)", "bai2": "Bank report (BAI2)",
		"x12": "Enrollment (834)", "roster-csv": "Member list (CSV)", "open-items-csv": "Bills (CSV)", "unknown": "Not recognized",
	},
	Verdicts: map[fileResult]string{
		fileResult(fault.Accept): "Done", fileResult(fault.Flag): "Not used: its own totals disagree",
		fileResult(fault.Refuse): "Not used: it has errors", underWay: "Being processed",
	},
	Purposes: map[region.Purpose]string{
		region.Billing: "Bills", region.Premiums: "Premiums", region.Hardship: "Trouble paying", region.Interpreter: "An interpreter",
		region.Registration: "Signing up", region.LostNumber: "A lost bill pay number",
	},
	Coverage: map[region.CoverageType]string{
		region.Exchange: "marketplace plans", region.Direct: "plans bought from us", region.COBRA: "COBRA",
		region.Medicare: "Medicare", region.Employer: "employers", region.AllTypes: "everyone",
	},
	Zones: map[string]string{
		"America/New_York": "Eastern time", "America/Chicago": "Central time", "America/Denver": "Mountain time",
		"America/Phoenix": "Arizona time", "America/Los_Angeles": "Pacific time", "America/Anchorage": "Alaska time",
		"Pacific/Honolulu": "Hawaii time", "America/Puerto_Rico": "Atlantic time",
	},
	Weekdays: [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	Months: [12]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	},
	Failures: map[int]Failure{
		http.StatusBadRequest:            {"This form could not be read", "Please go back and send it again. Nothing was changed."},
		http.StatusForbidden:             {"This form was not accepted", "It did not come from a page of ours. Nothing was changed. Please start again."},
		http.StatusRequestEntityTooLarge: {"This form is too large", "Please shorten what you entered. Nothing was changed."},
		http.StatusTooManyRequests:       {"There were too many tries", "Please wait a while and try again, or call us. Nothing was changed."},
		http.StatusNotFound:              {"This page does not exist", "The address may be mistyped, or the page may have moved."},
		http.StatusMethodNotAllowed:      {"This page can only be read", "Nothing can be sent to this address."},
		http.StatusInternalServerError:   {"Something went wrong on our side", "Please load the page again in a minute. Nothing was changed."},
		http.StatusServiceUnavailable:    {"This page is not available right now", "Please load the page again in a minute. Nothing was changed."},
	},

	DateForm: "%[2]s %[1]d, %[3]d", DayRange: "%s to %s", SpanForm: "%s to %s", And: " and ", Noon: "noon", Midnight: "midnight",
	Meridiem: [2]string{"a.m.", "p.m."}, Particular: "%s (%s)",

	Pieces: piecesEnglish, Guest: guestEnglish, Letter: letterEnglish,
}
