package billpay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

// Numbers of each length that pass their check.
const (
	ten    Number = 4728190363
	eleven Number = 47281903658
	twelve Number = 314159265352
)

func TestFromInt(t *testing.T) {
	tests := []struct {
		stored int64
		want   Reason
	}{
		{int64(eleven), 0},
		{int64(twelve), 0},
		{47281930658, CheckDigit}, // 03 and 30 changed places
		{0, Empty},
		{-47281903658, Empty},
		{5724, TooShort},
		{1_000_000_000_000, TooLong},
	}
	for _, tt := range tests {
		n, err := FromInt(tt.stored)
		if got := ReasonOf(err); got != tt.want {
			t.Errorf("FromInt(%d): got reason %q, want %q", tt.stored, got, tt.want)
		}
		if err == nil && int64(n) != tt.stored {
			t.Errorf("FromInt(%d): got %d", tt.stored, int64(n))
		}
		if err != nil && fault.KindOf(err) != fault.Corrupt {
			t.Errorf("FromInt(%d): got kind %v, want corrupt", tt.stored, fault.KindOf(err))
		}
	}
}

func TestNumber_Shown(t *testing.T) {
	tests := []struct {
		n                              Number
		digits, grouped, masked, last4 string
		spoken                         []string
	}{
		{ten, "4728190363", "4728 190 363", "••••••0363", "0363", []string{"4 7 2 8", "1 9 0", "3 6 3"}},
		{eleven, "47281903658", "4728 1903 658", "•••••••3658", "3658", []string{"4 7 2 8", "1 9 0 3", "6 5 8"}},
		{twelve, "314159265352", "3141 5926 5352", "••••••••5352", "5352", []string{"3 1 4 1", "5 9 2 6", "5 3 5 2"}},
		{0, "", "", "", "", nil},
	}
	for _, tt := range tests {
		if got := tt.n.Digits(); got != tt.digits {
			t.Errorf("Digits: got %q, want %q", got, tt.digits)
		}
		if got := tt.n.Grouped(); got != tt.grouped {
			t.Errorf("Grouped of %s: got %q, want %q", tt.digits, got, tt.grouped)
		}
		if got := tt.n.String(); got != tt.masked {
			t.Errorf("String of %s: got %q, want %q", tt.digits, got, tt.masked)
		}
		if got := tt.n.Last4(); got != tt.last4 {
			t.Errorf("Last4 of %s: got %q, want %q", tt.digits, got, tt.last4)
		}
		if got := tt.n.Spoken(); !slices.Equal(got, tt.spoken) {
			t.Errorf("Spoken of %s: got %q, want %q", tt.digits, got, tt.spoken)
		}
	}
}

func TestNumber_NeverPrintedWhole(t *testing.T) {
	var logged bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(h).Info("paid", "number", eleven, "any", any(eleven))
	}
	shown := []string{logged.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%012d", "%T %o"} {
		shown = append(shown, fmt.Sprintf(verb, eleven), fmt.Sprintf(verb, struct{ N Number }{eleven}), fmt.Sprintf(verb, []Number{eleven}))
	}
	shown = append(shown, fmt.Sprint(eleven), fmt.Sprintf("%v", &struct{ N Number }{eleven}))
	for _, s := range shown {
		if strings.Contains(s, "4728190") || strings.Contains(s, fmt.Sprintf("%x", int64(eleven))) {
			t.Errorf("the whole number shows in %q", s)
		}
	}
	if !strings.Contains(logged.String(), "3658") {
		t.Errorf("the log should show the last four digits: %s", logged.String())
	}
}

func TestNumber_JSON(t *testing.T) {
	type card struct {
		N    Number `json:"n"`
		None Number `json:"none"`
	}
	text, err := json.Marshal(card{N: eleven})
	if want := `{"n":"47281903658","none":""}`; err != nil || string(text) != want {
		t.Fatalf("got %s and %v, want %s", text, err, want)
	}
	var back card
	if err := json.Unmarshal(text, &back); err != nil || back.N != eleven || back.None != 0 {
		t.Errorf("reading %s back: got %v and %v", text, back, err)
	}
	if err := json.Unmarshal([]byte(`{"n":47281903658}`), &back); err == nil {
		t.Error("a number written as a JSON number was taken")
	}
	if err := json.Unmarshal([]byte(`{"n":"47281930658"}`), &back); !errors.Is(err, CheckDigit) {
		t.Errorf("a wrong check digit in JSON: got %v, want reason check_digit", err)
	}
}
