package store

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/limit"
)

var _ limit.Store = (*Store)(nil)

const (
	// limitSlices is how many rows make up a window: the more, the smoother it
	// slides, and the more rows there are.
	limitSlices = 12
	// limitSpread is how many rows share the counts of subjects that many callers
	// count at once, so that they do not wait for one another's commits.
	limitSpread = 8
	// limitPrint is how many bytes of a fingerprint tell subjects apart.
	limitPrint = 16
	// limitRetries is how often counts are written again when callers met.
	limitRetries = 20
)

// prints are the texts of subjects that were made for a batch: each is asked for
// several times.
type prints map[limit.Subject]string

func (p prints) of(s *Store, subject limit.Subject) (string, error) {
	if known, ok := p[subject]; ok {
		return known, nil
	}
	text, err := s.limitPrintOf(subject)
	p[subject] = text
	return text, err
}

// limitPrintOf gives the text under which a subject is stored.
func (s *Store) limitPrintOf(subject limit.Subject) (string, error) {
	return subject.Print(func(value secret.Text, purpose string) (string, error) {
		sum, err := s.fingerprint(value, purpose)
		return hex.EncodeToString(sum[:min(len(sum), limitPrint)]), err
	})
}

func (s *Store) fingerprint(value secret.Text, purpose string) ([]byte, error) {
	keys, ok := s.seal.(fingerprinter)
	if !ok {
		return nil, fault.New(fault.Internal, "store.fingerprint", "the store was opened without fingerprint keys")
	}
	return keys.Fingerprint(value, purpose)
}

// limitMeasure names a measure with its window: when a rule's window changes,
// its counts begin anew.
func limitMeasure(w limit.Window) string {
	return fmt.Sprintf("%s/%d", w.Measure, w.Within/time.Second)
}

// limitSlice is when the slice of a window began in which an instant lies.
func limitSlice(at time.Time, within time.Duration) time.Time {
	return at.Truncate(within / limitSlices)
}

// tally is one caller's changes and questions.
type tally struct {
	now     time.Time
	add     []limit.Count
	windows []limit.Window
	sums    []limit.Sum
	err     error
}

// limitsTogether is how many callers' counts share a transaction at most.
const limitsTogether = 64

// TallyLimits implements limit.Store. What several callers count at the same time
// shares a transaction.
func (s *Store) TallyLimits(ctx context.Context, now time.Time, add []limit.Count, windows []limit.Window) ([]limit.Sum, error) {
	t := &tally{now: now, add: add, windows: windows, err: errNotTallied}
	s.tallies.Do(ctx, t)
	return t.sums, fault.Wrap("store.TallyLimits", t.err)
}

var errNotTallied = fault.New(fault.Internal, "store.tally", "the counts were not written")

// tallyTogether counts for several callers, each by itself when they cannot together.
func (s *Store) tallyTogether(ctx context.Context, batch []*tally) {
	err := s.tally(ctx, batch)
	if err != nil && len(batch) > 1 {
		for i := range batch {
			s.tallyTogether(ctx, batch[i:i+1])
		}
		return
	}
	for _, t := range batch {
		t.err = err
	}
}

func (s *Store) tally(ctx context.Context, batch []*tally) error {
	prints := prints{}
	rows, err := s.limitRows(batch, prints)
	if err != nil {
		return err
	}
	var queries []query
	q, asked, err := s.limitQuery(batch, prints)
	if err != nil {
		return err
	}
	if asked {
		queries = append(queries, q)
	}
	for range limitRetries {
		for _, t := range batch {
			t.sums = make([]limit.Sum, len(t.windows))
		}
		if rows.rows == 0 {
			return s.engine.read(ctx, queries...)
		}
		if err = s.engine.changePassing(ctx, rows, queries...); !errors.Is(err, cashier.ErrStale) {
			inTurn(batch)
			return err
		}
	}
	return fault.New(fault.Unavailable, "store.tally", "the counts moved too often; try again")
}

// inTurn leaves out of each caller's sums what those after it in the batch
// counted: together they are judged as one after another would be.
func inTurn(batch []*tally) {
	later := map[limit.Window]int64{}
	for _, t := range slices.Backward(batch) {
		for i, w := range t.windows {
			t.sums[i].N -= later[w]
		}
		for _, c := range t.add {
			later[c.Window] += c.N
		}
	}
}

