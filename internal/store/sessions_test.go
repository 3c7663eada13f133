package store_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx, now := t.Context(), storetest.Start
		kept := store.WebSession{Data: []byte("canary-draft"), StartedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Minute)}
		if err := o.Store.AddSession(ctx, "one", kept); err != nil {
			t.Fatal(err)
		}
		got, found, err := o.Store.Session(ctx, "one", now)
		if err != nil || !found || !bytes.Equal(got.Data, kept.Data) || !got.ExpiresAt.Equal(kept.ExpiresAt) || !got.StartedAt.Equal(now) {
			t.Errorf("got %+v, %v, %v", got, found, err)
		}

		t.Run("what it holds is sealed in the table", func(t *testing.T) {
			var sealed []byte
			if err := raw(t, o).QueryRow(`SELECT sealed FROM web_session`).Scan(&sealed); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(sealed, []byte("canary")) {
				t.Error("the table holds what the session keeps in clear")
			}
		})
		t.Run("another session's content does not open under a token", func(t *testing.T) {
			if err := o.Store.AddSession(ctx, "two", kept); err != nil {
				t.Fatal(err)
			}
			err := o.Store.Exec(ctx, `UPDATE web_session SET sealed = (SELECT sealed FROM web_session WHERE token_hash = 'one') WHERE token_hash = 'two'`)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := o.Store.Session(ctx, "two", now); fault.KindOf(err) != fault.Corrupt {
				t.Errorf("got %v, want corrupt", err)
			}
		})
		t.Run("one that has expired is not found and is swept", func(t *testing.T) {
			later := kept.ExpiresAt
			if _, found, err := o.Store.Session(ctx, "one", later); found || err != nil {
				t.Errorf("got %v, %v at the instant of its end", found, err)
			}
			if n, err := o.Store.EndOldSessions(ctx, later); n != 2 || err != nil {
				t.Errorf("swept %d, %v; want 2", n, err)
			}
		})
		t.Run("one that was ended is not written again", func(t *testing.T) {
			if err := o.Store.SaveSession(ctx, "one", kept); fault.KindOf(err) != fault.NotFound {
				t.Errorf("got %v, want not found", err)
			}
			if _, found, _ := o.Store.Session(ctx, "one", now); found {
				t.Error("it is back")
			}
			if err := o.Store.EndSession(ctx, "one"); err != nil {
				t.Errorf("ending it twice: %v", err)
			}
		})
	})
}

func TestScripts_TheLastDigestCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		if last, err := o.Store.LastScript(ctx, "https://js.example.org/"); last != "" || err != nil {
			t.Errorf("got %q, %v of a script that was never seen", last, err)
		}
		for i, sum := range []string{"aa", "bb"} {
			if err := o.Store.NoteScript(ctx, "https://js.example.org/", sum, storetest.Start.Add(time.Duration(i)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if last, err := o.Store.LastScript(ctx, "https://js.example.org/"); last != "bb" || err != nil {
			t.Errorf("got %q, %v; want the newest", last, err)
		}
	})
}
