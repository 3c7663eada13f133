// Package month makes up a month of a plan's money at its counterparties, from a seed:
// payments over every rail, what the banks send of them day by day, and one break of
// every kind that happens in practice. It says what it planted and what the office must
// report of it, so that a test can hold that every break is reported once and nothing
// is invented.
//
// It plays the bank, the clearing house and a processor's settlement, and knows nothing
// of the office: whoever plays the office takes each day's files, sends what is to be
// pulled, and ends the day.
//
// Invariants: the same options make the same month, byte for byte; every cent that the
// bank books is told by a file, a settlement report or a planted break; a break shows
// on its day and nowhere else.
//
// Start reading at New, Month.Begin and Month.End.
package month
