package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

var _ cashier.Store = (*Store)(nil)

const (
	claimColumns = `claim_id, idem_key, act, body_digest, rail, amount_cents, received_on, recorded_at, actor,
		source_book, parts, answer, row_check`
	bookColumns = `book_no, opaque_id, status, merged_into, debtor_premium, debtor_medical, debtor_pharmacy, seq, digest, last_item`
	itemColumns = `book_no, item_no, entity_no, fund_no, about_no, debtor_on, invoice, description, fee, privacy,
		service_on, due_on, amount_cents, open_cents, billed_seq, row_check, binder, prescription`
	receiptColumns = `book_no, seq, payment_id, part_no, posted_on, entity_no, fund_no, about_no, amount_cents,
		applied_cents, unapplied_cents, row_check, sent_on`
	postingColumns = `book_no, posted_on, seq, line, debit_account, credit_account, amount_cents, item_no, phase,
		of_seq, effective_on, recorded_at, event, link, actor, reason, digest`
	unappliedColumns = `book_no, seq, entity_no, fund_no, received_on, amount_cents, open_cents`
	suspenseColumns  = `book_no, seq, entity_no, fund_no, rail, reason, received_on, opened_at, payment_id, part_no,
		amount_cents, open_cents, details`
)

// Read implements cashier.Store.
func (s *Store) Read(ctx context.Context, want cashier.Want) (cashier.Have, error) {
	have := cashier.Have{
		Claims:  make(map[payment.ID]cashier.StoredClaim),
		Books:   make(map[ledger.BookNo]cashier.Book, len(want.Books)),
		Aliases: make(map[string][]ledger.BookNo),
	}
	var items []openitem.Item
	e := s.engine
	var queries []query
	if len(want.Claims) > 0 {
		queries = append(queries, query{
			text: `SELECT ` + claimColumns + ` FROM claim WHERE ` + e.list("claim_id", 1, textColumn),
			args: []any{e.texts(texts(want.Claims))},
			each: func(scan func(...any) error) error {
				c, _, err := scanClaim(scan)
				have.Claims[c.ID] = c
				return err
			},
		})
	}
	if len(want.Books) > 0 {
		books := e.ints(integers(want.Books))
		queries = append(queries, query{
			text: `SELECT ` + bookColumns + ` FROM book WHERE ` + e.list("book_no", 1, integerColumn),
			args: []any{books},
			each: func(scan func(...any) error) error {
				b, err := scanBook(scan)
				have.Books[b.No] = b
				return err
			},
		}, query{
			text: `SELECT ` + itemColumns + ` FROM open_item WHERE ` + e.list("book_no", 1, integerColumn) + ` AND open_cents > 0`,
			args: []any{books},
			each: func(scan func(...any) error) error {
				i, _, err := scanItem(scan)
				items = append(items, i)
				return err
			},
		})
	}
	for _, ref := range want.Items {
		queries = append(queries, query{
			text: `SELECT ` + itemColumns + ` FROM open_item WHERE book_no = $1 AND item_no = $2 AND open_cents = 0`,
			args: []any{int64(ref.Book), ref.No},
			each: func(scan func(...any) error) error {
				i, _, err := scanItem(scan)
				items = append(items, i)
				return err
			},
		})
	}
	if len(want.Aliases) > 0 {
		queries = append(queries, query{
			text: `SELECT handle, book_no FROM directory WHERE ` + e.list("handle", 1, textColumn),
			args: []any{e.texts(want.Aliases)},
			each: func(scan func(...any) error) error { return scanAlias(scan, have.Aliases) },
		})
	}
	read := e.read
	if want.ToWrite {
		read = e.readToWrite
	}
	if err := read(ctx, queries...); err != nil {
		return cashier.Have{}, err
	}
	for _, i := range items {
		// An item can be read twice when it was paid off between two look-ups;
		// its book's sequence number then makes the act stale.
		if b, ok := have.Books[i.Book]; ok {
			b.Items = append(b.Items, i)
			have.Books[i.Book] = b
		}
	}
	return have, nil
}

func scanAlias(scan func(...any) error, into map[string][]ledger.BookNo) error {
	var handle string
	var book ledger.BookNo
	if err := scan(&handle, &book); err != nil {
		return err
	}
	for _, known := range into[handle] {
		if known == book {
			return nil
		}
	}
	into[handle] = append(into[handle], book)
	return nil
}

