package deliver

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/notice"
)

var _ notice.Mailer = (*Post)(nil)

func noticePost(t *testing.T, road Road) *Post {
	t.Helper()
	h := head()
	h.Letters = "https://pay.cedarvalley.example/letters"
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
		id, err := noticePost(t, &b).Notice(t.Context(), "ana@example.org", language, "notice:1")
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
	first, err := post.Notice(t.Context(), "ana@example.org", "es", "notice:1")
	if err != nil {
		t.Fatal(err)
	}
	again, err := post.Notice(t.Context(), "ana@example.org", "es", "notice:1")
	if err != nil || again != first {
		t.Errorf("the same letter again: %q and %q, %v", first, again, err)
	}
	if other, err := post.Notice(t.Context(), "ana@example.org", "es", "notice:2"); err != nil || other == first {
		t.Errorf("another letter: %q and %q, %v", first, other, err)
	}
	if len(server.letters) != 3 || !strings.Contains(server.letters[0], "Message-ID: <"+first+">") {
		t.Errorf("the server got %q", server.letters)
	}
}

func TestNotice_SaysWhatBecameOfIt(t *testing.T) {
	gone := newMailServer(t, nil, map[string]string{"RCPT": "550 5.1.1 no such mailbox"})
	_, err := noticePost(t, reach(t, gone, SMTPOptions{Host: "127.0.0.1"}, nil)).Notice(t.Context(), "gone@example.org", "en", "notice:1")
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("an address that takes no mail: got %v", err)
	}
	busy := newMailServer(t, nil, map[string]string{"RCPT": "451 4.3.0 later"})
	_, err = noticePost(t, reach(t, busy, SMTPOptions{Host: "127.0.0.1"}, nil)).Notice(t.Context(), "ana@example.org", "en", "notice:1")
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a server that is busy: got %v", err)
	}
}

// A letter that nobody can read is not delivered.
func TestNotice_NeedsAPageToReadItOn(t *testing.T) {
	var b box
	_, err := newPost(t, &b).Notice(t.Context(), "ana@example.org", "en", "notice:1")
	if fault.KindOf(err) != fault.Denied || len(b.letters) != 0 {
		t.Errorf("got %v and %d letters", err, len(b.letters))
	}
}
