package enrolment

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/people/billpay"
)

// issueRoundsMax bounds how often numbers are drawn again. Of 12-digit numbers
// one in thousands is refused; so many rounds mean that the numbers of a short
// length are used up.
const issueRoundsMax = 200

// issue gives each person a number that is nobody else's, was never given
// before, and resembles nothing that is on file of the person. The numbers are
// reserved when it returns. Taken lists further texts that none may equal.
func (e *Enrolment) issue(ctx context.Context, persons []billpay.Identifiers, taken map[string]bool) ([]billpay.Number, error) {
	numbers := make([]billpay.Number, len(persons))
	waiting := make([]int, len(persons))
	for i := range waiting {
		waiting[i] = i
	}
	for range issueRoundsMax {
		if len(waiting) == 0 {
			return numbers, nil
		}
		drawn, err := e.candidates(ctx, persons, waiting, taken)
		if err != nil {
			return nil, err
		}
		free, err := e.store.Reserve(ctx, keys(drawn))
		if err != nil {
			return nil, err
		}
		for _, n := range free {
			numbers[drawn[n]] = n
		}
		still := waiting[:0]
		for _, i := range waiting {
			if numbers[i].IsZero() {
				still = append(still, i)
			}
		}
		waiting = still
	}
	return nil, fault.New(fault.Limit, "enrolment.issue", "no free bill pay number was found").
		WithHint("Almost all numbers of the configured length are issued: set a greater number_length in plan.yaml.")
}

// candidates draws a number for each person that waits and keeps those that
// resemble nothing on file, each with the person it is for.
func (e *Enrolment) candidates(
	ctx context.Context, persons []billpay.Identifiers, waiting []int, taken map[string]bool,
) (map[billpay.Number]int, error) {
	drawn := e.issuer.Draw(len(waiting))
	digits := make([]string, len(drawn))
	for i, n := range drawn {
		digits[i] = n.Digits()
	}
	onFile, err := e.store.Identifying(ctx, digits)
	if err != nil {
		return nil, err
	}
	kept := make(map[billpay.Number]int, len(drawn))
	for i, n := range drawn {
		if _, twice := kept[n]; !twice && !taken[digits[i]] && !onFile[digits[i]] && !billpay.Conflicts(n, persons[waiting[i]]) {
			kept[n] = waiting[i]
		}
	}
	return kept, nil
}

func keys(drawn map[billpay.Number]int) []billpay.Number {
	numbers := make([]billpay.Number, 0, len(drawn))
	for n := range drawn {
		numbers = append(numbers, n)
	}
	return numbers
}
