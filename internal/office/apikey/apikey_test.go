package apikey_test

import (
	"context"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/store/storetest"
)

var clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}

func made(t *testing.T, keys *apikey.Keys, order apikey.Order) (apikey.Key, string) {
	t.Helper()
	key, token, err := keys.Create(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	return key, token.Reveal()
}

func TestCheck_GivesTheKeyOfATokenAndItsScopes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		keys := apikey.New(o.Store, o.Vault, o.Clock)
		live, liveToken := made(t, keys, apikey.Order{
			Name: "Kiosks", By: clerk, Scopes: []apikey.Scope{apikey.MatchAccounts, apikey.WritePayments, apikey.MatchAccounts},
		})
		test, testToken := made(t, keys, apikey.Order{
			Name: "Kiosks, trial", By: clerk, Sandbox: true, Scopes: []apikey.Scope{apikey.ReadPayments},
		})
		if !strings.HasPrefix(liveToken, "bf_live_"+string(live.ID)+"_") || !strings.HasPrefix(testToken, "bf_test_"+string(test.ID)+"_") {
			t.Fatal("a token does not begin with its mode and id")
		}
		got, err := keys.Check(t.Context(), liveToken)
		if err != nil || got.ID != live.ID || got.Sandbox || got.Name != "Kiosks" {
			t.Fatalf("got %+v and %v, want the live key", got, err)
		}
		if !got.May(apikey.WritePayments) || !got.May(apikey.MatchAccounts) || got.May(apikey.ReadPayments) || len(got.Scopes) != 2 {
			t.Errorf("got scopes %v, want payments:write and accounts:match, each once", got.Scopes)
		}
		if want := (ident.Actor{Kind: ident.Service, Name: string(live.ID)}); got.Actor() != want {
			t.Errorf("got actor %v, want %v", got.Actor(), want)
		}
		if got, err := keys.Check(t.Context(), testToken); err != nil || !got.Sandbox {
			t.Errorf("got %+v and %v, want the sandbox key", got, err)
		}
	})
}

func TestCheck_AnswersEveryWrongTokenAlike(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		keys := apikey.New(o.Store, o.Vault, o.Clock)
		order := apikey.Order{Name: "Kiosks", By: clerk, Scopes: apikey.Scopes()}
		_, token := made(t, keys, order)
		_, other := made(t, keys, order)
		gone, revoked := made(t, keys, order)
		if _, err := keys.Revoke(t.Context(), gone.ID, clerk); err != nil {
			t.Fatal(err)
		}
		_, want := keys.Check(t.Context(), "")
		for what, text := range map[string]string{
			"no token":              "",
			"a word":                "secret",
			"only the prefix":       "bf_live_",
			"cut short":             token[:len(token)-1],
			"longer":                token + "0",
			"another secret":        token[:35] + other[35:],
			"another id":            other[:34] + token[34:],
			"an unknown id":         "bf_live_" + string(ident.NewOpaque()) + token[34:],
			"passed off as sandbox": "bf_test_" + token[8:],
			"a changed letter":      token[:len(token)-2] + swapped(token[len(token)-2:]),
			"revoked":               revoked,
		} {
			key, err := keys.Check(t.Context(), text)
			if key != nil || fault.KindOf(err) != fault.Denied || err.Error() != want.Error() {
				t.Errorf("%s: got %v and %v, want %v", what, key, err, want)
			}
		}
		if _, err := keys.Check(t.Context(), token); err != nil {
			t.Errorf("the right token: %v", err)
		}
	})
}

func swapped(two string) string {
	if two[0] == '0' {
		return "1" + two[1:]
	}
	return "0" + two[1:]
}

func TestCheck_ARevokedKeyIsRefusedAtOnceHereAndSoonElsewhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		here, elsewhere := apikey.New(o.Store, o.Vault, o.Clock), apikey.New(o.Store, o.Vault, o.Clock)
		key, token := made(t, here, apikey.Order{Name: "Kiosks", By: clerk, Scopes: apikey.Scopes()})
		for _, keys := range []*apikey.Keys{here, elsewhere} {
			if _, err := keys.Check(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		revoked, err := here.Revoke(t.Context(), key.ID, clerk)
		if err != nil || !revoked.Revoked() || revoked.RevokedBy != clerk {
			t.Fatalf("got %+v and %v, want it revoked by the clerk", revoked, err)
		}
		if _, err := here.Check(t.Context(), token); fault.KindOf(err) != fault.Denied {
			t.Errorf("here: got %v, want denied", err)
		}
		o.Clock.Advance(apikey.FreshFor)
		if _, err := elsewhere.Check(t.Context(), token); fault.KindOf(err) != fault.Denied {
			t.Errorf("elsewhere, a moment later: got %v, want denied", err)
		}
		other := ident.Actor{Kind: ident.Staff, Name: "kim"}
		again, err := here.Revoke(t.Context(), key.ID, other)
		if err != nil || again.RevokedBy != clerk || !again.RevokedAt.Equal(revoked.RevokedAt) {
			t.Errorf("revoked again: got %+v and %v, want who revoked it first", again, err)
		}
		if _, err := here.Revoke(t.Context(), ident.NewOpaque(), clerk); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an unknown key: got %v, want not found", err)
		}
	})
}

func TestCreate_RefusesAKeyWithoutNameScopeOrActor(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	keys := apikey.New(o.Store, o.Vault, o.Clock)
	whole := apikey.Order{Name: "Kiosks", By: clerk, Scopes: apikey.Scopes()}
	for what, c := range map[string]struct {
		change func(*apikey.Order)
		want   fault.Kind
	}{
		"no name":       {func(o *apikey.Order) { o.Name = "  " }, fault.Invalid},
		"a long name":   {func(o *apikey.Order) { o.Name = strings.Repeat("x", apikey.NameMax+1) }, fault.Invalid},
		"a line break":  {func(o *apikey.Order) { o.Name = "a\nb" }, fault.Invalid},
		"no scope":      {func(o *apikey.Order) { o.Scopes = nil }, fault.Invalid},
		"unknown scope": {func(o *apikey.Order) { o.Scopes = []apikey.Scope{"everything"} }, fault.Invalid},
		"no actor":      {func(o *apikey.Order) { o.By = ident.Actor{} }, fault.Denied},
	} {
		order := whole
		c.change(&order)
		if _, _, err := keys.Create(context.Background(), order); fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
	if all, err := keys.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("got %v and %v, want no key", all, err)
	}
}

// A backup or a query of the table shows no secret.
func TestCreate_KeepsNoSecret(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		keys := apikey.New(o.Store, o.Vault, o.Clock)
		key, token := made(t, keys, apikey.Order{Name: "Kiosks", By: clerk, Scopes: apikey.Scopes()})
		stored, err := o.Store.APIKey(t.Context(), key.ID)
		if err != nil {
			t.Fatal(err)
		}
		if text := token[strings.LastIndex(token, "_")+1:]; strings.Contains(string(stored.Print), text) || len(stored.Print) != 32 {
			t.Error("the secret stands beside its key")
		}
	})
}
