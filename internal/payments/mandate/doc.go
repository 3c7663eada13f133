// Package mandate knows on what authority money is pulled from a payer: bank
// accounts and stored cards, the consent that a payer gave to have them debited, in
// which words and by which channel it was given, what it allows, and when each debit
// is due, announced and sent.
//
// It is rules only: pure functions over dates and amounts. It keeps nothing, calls
// nobody and knows no file format; package office/autopay carries it out.
//
// Invariants:
//   - A bank account number prints masked and leaves only through secret.Text.
//   - A card is a processor's token; its number is never here.
//   - A consent has a wording of a known version, its digest, a channel and evidence.
//     Which entry class the clearing house sees follows from the channel.
//   - A mandate belongs to a billing account and a purse, and to no policy: so it goes
//     on through renewal, change of plan and change of coverage.
//
// Sources: 12 CFR 1005.10 (Regulation E), the Nacha Operating Rules on WEB, TEL, PPD
// and CCD entries, 15 U.S.C. 7001 (ESIGN). Start reading at Mandate, then Schedule in plan.go.
package mandate
