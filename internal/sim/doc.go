// Package sim plays a plan's days with everything that goes wrong on them, from
// a seed: payments by all rails, files that come twice, in another order or with
// a cheque that came before, moves, reversals, releases, merges. Package audit
// keeps its own account of the same inputs, and at the end the two must agree to
// the cent. The simulation is a test and has no code of its own. Start reading
// at TestSimulation.
package sim
