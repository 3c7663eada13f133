package billpay

// damm is the weakly totally anti-symmetric quasigroup of order 10 from Damm's
// thesis, in the form with zeros on the diagonal. Its rows and columns are
// permutations, so one wrong digit always changes the result; and (c*x)*y never
// equals (c*y)*x for x != y, so a swap of neighbours always does.
var damm = [10][10]uint8{
	{0, 3, 1, 7, 5, 9, 8, 6, 4, 2},
	{7, 0, 9, 2, 1, 5, 4, 8, 6, 3},
	{4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
	{1, 7, 5, 0, 9, 8, 3, 4, 2, 6},
	{6, 1, 2, 3, 0, 4, 5, 9, 7, 8},
	{3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
	{5, 8, 6, 9, 7, 2, 0, 1, 3, 4},
	{8, 9, 4, 5, 3, 6, 2, 0, 1, 7},
	{9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
	{2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
}

// interim runs the decimal digits of value through the table. The result is the
// check digit that value lacks, and 0 when its last digit already is one.
func interim(value uint64) uint8 {
	var digits [20]uint8 // a uint64 has at most 20 digits
	first := len(digits)
	for ; value > 0; value /= 10 {
		first--
		digits[first] = uint8(value % 10)
	}
	var state uint8
	for _, d := range digits[first:] {
		state = damm[state][d]
	}
	return state
}
