package notice

import (
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
)

// ofStatus are the letters that a policy's status makes due.
var ofStatus = map[grace.Notice]Kind{
	grace.NoticeBinder: BinderReminder, grace.NoticeDelinquency: APTCDelinquency, grace.NoticeProvider: ProviderGrace,
	grace.NoticeGrace: StateGrace, grace.NoticeTermination: Termination, grace.NoticeCancellation: BinderMissed, grace.NoticeElection: COBRAElection,
	grace.NoticeShortfall: COBRAShortfall, grace.NoticeFailureToPay: MedicareFailureToPay, grace.NoticeDisenrolment: MedicareDisenrolment,
	grace.NoticeReturned: ReturnedPayment, grace.NoticeLateMoney: LateMoney, grace.NoticeDirectBill: DirectBill,
	grace.NoticeReinstatement: Reinstatement, grace.NoticeGroupEnded: GroupEnded, grace.NoticeVoluntaryEnded: CoverageEnded,
}

// KindFor gives the letter for a notice that a policy's status made due. COBRA has
// its own for the first payment and for an early end (29 CFR 2590.606-4(d)). A
// cancellation for another cause than an unpaid binder is Cancelled, which the
// caller knows. It is false for a notice without a letter.
func KindFor(n grace.Notice, line coverage.Line) (Kind, bool) {
	if line == coverage.COBRA {
		switch n {
		case grace.NoticeBinder:
			return COBRAFirstPayment, true
		case grace.NoticeTermination:
			return COBRAEarlyEnd, true
		}
	}
	kind, is := ofStatus[n]
	return kind, is
}
