package report

import (
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/billfold/billfold/internal/base/sheet"
)

// totalMark begins the last line of a CSV file, which holds the control totals.
const totalMark = "TOTAL"

// CSV writes the table with its columns' ids, a line per row, and a last line of control
// totals. Texts are shielded against spreadsheets that would run them.
func (t *Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	record := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		record[i] = c.ID
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, row := range t.Rows {
		for i, c := range t.Columns {
			record[i] = c.Write(row[i], false)
			if c.Kind == Text {
				record[i] = sheet.Shield(record[i])
			}
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	sums := t.Sums()
	for i, c := range t.Columns {
		record[i] = ""
		if c.Sum {
			record[i] = c.Write(sums[i], false)
		}
	}
	record[0] = totalMark
	if err := out.Write(record); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// JSON writes the table as one object: rows by their columns' ids, amounts in cents.
func (t *Table) JSON(w io.Writer) error {
	object := func(cells []Cell, only bool) map[string]any {
		fields := map[string]any{}
		for i, c := range t.Columns {
			switch {
			case c.Kind == Text && !only:
				fields[c.ID] = cells[i].Text
			case c.Kind != Text && (c.Sum || !only):
				fields[c.ID] = cells[i].Number
			}
		}
		return fields
	}
	rows := make([]map[string]any, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = object(row, false)
	}
	return json.NewEncoder(w).Encode(map[string]any{
		"report": t.Name, "from": t.From, "to": t.To, "rows": rows, "totals": object(t.Sums(), true),
	})
}
