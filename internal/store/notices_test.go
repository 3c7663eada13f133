package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/store/storetest"
)

// keepNotice keeps a letter for a new member and gives it.
func keepNotice(t *testing.T, o *storetest.Office) notice.Notice {
	t.Helper()
	number := o.Members(t, 1)[0]
	day := calendar.MustParse("2026-11-23")
	n, err := notice.New(notice.Notice{
		Book: ledger.BookNo(number), Policy: coverage.Key{Number: number, No: 2}, Kind: notice.Reinstatement, Key: "notice/x", DueBy: day.AddDays(10),
		MadeOn: day, Language: "en", Facts: notice.Facts{Line: coverage.PDP, CoverStarts: day},
	})
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := o.Store.KeepNotices(t.Context(), []notice.Notice{n}); err != nil || kept != 1 {
		t.Fatalf("%d kept, %v", kept, err)
	}
	return n
}

func sentOnPaper(n notice.Notice) notice.Settled {
	return notice.Settled{Ref: notice.Ref{Book: n.Book, Key: n.Key, Road: notice.ByChoice}, Delivery: &notice.Delivery{
		Book: n.Book, Key: n.Key, Channel: notice.Paper, Result: notice.Sent, At: storetest.Start, Ref: "letters-001", Digest: "d", Language: "en",
		Review: notice.Source,
	}}
}

var lettersFile = notice.PrintFile{Name: "letters-001", Batch: "letters", File: 1, Letters: 1, SHA256: "s", Control: "c", MadeAt: storetest.Start}

// The file and the proof of what is in it are kept together or not at all.
func TestSettle_AllOrNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx, n, other := t.Context(), keepNotice(t, o), keepNotice(t, o)
		missing := other
		missing.Key = "notice/none"
		err := o.Store.Settle(ctx, []notice.Settled{sentOnPaper(n), sentOnPaper(missing)}, &lettersFile)
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("with one that is not due: got %v", err)
		}
		due, err := o.Store.DueOf(ctx, []ledger.BookNo{n.Book, other.Book})
		if err != nil || len(due) != 2 {
			t.Errorf("%d are due, %v", len(due), err)
		}
		if proof, err := o.Store.DeliveriesOf(ctx, n.Book); err != nil || len(proof) != 0 {
			t.Errorf("there is proof %+v, %v", proof, err)
		}
		if _, found, err := o.Store.PrintFileOf(ctx, "letters-001"); found || err != nil {
			t.Errorf("the file was recorded: %v, %v", found, err)
		}

		if err := o.Store.Settle(ctx, []notice.Settled{sentOnPaper(n)}, &lettersFile); err != nil {
			t.Fatal(err)
		}
		// A second file of the same name would be a second proof of other letters.
		if err := o.Store.Settle(ctx, []notice.Settled{sentOnPaper(other)}, &lettersFile); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the same file again: got %v", err)
		}
		if due, err := o.Store.DueOf(ctx, []ledger.BookNo{n.Book, other.Book}); err != nil || len(due) != 1 || due[0].Notice != other {
			t.Errorf("due is %+v, %v", due, err)
		}
		if last, err := o.Store.LastPrintFile(ctx, "letters"); err != nil || last != 1 {
			t.Errorf("the last file is %d, %v", last, err)
		}
	})
}

// Proof that can be changed is none.
func TestNotices_CannotBeChanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		n := keepNotice(t, o)
		err := errors.Join(
			o.Store.Settle(t.Context(), []notice.Settled{sentOnPaper(n)}, &lettersFile),
			o.Store.AddConsent(t.Context(), notice.Consent{Book: n.Book, GivenOn: n.MadeOn, Wording: "1", Address: "ana@example.org", Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"}, At: storetest.Start}),
		)
		if err != nil {
			t.Fatal(err)
		}
		db := guarded(t, o)
		for table, column := range map[string]string{"notice": "facts", "notice_delivery": "digest", "notice_print": "sha256", "e_consent": "address"} {
			refused(t, o, db, table, "updated", fmt.Sprintf("UPDATE %s SET %s = 'x'", table, column))
			refused(t, o, db, table, "deleted", "DELETE FROM "+table)
		}
		for what, statement := range map[string]string{
			"a channel that is none":         "INSERT INTO notice_delivery SELECT book_no, notice_key, 'pigeon', result, at, ref, digest, language, review FROM notice_delivery",
			"a review that is none":          "INSERT INTO notice SELECT book_no, 'k', policy_book, policy_no, kind, due_by, made_on, language, 'fine', facts FROM notice",
			"withdrawn before it was given":  "INSERT INTO e_consent SELECT book_no, 2, given_on, '2026-01-01', wording, address, how, evidence, actor, noted_at FROM e_consent",
			"a consent to unknown words":     "INSERT INTO e_consent SELECT book_no, 2, given_on, '', '', address, how, evidence, actor, noted_at FROM e_consent",
			"a road that leads nowhere":      "INSERT INTO notice_due SELECT book_no, notice_key, 'air' FROM notice",
			"a text where a number belongs":  "INSERT INTO notice_due SELECT 'x', notice_key, 'paper' FROM notice",
			"a print file without a letter":  "INSERT INTO notice_print SELECT 'b', batch, file_no, 0, sha256, control, made_at, pages, cents FROM notice_print",
			"proof without what it is proof": "INSERT INTO notice_delivery SELECT book_no, 'k', channel, result, at, ref, '', language, review FROM notice_delivery",
		} {
			if err := o.Store.Exec(t.Context(), statement); err == nil {
				t.Errorf("%s was kept", what)
			}
		}
	})
}
