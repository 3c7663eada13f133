// Package clearinghouse simulates the clearing house (ACH) and all banks behind it:
// it takes the files that the plan originates, acknowledges or rejects each, settles
// their entries with the plan's bank on their day, and sends back what the receiving
// banks return or want changed, on the lawful day or late.
//
// It reads and writes Nacha through moov-io/ach and shares no code with the office
// that wrote the files. It knows entries, companies and accounts, and no member, item
// or ledger.
//
// Invariants:
//   - A file is taken once: the same bytes, or the same header with the same totals,
//     are a duplicate and settle nothing.
//   - What becomes of an entry follows from the rules, their seed and the entry's
//     trace, and from nothing else.
//   - An entry settles once and comes back at most once; the bank books each sum under
//     a key, so that a killed clearing house books nothing twice.
//
// Start reading at House.Take, then Settle and Return.
package clearinghouse
