package web

import (
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
)

// guestWords are the texts of paying without sign-in. %s stands for what the
// comment or the name says.
type guestWords struct {
	Steps [3]string

	Start     guestStartWords
	Bill      guestBillWords
	Pay       guestPayWords
	Review    guestReviewWords
	Result    guestResultWords
	Receipt   guestReceiptWords
	Limit     guestLimitWords
	Challenge guestChallengeWords

	// Funds says what is paid for in a payer's words; FundHints explain it.
	Funds, FundHints map[chart.Fund]string
	OtherCard        string // of a network without a name here

	CallUs      string // a telephone number, and that of TTY users
	Email       string
	EmailWrong  string
	CookiesOff  Failure
	Unavailable Failure
}

type guestStartWords struct {
	Title, Heading, Intro, Need string
	NumberLabel, NumberHint     string
	FactLabel, FactHint         string
	FactMissing                 string
	ForLabel, ForMissing        string
	Continue                    string
	NoMatch                     string // the one answer to an unknown number and to a wrong fact
	NoMatchHeading              string
	NoMatchHelp                 [4]string
	HaveCode, UseCode           string

	OtherHolder  string
	OtherHolders [3]string
	Lost         string
	LostA, LostB string // B: the number to call
}

type guestBillWords struct {
	Title, Heading, Intro string
	Label, Hint           string
	Missing, WrongShape   string
	Unknown               string
	Continue, NoCode      string
	Expired, NothingOpen  Failure
	UseNumber             string
}

type guestPayWords struct {
	Title, Heading     string
	Who, For, Change   string
	Amount, AmountHint string
	AmountComma        string // the cents stand after a comma
	BillIntro          string
	BillHint           string // what stands on the bill, to which legal entity
	NothingChosen      string
	TotalTooLarge      string // the most
	EmailHint          string
	CardHeading        string
	CardElsewhere      string // the processor's name
	CardFree           string
	CardAgain          string
	CardEntered        string // the card follows
	OtherCard          string
	Continue           string
}

type guestReviewWords struct {
	Title, Heading, Intro string
	Who, Card, Date       string
	Amount, Total         string
	PaidTo                string // a legal entity
	Email, NoEmail        string
	CardLater             string
	IsLate, IfLate        string // headings over Late
	Late                  string // within how many business days
	LateCall              string // a telephone number, and that of TTY users
	Charges               string // how many
	Pay                   string // the amount
	PayNote               string
	PayElsewhere          string
	PayElsewhereNote      string // the processor's name
	Back, Changed         string
}

type guestResultWords struct {
	DeclinedTitle, DeclinedHeading    string
	Declined, DeclinedDo              map[checkout.DeclineClass]string
	TryAnother, FewCards              string
	OtherWays                         string // a telephone number, and that of TTY users
	DidNotFinishHeading, DidNotFinish string
	GoOn                              string

	CheckingTitle, CheckingHeading string
	Checking                       [3]string
	CheckingMail, CheckingNoMail   string
	Amount, Account                string
	LookAgain, StopLooking         string
	LooksEvery                     string // seconds
	StoppedLooking                 string

	NotTakenTitle, NotTakenHeading string
	NotTaken                       [2]string
	PayAgain                       string
	LateTitle, LateHeading         string
	Late                           [3]string
}

type guestReceiptWords struct {
	Title, Heading, HeadingPartly string
	Thanks, Keep                  string
	PaperTitle                    string
	For, PaidTo, Card             string
	NotBalance                    string
	Partly                        string // what was not taken
	SavePDF, FileName             string
	MailHeading, MailLabel, Send  string
	MailWrong, Mailed, MailFailed string
	Another, Done                 string
}

type guestLimitWords struct {
	Title        string
	Looks, Cards Failure
	Minutes      Count
	Tomorrow     string
}

type guestChallengeWords struct {
	Title, Heading, Why          string
	EmailLabel, EmailHint, Send  string
	EmailWrong                   string
	CodeLabel, CodeHint, Confirm string
	Sent, Other                  string
	CodeMissing, CodeWrong       string
	CodeOver, CodeSpent          string
}

// cardBrands are the names of card networks as they stand on cards, in every language.
var cardBrands = map[string]string{
	"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover", "diners": "Diners Club",
	"jcb": "JCB", "unionpay": "UnionPay",
}