// limitRow is one row of the counts.
type limitRow struct {
	subject, measure, about string
	started                 int64
	n, last, ends           int64
}

// limitRows gives counts as rows, each key once and in one order for all callers,
// so that no two wait for each other.
func (s *Store) limitRows(batch []*tally, prints prints) (*bulk, error) {
	var rows []limitRow
	spread := fmt.Sprint(rand.IntN(limitSpread)) // one for all: what they share is one row
	for _, t := range batch {
		for _, c := range t.add {
			row, err := s.limitRow(t.now, c, prints, spread)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b limitRow) int {
		return cmp.Or(strings.Compare(a.subject, b.subject), strings.Compare(a.measure, b.measure), cmp.Compare(a.started, b.started),
			strings.Compare(a.about, b.about))
	})
	b := insertInto("limit_count", "subject", "measure", "started_at", "about", "n", "last_at", "ends_at")
	b.taken = `ON CONFLICT (subject, measure, started_at, about) DO UPDATE SET n = limit_count.n + excluded.n,
		last_at = CASE WHEN excluded.last_at > limit_count.last_at THEN excluded.last_at ELSE limit_count.last_at END`
	for i := 0; i < len(rows); {
		row := rows[i]
		for i++; i < len(rows) && rows[i].sameKey(&row); i++ {
			row.n, row.last = row.n+rows[i].n, max(row.last, rows[i].last)
		}
		b.add(row.subject, row.measure, row.started, row.about, row.n, row.last, row.ends)
	}
	return b, nil
}

func (s *Store) limitRow(now time.Time, c limit.Count, prints prints, spread string) (limitRow, error) {
	row := limitRow{measure: limitMeasure(c.Window), n: c.N, started: limitSlice(now, c.Within).UnixMicro()}
	// The slice ends one slice later, and leaves the window a window after that.
	row.ends = limitSlice(now, c.Within).Add(c.Within + 2*(c.Within/limitSlices)).UnixMicro()
	if c.Mark {
		row.last = now.UnixMicro()
	}
	var err error
	if row.subject, err = prints.of(s, c.Subject); err != nil {
		return row, err
	}
	row.about, err = prints.of(s, c.About)
	if c.About.IsZero() && (c.Subject.Kind == limit.Everyone || c.Subject.Kind == limit.Address || c.Subject.Kind == limit.Key) {
		row.about = spread
	}
	return row, err
}

func (r *limitRow) sameKey(o *limitRow) bool {
	return r.subject == o.subject && r.measure == o.measure && r.started == o.started && r.about == o.about
}

// limitQuery reads the windows of a batch into its sums, each once. The windows
// come first in the join and each is a range of the key.
func (s *Store) limitQuery(batch []*tally, prints prints) (q query, asked bool, err error) {
	type span struct {
		subject, measure string
		since            int64
	}
	windows := newBulk("w", []string{"place", "subject", "measure", "since"})
	places := map[span]int{}
	var sums [][]func(limit.Sum) // whoever asked for the window of a place
	for _, t := range batch {
		for i, w := range t.windows {
			subject, err := prints.of(s, w.Subject)
			if err != nil {
				return query{}, false, err
			}
			asked := span{subject, limitMeasure(w), limitSlice(t.now.Add(-w.Within), w.Within).UnixMicro()}
			place, known := places[asked]
			if !known {
				place = len(sums)
				places[asked] = place
				sums = append(sums, nil)
				windows.add(int64(place), asked.subject, asked.measure, asked.since)
			}
			sums[place] = append(sums[place], func(sum limit.Sum) { t.sums[i] = sum })
		}
	}
	if len(sums) == 0 {
		return query{}, false, nil
	}
	source, args := s.engine.given(windows)
	return query{
		text: `SELECT w.place, CAST(SUM(c.n) AS BIGINT), COUNT(DISTINCT CASE WHEN c.n > 0 THEN c.about END), MAX(c.last_at)
			FROM ` + source + ` CROSS JOIN limit_count c
			WHERE c.subject = w.subject AND c.measure = w.measure AND c.started_at >= w.since GROUP BY w.place`,
		args: args,
		each: func(scan func(...any) error) error {
			var place, last int64
			var sum limit.Sum
			if err := scan(&place, &sum.N, &sum.Abouts, &last); err != nil {
				return err
			}
			if last > 0 {
				sum.Last = instant(last)
			}
			for _, tell := range sums[place] {
				tell(sum)
			}
			return nil
		},
	}, true, nil
}

