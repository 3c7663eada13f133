package notice_test

import (
	"testing"

	"github.com/billfold/billfold/internal/office/notice"
)

func TestReturnOf_ReadsClassesAndBanksCodesAndGuessesNothing(t *testing.T) {
	for reason, want := range map[string]notice.ReturnReason{
		"no_funds": notice.NoFunds, "No_Funds: the bank's letter of today": notice.NoFunds, "R01": notice.NoFunds, "r01 from the file": notice.NoFunds,
		"NSF, second time": notice.NoFunds, "R02": notice.NoAccount, "R03;": notice.NoAccount, "R08.": notice.Stopped, "stopped": notice.Stopped,
		"R10: not authorised": notice.Disputed, "disputed": notice.Disputed, "other": notice.OtherReturns,
		"": "", "entered by mistake": "", "returned NSF": "", "R16": "", "nsfw": "", "another": "", "R011": "",
	} {
		if got := notice.ReturnOf(reason); got != want {
			t.Errorf("%q: got %q, want %q", reason, got, want)
		}
	}
}
