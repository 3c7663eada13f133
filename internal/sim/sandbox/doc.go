// Package sandbox runs the simulated counterparties of a plan together: its bank,
// the clearing house and a card processor, with a business clock that can be moved, a
// mailbox over SFTP and as a folder, and an HTTP interface by which tests and
// integrators make things happen and read the counterparties' own books.
//
// It knows which file that came in is for whom, when a banking day ends and where
// documents are put. It knows nothing of the office on the other side, and nothing of
// what is real: every account is made up.
//
// Invariants:
//   - What came in is taken once, whole, and kept under in/taken; what nobody takes is
//     kept under in/refused.
//   - A banking day ends once, in one order: returns in the morning, files as they
//     come, settlement, payouts, deposits, statements.
//   - A killed sandbox goes on where it was; its clock does not go back.
//
// Start reading at Open and Sandbox.Advance.
package sandbox
