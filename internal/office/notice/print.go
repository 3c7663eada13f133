package notice

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/people/member"
)

// Press puts letters into files for the printer.
type Press interface {
	// Print writes a file under a name that is not to be printed yet. It replaces one
	// of that name.
	Print(name string, control Control, sheets []Sheet) (Printout, error)
	// Release makes a file one to print.
	Release(name string) error
	// Drop removes a file that is not to be printed.
	Drop(name string) error
	// Unfinished names the files that were written and neither released nor dropped.
	Unfinished() ([]string, error)
}

// Printout tells of a file that was written.
type Printout struct {
	SHA256 string // in hex
	Pages  int    // without the control sheet
}

// Sheet is a letter to print.
type Sheet struct {
	*Letter
	Large bool // in large print
}

// Control tells what is in a file of letters, so that whoever prints and mails
// them can see that none is missing.
type Control struct {
	Name    string
	On      calendar.Date
	Letters int
	Kinds   []KindCount // in the order of Kinds
	First   string      // ZIP code of the first letter
	Last    string
	Large   int // in large print
	ByHand  int // wished for in braille, audio or on a data CD: to be made from the print
	// Unreviewed counts letters in a translation that no qualified translator has read.
	Unreviewed int
	Cents      money.Cents // asked for by the bills
}

// KindCount is how many letters of a kind there are.
type KindCount struct {
	Kind  Kind
	Count int
}

// Rows gives the control sheet's lines, in the staff's language.
func (c *Control) Rows() []Row {
	rows := []Row{
		{"Print file", c.Name}, {"Printed for", c.On.String()}, {"Letters", strconv.Itoa(c.Letters)},
		{"First ZIP code", c.First}, {"Last ZIP code", c.Last},
	}
	for _, k := range c.Kinds {
		rows = append(rows, Row{"of these " + strings.ReplaceAll(string(k.Kind), "_", " "), strconv.Itoa(k.Count)})
	}
	if c.Cents > 0 {
		rows = append(rows, Row{"Bills ask for", c.Cents.Grouped()})
	}
	return append(rows, Row{"In large print", strconv.Itoa(c.Large)}, Row{"Braille, audio or CD to be made", strconv.Itoa(c.ByHand)},
		Row{"In a translation that is not reviewed", strconv.Itoa(c.Unreviewed)})
}

func (c *Control) String() string {
	var b strings.Builder
	for _, row := range c.Rows() {
		fmt.Fprintf(&b, "%s: %s\n", row.Label, row.Value)
	}
	return b.String()
}

// Printed tells what a print batch came to.
type Printed struct {
	Files      []PrintFile
	Letters    int
	Pages      int
	Cents      money.Cents // asked for by the bills
	Unreviewed int         // letters in a translation that no qualified translator has read
	Held       int
	Reasons    []Held // the first of those held
}

var batchForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// LettersMost is the most letters that one file may hold: a file is made in memory.
const LettersMost = 2000

// booksTogether is how many accounts are read in one go.
const booksTogether = 500

// Print puts every letter but the bills that is due on paper into files of at most
// so many letters, in the order of ZIP codes. A file can be printed once what is in
// it is recorded as sent, never before, and never a second time: a run that was
// killed is gone on with by calling Print again. Letters that cannot be made or
// have no address are held and told of. Invalid for a batch that is not one word of
// small letters, digits and hyphens, or a number of letters beyond LettersMost.
func (d *Desk) Print(ctx context.Context, on calendar.Date, batch string, press Press, most int) (Printed, error) {
	return d.print(ctx, Letters, on, batch, press, most)
}

// PrintBills is Print for the bills.
func (d *Desk) PrintBills(ctx context.Context, on calendar.Date, batch string, press Press, most int) (Printed, error) {
	return d.print(ctx, Bills, on, batch, press, most)
}

func (d *Desk) print(ctx context.Context, pile Pile, on calendar.Date, batch string, press Press, most int) (Printed, error) {
	const op = "notice.Print"
	if !batchForm.MatchString(batch) || most < 1 || most > LettersMost {
		return Printed{}, fault.New(fault.Invalid, op, "a batch has a name of small letters, digits and hyphens, and 1 to %d letters a file", LettersMost)
	}
	if err := d.finish(ctx, press); err != nil {
		return Printed{}, fault.Wrap(op, err)
	}
	file, err := d.store.LastPrintFile(ctx, batch)
	if err != nil {
		return Printed{}, fault.Wrap(op, err)
	}
	p := &printing{desk: d, press: press, pile: pile, on: on, batch: batch, file: file, most: most}
	stops, err := p.route(ctx)
	if err != nil {
		return p.done, fault.Wrap(op, err)
	}
	for part := range slices.Chunk(stops, booksTogether) {
		if err := p.take(ctx, part); err != nil {
			return p.done, fault.Wrap(op, err)
		}
	}
	return p.done, fault.Wrap(op, p.close(ctx))
}

// finish decides about files of a run that was killed: what is in them was
// recorded as sent, and they are printed, or it was not, and is printed anew.
func (d *Desk) finish(ctx context.Context, press Press) error {
	names, err := press.Unfinished()
	if err != nil {
		return err
	}
	for _, name := range names {
		_, recorded, err := d.store.PrintFileOf(ctx, name)
		if err != nil {
			return err
		}
		act := press.Drop
		if recorded {
			act = press.Release
		}
		if err := act(name); err != nil {
			return err
		}
	}
	return nil
}

// stop is an account on the postman's way: nothing more is kept in memory of
// letters that are not made yet.
type stop struct {
	zip  int64
	book ledger.BookNo
}

