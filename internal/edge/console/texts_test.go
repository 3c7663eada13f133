package console

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/office/suspense"
	"github.com/billfold/billfold/internal/payments/refund"
)

// mayAgree are texts that are the same in both languages.
var mayAgree = map[string]bool{}

var verb = regexp.MustCompile(`%(\[\d\])?[sd]`)

func TestTexts_AreCompleteInEveryLanguage(t *testing.T) {
	for key, text := range texts {
		switch {
		case text.English == "" || text.Spanish == "":
			t.Errorf("%s is not in every language", key)
		case text.English == text.Spanish && !mayAgree[key]:
			t.Errorf("%s is the same in both languages: %q", key, text.English)
		case strings.Join(verb.FindAllString(text.English, -1), "") != strings.Join(verb.FindAllString(text.Spanish, -1), ""):
			t.Errorf("%s takes other values: %q and %q", key, text.English, text.Spanish)
		}
	}
}

// Everything that can occur has its words.
func TestTexts_NameEverythingThatCanOccur(t *testing.T) {
	var keys []string
	add := func(prefix string, names ...string) {
		for _, name := range names {
			keys = append(keys, prefix+name)
		}
	}
	for _, kind := range approval.Kinds() {
		add("approval.kind.", string(kind))
	}
	add("approval.", string(approval.Asked), string(approval.Agreed), string(approval.Refused), string(approval.Withdrawn))
	add("approval.", "agreed.done", "refused.done", "withdrawn.done")
	for _, kind := range recon.Kinds() {
		add("exception.", string(kind), string(kind)+".why")
	}
	add("act.", recon.ActNote, recon.ActOwner, recon.ActExtend, recon.ActQuery, recon.ActProposed, recon.ActExplained, recon.ActWrittenOff,
		recon.ActSuspense, recon.ActUnmatched)
	add("block.", recon.BlockUnexplained, recon.BlockStatement, recon.BlockPastLimit, recon.BlockFile, recon.BlockNotOver, recon.BlockUnbooked)
	for _, state := range []refund.State{
		refund.Requested, refund.Approved, refund.Ordered, refund.Sent, refund.Returned, refund.Unclaimed, refund.Remitted, refund.Cancelled,
	} {
		add("refund.", string(state))
	}
	add("cause.", string(refund.Asked), string(refund.Duty), string(refund.Swept), string(refund.Failed))
	add("tender.", string(refund.Card), string(refund.ACH), string(refund.Check))
	for _, kind := range []suspense.EventKind{
		suspense.Assigned, suspense.Noted, suspense.BankAsked, suspense.NoticeSent, suspense.Asked, suspense.Released, suspense.SentBack, suspense.Matched,
	} {
		add("event.", string(kind))
	}
	for _, ground := range []suspense.Ground{
		suspense.NumberGiven, suspense.OldNumber, suspense.KnownPayer, suspense.NameAgrees, suspense.NameLikely, suspense.NearMiss, suspense.AmountOwed,
	} {
		add("ground.", string(ground))
	}
	for _, state := range []clearing.FileState{
		clearing.Building, clearing.Built, clearing.Approved, clearing.Released, clearing.Placed, clearing.Acknowledged, clearing.Withdrawing,
		clearing.Withdrawn,
	} {
		add("ach.", string(state))
	}
	add("deadline.", "bank_query", "return_to_sender", "unapplied_notice", "refund_decision")
	for _, key := range keys {
		if _, ok := texts[key]; !ok {
			t.Errorf("there is no text %s", key)
		}
	}
}

var named = regexp.MustCompile(`(?:s\.t|s\.line|s\.buttons|\bt)[( ]"([a-z0-9._-]+)"`)

// What code and templates name is there.
func TestTexts_AreThereForEveryKeyThatIsNamed(t *testing.T) {
	for _, pattern := range []string{"*.go", "assets/*.html"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range named.FindAllSubmatch(text, -1) {
				key := string(found[1])
				if _, ok := texts[key]; !ok && !strings.HasSuffix(key, ".") {
					t.Errorf("%s names the text %q, which is not there", path, key)
				}
			}
			for _, found := range columnsNamed.FindAllSubmatch(text, -1) {
				for _, key := range strings.Split(string(found[1]), ",") {
					key = strings.Trim(strings.TrimSpace(key), `"#`)
					if _, ok := texts["col."+key]; !ok {
						t.Errorf("%s names the column %q, which has no text", path, key)
					}
				}
			}
		}
	}
}

var columnsNamed = regexp.MustCompile(`s\.columns\(("[^)]+")\)`)

// A screen without a desk is in no menu and at no address.
func TestNew_LeavesOutWhatHasNoDesk(t *testing.T) {
	if s := New(Options{}); len(s.Menu) != 0 || len(s.Routes) != 0 {
		t.Errorf("without any desk there are %d entries and %d addresses", len(s.Menu), len(s.Routes))
	}
	s := New(Options{Approvals: approval.New(nil, nil)})
	if len(s.Menu) != 1 || s.Menu[0].Needs != access.ReadApprovals || len(s.Texts) == 0 {
		t.Errorf("got %v", s.Menu)
	}
	var _ map[string]web.Text = s.Texts
}
