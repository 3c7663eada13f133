package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/edge/web"
)

// What the office must see to now is asked for at each view, in the reader's language.
func TestOverview_TellsTroublesWhileTheyLast(t *testing.T) {
	o := options(t, &fake{figures: figures()}, clock.At(monday), slog.New(slog.DiscardHandler))
	var troubles []web.Text
	o.Troubles = func(context.Context) []web.Text { return troubles }
	handler := site(t, o)
	view := func(language string) string {
		t.Helper()
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Accept-Language", language)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			t.Fatalf("got %d", answer.Code)
		}
		return answer.Body.String()
	}
	troubles = []web.Text{{English: "The run failed.", Spanish: "El proceso falló."}}
	for language, want := range map[string]string{"en": "The run failed.", "es": "El proceso falló."} {
		if !strings.Contains(view(language), want) {
			t.Errorf("%s: the overview does not say %q", language, want)
		}
	}
	troubles = nil
	if strings.Contains(view("en"), "The run failed.") {
		t.Error("a trouble that is over is told of")
	}
}
