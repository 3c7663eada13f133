package enrolment_test

import (
	"slices"
	"testing"

	"github.com/billfold/billfold/internal/office/enrolment"
)

func TestList_CountsWhatHasNoRoom(t *testing.T) {
	full := make([]int, enrolment.LinesMax-1)
	lines, more := enrolment.List(full, 0, 7, 8, 9)
	if len(lines) != enrolment.LinesMax || lines[len(lines)-1] != 7 || more != 2 {
		t.Errorf("got %d lines, the last %d, and %d more", len(lines), lines[len(lines)-1], more)
	}
	if lines, more = enrolment.List(lines, more, 1); len(lines) != enrolment.LinesMax || more != 3 {
		t.Errorf("a full list took more: %d lines and %d more", len(lines), more)
	}
	if lines, more = enrolment.List([]int{1}, 4); !slices.Equal(lines, []int{1}) || more != 4 {
		t.Errorf("nothing to add: got %v and %d", lines, more)
	}
}
