// Package bank simulates the plan's bank: the accounts of its legal entities, what
// is booked on them, and the files that tell of it. Customers leave cheques in a
// lockbox, pay from their own banks, send wires and hand money over a counter; checks
// that the plan issued are presented; deposits bounce; fees are charged.
//
// It knows accounts, bookings and the formats of its files, and writes those with
// code of its own: BAI2, camt.053, camt.054, pacs.008, BAI lockbox, and Nacha through
// moov-io/ach. It shares no code with the office that reads them, so that the two can
// be held against each other, and knows no member, item or ledger.
//
// Invariants:
//   - Every booking (Line) is on disk before a file tells of it, and never changes.
//   - An account's closing balance is its opening balance and the day's lines; the
//     next day opens with it; BAI2 and camt.053 of a day say the same.
//   - What the bank does wrong on request is marked in its books (Line.Wrong), so that
//     a test knows what the office had to find.
//   - A day is closed once. Its documents are made from the books alone, so that a
//     killed bank sends the same ones again under the same names.
//
// Start reading at Bank.Book and Bank.CloseDay.
package bank
