package billpay

import "slices"

// run is a stretch of ASCII digits in a text with no digit on either side.
type run struct{ start, end int }

func (r run) width() int { return r.end - r.start }

// CandidatesIn finds up to most numbers in free text such as a bank's remittance
// line, in order and without repeats: runs of 10 to 12 digits, and the printed
// groups (4-4-4, 4-4-3, 4-3-3) with the same single blank, hyphen or dot between
// them. One more group of four on either side makes it a longer number, such as
// a card's, and it is passed over.
//
// One run in ten passes the check by chance: a candidate is worth a look in the
// directory and no more, and two that are both on file are for a person to decide.
func CandidatesIn(text string, most int) []Number {
	var found []Number
	var window [3]run // the last three runs seen
	var earlier run   // the one before them
	for at := 0; at < len(text) && len(found) < most; {
		r := nextRun(text, at)
		earlier = window[0]
		window = [3]run{window[1], window[2], r}
		at = r.end
		if r.width() == 0 {
			break
		}
		n := numberIn(text[r.start:r.end])
		if n == 0 {
			n = groupedIn(text, earlier, window)
		}
		if n != 0 && !slices.Contains(found, n) {
			found = append(found, n)
		}
	}
	return found
}

// nextRun finds the first run at or after from; an empty run ends the text.
func nextRun(text string, from int) run {
	for from < len(text) && !isASCIIDigit(text[from]) {
		from++
	}
	end := from
	for end < len(text) && isASCIIDigit(text[end]) {
		end++
	}
	return run{from, end}
}

func isASCIIDigit(c byte) bool { return c >= '0' && c <= '9' }

// numberIn gives the number that digits spell, or 0.
func numberIn(digits string) Number {
	if len(digits) < DigitsMin || len(digits) > DigitsMax || digits[0] == '0' {
		return 0
	}
	value := int64(0)
	for i := range len(digits) {
		value = value*10 + int64(digits[i]-'0')
	}
	if judge(value) != 0 {
		return 0
	}
	return Number(value)
}

// groupedIn gives the number that three runs spell as printed groups, or 0.
func groupedIn(text string, earlier run, groups [3]run) Number {
	a, b, c := groups[0], groups[1], groups[2]
	switch [3]int{a.width(), b.width(), c.width()} {
	case [3]int{4, 4, 4}, [3]int{4, 4, 3}, [3]int{4, 3, 3}:
	default:
		return 0
	}
	sign := joint(text, a, b)
	if sign == 0 || joint(text, b, c) != sign {
		return 0
	}
	later := nextRun(text, c.end)
	if earlier.width() == 4 && joint(text, earlier, a) == sign || later.width() == 4 && joint(text, c, later) == sign {
		return 0
	}
	return numberIn(text[a.start:a.end] + text[b.start:b.end] + text[c.start:c.end])
}

// joint gives the one sign that joins two runs as groups of a number, or 0.
func joint(text string, left, right run) byte {
	if right.start != left.end+1 {
		return 0
	}
	switch sign := text[left.end]; sign {
	case ' ', '-', '.':
		return sign
	}
	return 0
}