func scanBook(scan func(...any) error) (cashier.Book, error) {
	var b cashier.Book
	var digest []byte
	err := scan(&b.No, &b.Opaque, &b.Status, &b.MergedInto, &b.Debtors.Premium, &b.Debtors.Medical, &b.Debtors.Pharmacy,
		&b.Head.Seq, &digest, &b.LastItem)
	if err == nil {
		err = copyDigest(b.Head.Digest[:], digest)
	}
	return b, err
}

func copyDigest(to, from []byte) error {
	if len(from) != len(to) {
		return fault.New(fault.Corrupt, "store.scan", "a stored digest has %d bytes, not %d", len(from), len(to))
	}
	copy(to, from)
	return nil
}

func scanClaim(scan func(...any) error) (c cashier.StoredClaim, check int64, err error) {
	var body []byte
	var received, actor, answer string
	var recorded int64
	err = scan(&c.ID, &c.Key, &c.Act, &body, &c.Rail, &c.Amount, &received, &recorded, &actor, &c.Source, &c.Parts,
		&answer, &check)
	if err != nil {
		return c, 0, err
	}
	c.RecordedAt = instant(recorded)
	if err := copyDigest(c.Body[:], body); err != nil {
		return c, 0, err
	}
	if c.Received, err = scanDate(received); err != nil {
		return c, 0, err
	}
	if c.Actor, err = scanActor(actor); err != nil {
		return c, 0, err
	}
	if err := json.Unmarshal([]byte(answer), &c.Answer); err != nil {
		return c, 0, fault.New(fault.Corrupt, "store.scan", "a stored claim's answer does not parse")
	}
	return c, check, nil
}

func scanItem(scan func(...any) error) (i openitem.Item, check int64, err error) {
	var entity, fund, fee, binder, prescription int64
	var debtorOn, service, due string
	err = scan(&i.Book, &i.No, &entity, &fund, &i.About, &debtorOn, &i.Invoice, &i.Text, &fee, &i.Privacy,
		&service, &due, &i.Amount, &i.Open, &i.BilledSeq, &check, &binder, &prescription)
	if err != nil {
		return i, 0, err
	}
	i.Fee, i.Binder, i.Prescription = fee != 0, binder != 0, prescription != 0
	if i.Purse, err = scanPurse(entity, fund); err != nil {
		return i, 0, err
	}
	return i, check, scanDates(map[*calendar.Date]string{&i.DebtorOn: debtorOn, &i.ServiceOn: service, &i.DueOn: due})
}

func scanReceipt(scan func(...any) error) (r payment.ReceiptPart, check int64, err error) {
	var entity, fund int64
	var posted, sent string
	err = scan(&r.Book, &r.Seq, &r.Payment, &r.No, &posted, &entity, &fund, &r.About, &r.Amount, &r.Applied, &r.Unapplied,
		&check, &sent)
	if err != nil {
		return r, 0, err
	}
	if r.Purse, err = scanPurse(entity, fund); err != nil {
		return r, 0, err
	}
	return r, check, scanDates(map[*calendar.Date]string{&r.PostedOn: posted, &r.SentOn: sent})
}

func scanPurse(entity, fund int64) (chart.Purse, error) {
	f, err := chart.FundOf(int32(fund))
	if err != nil {
		return chart.Purse{}, fault.New(fault.Corrupt, "store.scan", "%v", err)
	}
	return chart.Purse{Entity: chart.EntityNo(entity), Fund: f}, nil
}

func scanDate(text string) (calendar.Date, error) {
	d, err := calendar.Parse(text)
	if err != nil {
		return d, fault.New(fault.Corrupt, "store.scan", "a stored date does not parse: %v", err)
	}
	return d, nil
}

func scanDates(texts map[*calendar.Date]string) error {
	for date, text := range texts {
		parsed, err := scanDate(text)
		if err != nil {
			return err
		}
		*date = parsed
	}
	return nil
}

