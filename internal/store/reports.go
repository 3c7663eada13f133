package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/report"
)

var _ report.Store = (*Store)(nil)

// reportQuery is a report's statement and how its rows become cells.
type reportQuery struct {
	text string
	args []any
	// columns says of each column of the statement what it is: "t" text, "n" number, "a"
	// the number of an account.
	columns string
}

// ReportRows implements report.Store.
func (s *Store) ReportRows(ctx context.Context, name report.Name, p report.Period) ([][]report.Cell, error) {
	q, ok := reportOf(name, p)
	if !ok {
		return nil, fault.New(fault.Invalid, "store.ReportRows", "the report %q is not added up by the store alone", name)
	}
	var rows [][]report.Cell
	err := s.snapshot(ctx, func(v *view) error {
		return v.read(query{text: q.text, args: q.args, each: func(scan func(...any) error) error {
			row, err := q.scan(scan)
			rows = append(rows, row)
			return err
		}})
	})
	return rows, fault.Wrap("store.ReportRows", err)
}

func (q *reportQuery) scan(scan func(...any) error) ([]report.Cell, error) {
	texts, numbers := make([]string, len(q.columns)), make([]int64, len(q.columns))
	dest := make([]any, len(q.columns))
	for i, kind := range q.columns {
		dest[i] = &numbers[i]
		if kind == 't' {
			dest[i] = &texts[i]
		}
	}
	if err := scan(dest...); err != nil {
		return nil, err
	}
	row := make([]report.Cell, len(q.columns))
	for i, kind := range q.columns {
		switch kind {
		case 't':
			row[i] = report.T(texts[i])
		case 'a':
			row[i] = report.T(chart.Name(ledger.Account(numbers[i])))
		default:
			row[i] = report.N(numbers[i])
		}
	}
	return row, nil
}

func reportOf(name report.Name, p report.Period) (q reportQuery, ok bool) {
	days := []any{p.From.String(), p.To.String()}
	switch name {
	case report.CashByRail:
		return reportQuery{`SELECT posted_on, account_no, CAST(SUM(items) AS BIGINT),
				CAST(SUM(CASE WHEN cents > 0 THEN cents ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN cents < 0 THEN -cents ELSE 0 END) AS BIGINT),
				CAST(SUM(cents) AS BIGINT)
			FROM clearing_flow WHERE posted_on BETWEEN $1 AND $2 GROUP BY posted_on, account_no ORDER BY posted_on, account_no`, days, "tannnn"}, true
	case report.Receivables:
		return agedReport("open_item", "due_on", []int{0, 30, 60, 90}, p.To, int64(chart.Receivable)), true
	case report.Unapplied:
		unapplied := agedReport("unapplied", "received_on", []int{5, 30, 60, 90}, p.To, int64(chart.Unapplied))
		suspense := agedReport("suspense", "received_on", []int{5, 30, 60, 90}, p.To, int64(chart.Suspense))
		unapplied.text += ` UNION ALL ` + suspense.text + ` ORDER BY 1`
		return unapplied, true
	case report.Deferred:
		return reportQuery{`SELECT entity_no * 10000 + fund_no * 100 + 10, substr(service_on, 1, 7), COUNT(*), CAST(SUM(amount_cents) AS BIGINT),
				CAST(SUM(amount_cents - open_cents) AS BIGINT)
			FROM open_item WHERE service_on > $1 GROUP BY entity_no, fund_no, substr(service_on, 1, 7) ORDER BY 1, 2`, []any{p.To.String()}, "atnnn"}, true
	case report.Returns:
		return reportQuery{`SELECT posted_on, credit_account, event, COUNT(*), CAST(SUM(amount_cents) AS BIGINT) FROM posting
			WHERE posted_on BETWEEN $1 AND $2 AND phase IN (1, 3) AND event IN ('payment.received.reversed', 'payment.suspended.reversed', 'payment.disputed')
				AND credit_account % 100 BETWEEN 2 AND 9
			GROUP BY posted_on, credit_account, event ORDER BY 1, 2, 3`, days, "tatnn"}, true
	case report.Refunds:
		return reportQuery{`SELECT posted_on, CASE WHEN debit_account % 100 = 32 THEN debit_account ELSE credit_account END, event, COUNT(*),
				CAST(SUM(amount_cents) AS BIGINT)
			FROM posting WHERE posted_on BETWEEN $1 AND $2 AND phase IN (1, 3) AND (debit_account % 100 = 32 OR credit_account % 100 = 32)
			GROUP BY posted_on, CASE WHEN debit_account % 100 = 32 THEN debit_account ELSE credit_account END, event ORDER BY 1, 2, 3`, days, "tatnn"}, true
	case report.TrialBalance:
		return reportQuery{trialBalance, days, "annnn"}, true
	case report.Ledger:
		return reportQuery{`SELECT posted_on, event, debit_account, credit_account, COUNT(*), CAST(SUM(amount_cents) AS BIGINT) FROM posting
			WHERE posted_on BETWEEN $1 AND $2 AND phase IN (1, 3) GROUP BY posted_on, event, debit_account, credit_account
			ORDER BY 1, 2, 3, 4`, days, "ttaann"}, true
	}
	return reportQuery{}, false
}

const trialBalance = `SELECT account_no, CAST(SUM(CASE WHEN before = 1 THEN debit - credit ELSE 0 END) AS BIGINT),
		CAST(SUM(CASE WHEN before = 0 THEN debit ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN before = 0 THEN credit ELSE 0 END) AS BIGINT),
		CAST(SUM(debit - credit) AS BIGINT)
	FROM (
		SELECT debit_account AS account_no, CASE WHEN posted_on < $1 THEN 1 ELSE 0 END AS before, SUM(amount_cents) AS debit, 0 AS credit
			FROM posting WHERE posted_on <= $2 AND phase IN (1, 3) GROUP BY debit_account, CASE WHEN posted_on < $1 THEN 1 ELSE 0 END
		UNION ALL SELECT credit_account, CASE WHEN posted_on < $1 THEN 1 ELSE 0 END, 0, SUM(amount_cents)
			FROM posting WHERE posted_on <= $2 AND phase IN (1, 3) GROUP BY credit_account, CASE WHEN posted_on < $1 THEN 1 ELSE 0 END
	) t GROUP BY account_no ORDER BY account_no`

// agedReport sums what is open up by how many days its date lies before a day: above
// none of the bounds, the first, and so on.
func agedReport(table, date string, bounds []int, on calendar.Date, code int64) reportQuery {
	var sums []string
	before := ""
	for _, days := range bounds {
		from := on.AddDays(-days).String()
		condition := fmt.Sprintf("%s >= '%s'", date, from)
		if before != "" {
			condition += fmt.Sprintf(" AND %s < '%s'", date, before)
		}
		sums = append(sums, condition)
		before = from
	}
	sums = append(sums, fmt.Sprintf("%s < '%s'", date, before))
	for i, condition := range sums {
		sums[i] = `CAST(SUM(CASE WHEN ` + condition + ` THEN open_cents ELSE 0 END) AS BIGINT)`
	}
	return reportQuery{
		text: fmt.Sprintf(`SELECT entity_no * 10000 + fund_no * 100 + %d, COUNT(*), %s, CAST(SUM(open_cents) AS BIGINT) FROM %s
			WHERE open_cents > 0 GROUP BY entity_no, fund_no`, code, strings.Join(sums, ", "), table),
		columns: "an" + strings.Repeat("n", len(sums)+1),
	}
}
