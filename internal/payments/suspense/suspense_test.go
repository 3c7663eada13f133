package suspense_test

import (
	"slices"
	"testing"

	"github.com/billfold/billfold/internal/payments/suspense"
)

func TestReasons_EachSaysWhatToDo(t *testing.T) {
	said := map[string]suspense.Reason{}
	for _, reason := range suspense.Reasons() {
		text := reason.Explain()
		if text == "" {
			t.Errorf("%s is not explained", reason)
		}
		if other, taken := said[text]; taken {
			t.Errorf("%s and %s are explained by the same words", reason, other)
		}
		said[text] = reason
	}
	if slices.Index(suspense.Reasons(), suspense.PossibleDuplicate) != 0 {
		t.Error("a possible duplicate must be told before what its number is worth")
	}
}