func scanActor(text string) (ident.Actor, error) {
	a, err := ident.ParseActor(text)
	if err != nil {
		return a, fault.New(fault.Corrupt, "store.scan", "a stored actor does not parse")
	}
	return a, nil
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func integers[T ~int64](values []T) []int64 {
	out := make([]int64, len(values))
	for i, v := range values {
		out[i] = int64(v)
	}
	return out
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// rowCheck is the part of a document's digest that stands in its own row, so
// that verify can name the row and not only the transaction that covers it.
func rowCheck(d ledger.DocDigest) int64 { return int64(binary.BigEndian.Uint64(d[:8])) }

// Write implements cashier.Store.
func (s *Store) Write(ctx context.Context, w *cashier.Writes) error {
	bulks := []*bulk{headBulk(w.Heads), claimBulk(w.Claims)}
	postings, outbox := postingBulks(w.Transactions)
	suspended, err := s.suspenseBulk(w.Suspense)
	if err != nil {
		return err
	}
	bulks = append(bulks, postings, receiptBulk(w.Receipts), newItemBulk(w.NewItems), itemBulk(w.Items),
		unappliedBulk(w.Unapplied), spentBulk(w.Spent), suspended, releasedBulk(w.Released), endingBulk(w.Endings),
		accountBulk(w.Accounts), progressBulk(w.Progress), outbox, chargeBulk(w.Charges), payerBulk(w.Payers), billedBulk(w.Billed),
		invoiceBulk(w.Invoices), prescriptionBulk(w.Prescriptions), chunkBulk(w.Chunk),
		bankEntryBulk(w.BankEntries), settledBulk(w.Settled), knownBulk(w.Known),
		toldAgainBulk(w.Progress))
	filled := bulks[:0]
	for _, b := range bulks {
		if b.rows > 0 {
			filled = append(filled, b)
		}
	}
	if len(filled) == 0 {
		return nil
	}
	return s.engine.writeOpen(ctx, daysOf(w.Transactions), filled...)
}

// headBulk moves the books' heads first: whoever loses a race for a book learns
// it before anything is written.
func headBulk(heads []cashier.HeadMove) *bulk {
	b := updateOf("book", 1, 2, "book_no", "seq", "status", "seq", "digest", "last_item")
	for _, h := range heads {
		b.add(int64(h.Book), h.From, string(h.Was), h.To.Seq, h.To.Digest[:], h.LastItem)
	}
	return b
}

func claimBulk(claims []cashier.StoredClaim) *bulk {
	b := insertInto("claim", "claim_id", "idem_key", "act", "body_digest", "rail", "amount_cents", "received_on",
		"recorded_at", "actor", "source_book", "parts", "answer", "row_check")
	for i := range claims {
		c := &claims[i]
		b.add(string(c.ID), string(c.Key), string(c.Act), c.Body[:], string(c.Rail), int64(c.Amount), c.Received.String(),
			c.RecordedAt.UnixMicro(), c.Actor.String(), int64(c.Source), int64(c.Parts), answerText(c.Answer),
			rowCheck(c.Digest()))
	}
	return b
}

func answerText(refs []cashier.Ref) string {
	if refs == nil {
		return "[]"
	}
	out := make([]byte, 0, 32*len(refs))
	out = append(out, '[')
	for i, r := range refs {
		if i > 0 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `{"book":%d,"seq":%d}`, r.Book, r.Seq)
	}
	return string(append(out, ']'))
}

func postingBulks(transactions []ledger.Transaction) (postings, outbox *bulk) {
	postings = insertInto("posting", "book_no", "posted_on", "seq", "line", "debit_account", "credit_account",
		"amount_cents", "item_no", "phase", "of_seq", "effective_on", "recorded_at", "event", "link", "actor", "reason", "digest")
	outbox = insertInto("outbox", "book_no", "seq", "event", "recorded_at")
	for i := range transactions {
		t := &transactions[i]
		at := t.RecordedAt.UnixMicro()
		posted, effective, actor := t.PostedOn.String(), t.EffectiveOn.String(), t.Actor.String()
		for line, p := range t.Postings {
			postings.add(int64(t.Book), posted, t.Seq, int64(line+1), int64(p.Debit), int64(p.Credit), int64(p.Cents),
				p.Item, int64(t.Phase), t.Of, effective, at, string(t.Event), t.Link, actor, t.Reason, t.Chained[:])
		}
		if t.Event != chart.BankBooked && t.Event != chart.BankExplained { // the bank's lines are facts of the office alone
			outbox.add(int64(t.Book), t.Seq, string(t.Event), at)
		}
	}
	return postings, outbox
}

func receiptBulk(receipts []payment.ReceiptPart) *bulk {
	b := insertInto("receipt", "book_no", "seq", "payment_id", "part_no", "posted_on", "entity_no", "fund_no", "about_no",
		"amount_cents", "applied_cents", "unapplied_cents", "row_check", "sent_on")
	for i := range receipts {
		r := &receipts[i]
		b.add(int64(r.Book), r.Seq, string(r.Payment), int64(r.No), r.PostedOn.String(), int64(r.Purse.Entity),
			int64(r.Purse.Fund.No()), int64(r.About), int64(r.Amount), int64(r.Applied), int64(r.Unapplied),
			rowCheck(r.Digest()), r.SentOn.String())
	}
	return b
}

func newItemBulk(items []openitem.Item) *bulk {
	b := insertInto("open_item", "book_no", "item_no", "entity_no", "fund_no", "about_no", "debtor_on", "invoice",
		"description", "fee", "privacy", "service_on", "due_on", "amount_cents", "open_cents", "billed_seq", "row_check", "binder",
		"prescription")
	for i := range items {
		it := &items[i]
		b.add(int64(it.Book), it.No, int64(it.Purse.Entity), int64(it.Purse.Fund.No()), int64(it.About), it.DebtorOn.String(),
			it.Invoice, it.Text, flag(it.Fee), string(it.Privacy), it.ServiceOn.String(), it.DueOn.String(), int64(it.Amount),
			int64(it.Open), it.BilledSeq, rowCheck(it.Digest()), flag(it.Binder), flag(it.Prescription))
	}
	return b
}

func itemBulk(moves []cashier.ItemMove) *bulk {
	b := updateOf("open_item", 2, 0, "book_no", "item_no", "open_cents")
	for _, m := range moves {
		b.add(int64(m.Book), m.No, int64(m.Open))
	}
	return b
}

func unappliedBulk(entries []cashier.Unapplied) *bulk {
	b := insertInto("unapplied", "book_no", "seq", "entity_no", "fund_no", "received_on", "amount_cents", "open_cents")
	for _, u := range entries {
		b.add(int64(u.Book), u.Seq, int64(u.Purse.Entity), int64(u.Purse.Fund.No()), u.Received.String(), int64(u.Amount),
			int64(u.Open))
	}
	return b
}

func spentBulk(moves []cashier.UnappliedMove) *bulk {
	b := updateOf("unapplied", 2, 0, "book_no", "seq", "open_cents")
	for _, m := range moves {
		b.add(int64(m.Book), m.Seq, int64(m.Open))
	}
	return b
}

func (s *Store) suspenseBulk(entries []cashier.SuspenseEntry) (*bulk, error) {
	b := insertInto("suspense", "book_no", "seq", "entity_no", "fund_no", "rail", "reason", "received_on", "opened_at",
		"payment_id", "part_no", "amount_cents", "open_cents", "details")
	for i := range entries {
		e := &entries[i]
		plain, err := json.Marshal(e.Details)
		if err != nil {
			return nil, fault.Wrap("store.suspense", err)
		}
		sealed, err := s.seal.Seal(plain, suspenseContext(e.Book, e.Seq))
		if err != nil {
			return nil, fault.Wrap("store.suspense", err)
		}
		b.add(int64(e.Book), e.Seq, int64(e.Purse.Entity), int64(e.Purse.Fund.No()), string(e.Rail), string(e.Reason),
			e.Received.String(), e.OpenedAt.UnixMicro(), string(e.Payment), int64(e.PartNo), int64(e.Amount), int64(e.Open),
			sealed)
	}
	return b, nil
}

func suspenseContext(book ledger.BookNo, seq int64) string {
	return fmt.Sprintf("suspense/%d/%d", book, seq)
}

func releasedBulk(moves []cashier.SuspenseMove) *bulk {
	b := updateOf("suspense", 2, 0, "book_no", "seq", "open_cents")
	for _, m := range moves {
		b.add(int64(m.Book), m.Seq, int64(m.Open))
	}
	return b
}

func endingBulk(endings []cashier.Ending) *bulk {
	b := insertInto("ending", "book_no", "seq", "by_seq")
	for _, e := range endings {
		b.add(int64(e.Book), e.Seq, e.BySeq)
	}
	return b
}

// accountBulk changes where a number's payments go, if nothing was posted to it
// meanwhile.
func accountBulk(moves []cashier.AccountMove) *bulk {
	b := updateOf("book", 1, 1, "book_no", "seq", "status", "merged_into")
	for _, m := range moves {
		b.add(int64(m.Book), m.At, string(m.Status), int64(m.MergedInto))
	}
	return b
}

func progressBulk(p *cashier.Progress) *bulk {
	b := insertInto("file_progress", "book_no", "lane", "chunk_no", "items", "total_cents")
	if p != nil {
		b.add(int64(p.File), int64(p.Lane), int64(p.Chunk), int64(p.Items), int64(p.Cents))
	}
	return b
}
