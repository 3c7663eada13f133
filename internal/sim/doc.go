// Package sim plays a plan's days with everything that goes wrong on them, from
// a seed: payments by all rails, files that come twice, in another order, cut
// short, or with a cheque that came before, moves, reversals, releases, merges,
// refunds and disputes, while the program dies before or after a write, answers
// are lost and the clock jumps. Package audit keeps its own account of the same
// inputs, and at the end the two must agree to the cent.
//
// The same seed plays the same days, so a difference that was found once is found
// again. Start reading at Run.
package sim