// KeepCode implements limit.Store.
func (s *Store) KeepCode(ctx context.Context, code limit.Code) error {
	const op = "store.KeepCode"
	device, err := s.limitPrintOf(code.Device)
	if err != nil {
		return fault.Wrap(op, err)
	}
	print, err := s.codePrint(device, code.Code)
	if err != nil {
		return fault.Wrap(op, err)
	}
	mailbox, err := s.limitPrintOf(code.Mail)
	if err != nil {
		return fault.Wrap(op, err)
	}
	domain, err := s.limitPrintOf(code.Domain)
	if err != nil {
		return fault.Wrap(op, err)
	}
	row := insertInto("limit_code", "device", "code_print", "mailbox", "domain", "tries", "used", "ends_at")
	row.add(device, print, mailbox, domain, int64(0), int64(0), code.Expires.UnixMicro())
	row.taken = `ON CONFLICT (device) DO UPDATE SET code_print = excluded.code_print, mailbox = excluded.mailbox,
		domain = excluded.domain, tries = 0, used = 0, ends_at = excluded.ends_at`
	return fault.Wrap(op, s.engine.change(ctx, row))
}

// codePrint is the keyed hash of a code for one device. Without the key outside
// the database a million tries would find the code.
func (s *Store) codePrint(device string, code secret.Text) (string, error) {
	sum, err := s.fingerprint(secret.New(device+"/"+code.Reveal()), "limit/code")
	return hex.EncodeToString(sum), err
}

// TryCode implements limit.Store.
func (s *Store) TryCode(
	ctx context.Context, now time.Time, device limit.Subject, typed secret.Text, triesMax int,
) (limit.Tried, error) {
	const op = "store.TryCode"
	print, err := s.limitPrintOf(device)
	if err != nil {
		return limit.Tried{}, fault.Wrap(op, err)
	}
	want, err := s.codePrint(print, typed)
	if err != nil {
		return limit.Tried{}, fault.Wrap(op, err)
	}
	var tried limit.Tried
	err = s.engine.exec(ctx, func(tx execer) error {
		tried = limit.Tried{}
		rows, err := tx.QueryContext(ctx, `UPDATE limit_code SET tries = tries + 1
			WHERE device = $1 AND used = 0 AND tries < $2 AND ends_at > $3 RETURNING code_print, mailbox, domain, tries`,
			print, triesMax, now.UnixMicro())
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return rows.Err()
		}
		var kept, mailbox, domain string
		var tries int
		if err := rows.Scan(&kept, &mailbox, &domain, &tries); err != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
		tried.Left = triesMax - tries
		if subtle.ConstantTimeCompare([]byte(kept), []byte(want)) == 0 {
			return nil
		}
		tried = limit.Tried{OK: true, Mail: limit.Printed(limit.Mail, mailbox), Domain: limit.Printed(limit.Domain, domain)}
		_, err = tx.ExecContext(ctx, `UPDATE limit_code SET used = 1 WHERE device = $1`, print)
		return err
	})
	return tried, fault.Wrap(op, err)
}

// SweepLimits implements limit.Store.
func (s *Store) SweepLimits(ctx context.Context, now time.Time, most int) (int, error) {
	var removed int64
	err := s.engine.exec(ctx, func(tx execer) error {
		removed = 0
		for table, key := range map[string]string{"limit_count": "subject, measure, started_at, about", "limit_code": "device"} {
			result, err := tx.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE (%[2]s) IN
				(SELECT %[2]s FROM %[1]s WHERE ends_at < $1 ORDER BY ends_at LIMIT $2)`, table, key), now.UnixMicro(), most)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			removed += n
		}
		return nil
	})
	return int(removed), fault.Wrap("store.SweepLimits", err)
}
