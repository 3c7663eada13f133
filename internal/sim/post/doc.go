// Package post carries the documents of simulated counterparties to the office, and
// loses, delays, doubles, reorders, cuts and garbles them as a fault plan says. It
// keeps every document as it was made, so that one can be asked for again as with a
// real bank, and keeps a list of what it planted, so that a test knows what the
// office had to find.
//
// It knows names, kinds and days of documents and not what is in them.
//
// Invariants:
//   - A document is known by its name; delivered again it is the same document and
//     nothing happens.
//   - What befalls a document follows from the plan's seed, its kind and how many of
//     its kind came before it, and from nothing else: the same documents meet the
//     same faults, also after the process was killed.
//   - Every fault is on disk in the list of what was planted before it shows.
//
// Start reading at Office.Deliver.
package post
