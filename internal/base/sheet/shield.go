package sheet

import "strings"

// formulaStart are the characters by which a spreadsheet takes a cell for a
// formula (OWASP, "CSV Injection"), with their full-width twins, and the
// apostrophe that shields them.
const formulaStart = "=+-@\t\r'＝＋－＠"

// Shield puts an apostrophe before a value that a spreadsheet would run, for a
// table that is written. Values that start with an apostrophe get one too, so that
// Read gives back exactly what was written.
func Shield(value string) string {
	if startsFormula(value) {
		return "'" + value
	}
	return value
}

// unshield undoes Shield.
func unshield(value string) string {
	if rest, ok := strings.CutPrefix(value, "'"); ok && startsFormula(rest) {
		return rest
	}
	return value
}

func startsFormula(value string) bool {
	for _, first := range value {
		return strings.ContainsRune(formulaStart, first)
	}
	return false
}