// printing is a batch under way.
type printing struct {
	desk  *Desk
	press Press
	pile  Pile
	on    calendar.Date
	batch string
	file  int64
	most  int

	sheets  []Sheet
	settled []Settled
	byHand  int
	done    Printed
}

// route gives the accounts to which paper is due, in postal order.
func (p *printing) route(ctx context.Context) ([]stop, error) {
	var stops []stop
	for after := (Ref{}); ; {
		refs, err := p.desk.store.DueRefs(ctx, p.pile, after, refsTogether)
		if err != nil {
			return nil, err
		}
		if len(refs) == 0 {
			break
		}
		after = refs[len(refs)-1]
		people, err := p.desk.store.Addressees(ctx, booksOf(refs))
		if err != nil {
			return nil, err
		}
		for _, book := range booksOf(refs) {
			if n := len(stops); n == 0 || stops[n-1].book != book { // a page may end within a book
				to := people[book]
				stops = append(stops, stop{postal(to.Address), book})
			}
		}
	}
	slices.SortFunc(stops, func(a, b stop) int { return cmp.Or(cmp.Compare(a.zip, b.zip), cmp.Compare(a.book, b.book)) })
	return stops, nil
}

// postal gives the place of an address in the order of ZIP codes; what has none
// in the United States comes last.
func postal(a member.Address) int64 {
	zip := strings.ReplaceAll(a.ZIP, "-", "")
	if len(zip) == 5 {
		zip += "0000"
	}
	order, err := strconv.ParseInt(zip, 10, 64)
	if err != nil || len(zip) != 9 || a.Country != "" && a.Country != "US" {
		return math.MaxInt64
	}
	return order
}

// take makes the letters of some accounts.
func (p *printing) take(ctx context.Context, part []stop) error {
	books := make([]ledger.BookNo, len(part))
	for i := range part {
		books[i] = part[i].book
	}
	due, err := p.desk.store.DueOf(ctx, books)
	if err != nil {
		return err
	}
	people, err := p.desk.store.Addressees(ctx, books)
	if err != nil {
		return err
	}
	consents, err := p.desk.store.StandingConsents(ctx, books, p.on)
	if err != nil {
		return err
	}
	ofBook := map[ledger.BookNo][]*Due{}
	for i := range due {
		one := &due[i]
		if !p.pile.Has(one.Kind) {
			continue
		}
		_, stands := consents[one.Book]
		if one.Road == OnPaper || one.Road == ByChoice && !p.desk.waits(&one.Notice, stands, people[one.Book], p.on) {
			ofBook[one.Book] = append(ofBook[one.Book], one)
		}
	}
	for _, book := range books {
		for _, one := range ofBook[book] {
			if err := p.add(ctx, one, people); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *printing) add(ctx context.Context, due *Due, people map[ledger.BookNo]Addressee) error {
	to := people[due.Book]
	letter, text, why := p.desk.compose(due, people)
	if why == "" && to.Address.IsZero() {
		why = "the account has no postal address"
	}
	if why != "" {
		p.done.Held++
		p.done.Reasons = hold(p.done.Reasons, due.Ref(), why)
		return nil
	}
	if len(p.sheets) == p.most {
		if err := p.close(ctx); err != nil {
			return err
		}
	}
	if to.Format != "" && to.Format != member.LargePrint {
		p.byHand++
	}
	p.sheets = append(p.sheets, Sheet{letter, to.Format == member.LargePrint})
	p.settled = append(p.settled, Settled{Ref: due.Ref(), Delivery: &Delivery{
		Book: due.Book, Key: due.Key, Channel: Paper, Result: Sent, At: p.desk.clock.Now(), Digest: digest(text),
		Language: letter.Language, Review: letter.Review,
	}})
	return nil
}

// close makes a file of the letters that were collected. It is recorded before it
// can be printed; a file that is not recorded is dropped when another run begins.
func (p *printing) close(ctx context.Context) error {
	if len(p.sheets) == 0 {
		return nil
	}
	name := fmt.Sprintf("%s-%03d", p.batch, p.file+1)
	control := p.control(name)
	printout, err := p.press.Print(name, control, p.sheets)
	if err != nil {
		return err
	}
	for i := range p.settled {
		p.settled[i].Delivery.Ref = name
	}
	file := PrintFile{
		Name: name, Batch: p.batch, File: p.file + 1, Letters: int64(len(p.sheets)), Pages: int64(printout.Pages), Cents: control.Cents,
		SHA256: printout.SHA256, Control: control.String(), MadeAt: p.desk.clock.Now(),
	}
	if err := p.desk.store.Settle(ctx, p.settled, &file); err != nil {
		return err
	}
	p.file++
	p.done.Files = append(p.done.Files, file)
	p.done.Letters += len(p.sheets)
	p.done.Pages += printout.Pages
	p.done.Cents += control.Cents
	p.done.Unreviewed += control.Unreviewed
	p.sheets, p.settled, p.byHand = nil, nil, 0
	return p.press.Release(name)
}

func (p *printing) control(name string) Control {
	c := Control{
		Name: name, On: p.on, Letters: len(p.sheets), First: p.sheets[0].ZIP, Last: p.sheets[len(p.sheets)-1].ZIP, ByHand: p.byHand,
	}
	counts := map[Kind]int{}
	for _, s := range p.sheets {
		counts[s.Kind]++
		if s.Large {
			c.Large++
		}
		if s.Review == Unreviewed {
			c.Unreviewed++
		}
		if s.Bill != nil {
			c.Cents += s.Bill.Amount
		}
	}
	for _, kind := range Kinds() {
		if counts[kind] > 0 {
			c.Kinds = append(c.Kinds, KindCount{kind, counts[kind]})
		}
	}
	return c
}
