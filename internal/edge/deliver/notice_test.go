package deliver

import (
	"io"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

var _ notice.Mailer = (*Post)(nil)

func noticePost(t *testing.T, road Road) *Post {
	t.Helper()
	h := head()
	h.Letters = "https://pay.cedarvalley.example/letter/"
	p, err := New(road, h, house{}, clock.At(monday))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The mail says that a letter is there and nothing of what it is about.
func TestNotice_Golden(t *testing.T) {
	for _, language := range []string{"en", "es"} {
		var b box
		id, err := noticePost(t, &b).Notice(t.Context(), "ana@example.org", language, "tok", "notice:1")
		if err != nil {
			t.Fatal(err)
		}
		l := b.letters[0]
		golden(t, "notice."+language+".txt", "=== "+l.Subject+"\n"+l.Text)
		if id != l.ID+"@cedarvalley.example" {
			t.Errorf("the Message-ID is %q, given was %q", l.ID, id)
		}
		whole := strings.ToLower(raw(t, l))
		for _, private := range []string{"$", "premium", "prima", "coverage", "cobertura", "grace", "gracia", "notice:1", "medicare", "cobra"} {
			if strings.Contains(whole, private) {
				t.Errorf("the mail in %s tells %q", language, private)
			}
		}
	}
}

func TestNotice_OverAServer(t *testing.T) {
	server := newMailServer(t, nil, nil)
	post := noticePost(t, reach(t, server, SMTPOptions{Host: "127.0.0.1"}, nil))
	first, err := post.Notice(t.Context(), "ana@example.org", "es", "tok", "notice:1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := post.Notice(t.Context(), "ana@example.org", "es", "tok", "notice:1")
	if err != nil || again != first {
		t.Errorf("the same letter again: %q and %q, %v", first, again, err)
	}
	if other, err := post.Notice(t.Context(), "ana@example.org", "es", "tok", "notice:2"); err != nil || other == first {
		t.Errorf("another letter: %q and %q, %v", first, other, err)
	}
	if len(server.letters) != 3 || !strings.Contains(server.letters[0], "Message-ID: <"+first+">") {
		t.Errorf("the server got %q", server.letters)
	}
}

func TestNotice_SaysWhatBecameOfIt(t *testing.T) {
	gone := newMailServer(t, nil, map[string]string{"RCPT": "550 5.1.1 no such mailbox"})
	_, err := noticePost(t, reach(t, gone, SMTPOptions{Host: "127.0.0.1"}, nil)).Notice(t.Context(), "gone@example.org", "en", "tok", "notice:1")
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("an address that takes no mail: got %v", err)
	}
	busy := newMailServer(t, nil, map[string]string{"RCPT": "451 4.3.0 later"})
	_, err = noticePost(t, reach(t, busy, SMTPOptions{Host: "127.0.0.1"}, nil)).Notice(t.Context(), "ana@example.org", "en", "tok", "notice:1")
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a server that is busy: got %v", err)
	}
}

// A letter that nobody can read is not delivered.
func TestNotice_NeedsAPageToReadItOn(t *testing.T) {
	var b box
	_, err := newPost(t, &b).Notice(t.Context(), "ana@example.org", "en", "tok", "notice:1")
	if fault.KindOf(err) != fault.Denied || len(b.letters) != 0 {
		t.Errorf("got %v and %d letters", err, len(b.letters))
	}
}

// regions sends for every region.
type regions struct{ pack region.Pack }

func (r regions) Sender(region.ID) (notice.Sender, bool) { return notice.Sender{Pack: r.pack}, true }

var linked = regexp.MustCompile(`https://pay\.cedarvalley\.example/letter/([0-9a-z]{26})`)

// From a duty to a mail on a server, whose link leads to the letter; where the
// server refuses the address, paper is due and the consent is over.
func TestNotice_FromTheDeskOverAServer(t *testing.T) {
	pack, problems := region.Load("../../../configs/cedar-valley/regions/front-range.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, tc := range []struct {
		situation string
		answers   map[string]string
		sent      int
	}{{"taken", nil, 1}, {"refused", map[string]string{"RCPT": "550 5.1.1 no such mailbox"}, 0}} {
		storetest.Each(t, func(t *testing.T, o *storetest.Office) {
			server := newMailServer(t, nil, tc.answers)
			post := noticePost(t, reach(t, server, SMTPOptions{Host: "127.0.0.1"}, nil))
			desk := notice.NewDesk(o.Store, regions{pack}, post, clock.At(storetest.Start))
			number, day := o.Residents(t, "front-range", "80302")[0], calendar.MustParse("2026-11-23")
			book := ledger.BookNo(number)
			n := notice.Notice{
				Book: book, Policy: coverage.Key{Number: number, No: 1}, Kind: notice.Reinstatement, Key: "1:back", MadeOn: day, Language: "es",
				Facts: notice.Facts{Line: coverage.Direct, CoverStarts: day},
			}
			err := desk.GiveConsent(t.Context(), notice.Consent{
				Book: book, GivenOn: day, Wording: "2026-1", Address: "ana@example.org", How: notice.ByMail, Evidence: "message 1",
				Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := desk.Keep(t.Context(), []notice.Notice{n}); err != nil {
				t.Fatal(err)
			}
			done, err := desk.Mail(t.Context(), day)
			if err != nil || done.Sent != tc.sent || done.Refused != 1-tc.sent || len(server.letters) != tc.sent {
				t.Fatalf("%s: %+v, %v, and the server has %d", tc.situation, done, err, len(server.letters))
			}
			standing, err := o.Store.StandingConsents(t.Context(), []ledger.BookNo{book}, day)
			if err != nil || len(standing) != tc.sent {
				t.Errorf("%s: %d consents stand, %v", tc.situation, len(standing), err)
			}
			paper, err := o.Store.DueRefs(t.Context(), notice.Letters, notice.Ref{}, 9)
			if err != nil || len(paper) != 1-tc.sent {
				t.Errorf("%s: on paper is due %v, %v", tc.situation, paper, err)
			}
			if tc.sent == 0 {
				return
			}
			body, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(server.letters[0])))
			if err != nil {
				t.Fatal(err)
			}
			token := linked.FindSubmatch(body)
			if token == nil {
				t.Fatalf("the mail has no link:\n%s", body)
			}
			if link, found, err := desk.Linked(t.Context(), notice.TokenDigest(string(token[1]))); err != nil || !found || link.Key != n.Key {
				t.Errorf("the link leads to %+v, %v, %v", link, found, err)
			}
			if strings.Contains(string(body), "Reader0") || strings.Contains(string(body), number.Digits()) {
				t.Error("the mail tells whose letter it is")
			}
		})
	}
}
