package proof

import (
	"iter"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/audit"
)

// VerifyAudit proves the audit trail: entries numbered without a gap, each
// covered by the digest of the next. It gives how many proved and the first that
// does not; the error is about reading only.
func VerifyAudit(entries iter.Seq2[audit.Entry, error]) (int64, *Broken, error) {
	proved, err := audit.Prove(entries)
	if err == nil {
		return int64(proved), nil, nil
	}
	if fault.KindOf(err) != fault.Corrupt {
		return int64(proved), nil, err
	}
	return int64(proved), &Broken{"audit_entry", "in order of book and number", "an entry that proves", fault.MessageOf(err)}, nil
}
