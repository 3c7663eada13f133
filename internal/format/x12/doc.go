// Package x12 reads and writes ASC X12 interchanges: the envelope that every
// transaction set travels in, the 834 enrolment file in full and both ways, the
// premium payments of the 820 by both guides, the balance of the 835, and the
// 999 and TA1 that answer what was received or sent.
//
// It knows delimiters, segments, control numbers and counts, and the rules of
// the implementation guides that decide whether a file can be trusted. It does
// not know members, money owed, the network or the disk: whoever maps a
// [Member834] to enrolment, or an [Entry820] to what is owed, brings the bytes
// and keeps the result.
//
// Invariants:
//   - Everything streams. Memory is bounded by [SegmentMax], [EnvelopesMax] and
//     the longest member or entry allowed, never by the size of the file.
//   - Every problem carries the physical line and, in its message, the ordinal
//     of the segment in the file, because many files are a single line.
//   - A file whose own counts, control numbers or totals disagree is readable
//     and flagged (fault.Problem.Control); one that breaks the syntax or leaves
//     out what its guide requires is refused. Facts are reported either way.
//   - Messages quote codes, counts and totals, never names, identifiers of
//     persons or birth dates.
//
// Start reading at [Read] (envelope), [Read834] (members), [Read820] (premium
// payments), [ReadAnswers] (what partners say of ours), [Inspect] (facts of any
// set), [Writer], [Begin834] (what we say of members) and [Acknowledge].
package x12
