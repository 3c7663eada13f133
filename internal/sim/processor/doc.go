// Package processor simulates a card processor over HTTP: the subset of Stripe's
// API, webhooks, browser script and hosted page that the product uses, with books
// of its own and faults on demand. It is a stand-in for tests and demonstrations
// and takes test cards only (package testcard).
//
// It knows cards, charges and disputes as a processor does. It knows nothing of
// the product: no bill pay number, no ledger, no code shared with either side of
// the wire, so that the two can be held against each other.
//
// Invariants:
//   - What was answered is durable: every change is one line of a journal that is
//     flushed to disk before the answer leaves, and the journal is replayed at start.
//   - The books (Entry) are only added to. They are what an auditor reads.
//   - An idempotency key does its work once, and answers the same afterwards.
//   - A card number lives in memory for one request. The journal has its last four
//     digits, a keyed digest and the name of its behaviour; no log line has any.
//   - Faults are drawn from a seed: the same plan deals the same faults to the
//     same sequence of requests at an address.
//
// Beside what Stripe does there are /books and /control, for auditors and tests.
//
// Start reading at Open and Processor.perform, then turn.authorise.
package processor
