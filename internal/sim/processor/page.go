package processor

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// page is what the hosted page is composed of.
type page struct {
	Words    *words
	Heading  string
	Message  string // instead of the form
	Merchant string
	Title    string
	Amount   string
	Back     string
	Decline  string
	Inputs   []input
}

// input is one line of the form.
type input struct {
	Name, Label, Hint, Problem, Value, Autocomplete string
	Short                                           bool
}

// DescribedBy names the texts that belong to the input.
func (i input) DescribedBy() string {
	var ids []string
	if i.Hint != "" {
		ids = append(ids, i.Name+"-hint")
	}
	if i.Problem != "" {
		ids = append(ids, i.Name+"-wrong")
	}
	return strings.Join(ids, " ")
}

// HasProblem reports whether the page tells of something that went wrong.
func (p page) HasProblem() bool { return p.Decline != "" || len(p.Wrong()) > 0 }

// Wrong lists what is wrong with the inputs, with where.
func (p page) Wrong() []struct{ Name, Text string } {
	var all []struct{ Name, Text string }
	for _, i := range p.Inputs {
		if i.Problem != "" {
			all = append(all, struct{ Name, Text string }{i.Name, i.Problem})
		}
	}
	return all
}

// visit is one request for a hosted page.
type visit struct {
	processor *Processor
	request   *http.Request
	id        string
	form      url.Values // of a submission, else nil
}

// showPage shows the form, or what became of it.
func (p *Processor) showPage(w http.ResponseWriter, r *http.Request) {
	p.visit(w, r, pageShow, nil)
}

// payPage takes a card that was typed into the form.
func (p *Processor) payPage(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form cannot be read.", http.StatusBadRequest)
		return
	}
	p.visit(w, r, pagePay, r.PostForm)
}

func (p *Processor) visit(w http.ResponseWriter, r *http.Request, endpoint string, form url.Values) {
	v := &visit{processor: p, request: r, id: r.PathValue("id"), form: form}
	p.mu.Lock()
	known := p.state.sessions[v.id]
	p.mu.Unlock()
	if known == nil {
		send(w, v.missing())
		return
	}
	q := request{endpoint: endpoint, account: known.Account, do: v.serve, refuse: func(no *refusal) reply { return v.refused(known, no) }}
	if form != nil {
		q.key = "page/" + v.id // one submission at a time
	}
	p.perform(w, r, q)
}

// serve shows or charges, as the page stands.
func (v *visit) serve(t *turn) reply {
	c := t.sessions[v.id]
	texts := wordsFor(c.Locale, v.request)
	switch {
	case c.Status == sessionComplete:
		return reply{status: http.StatusSeeOther, location: c.doneURL(), kind: "text/plain"}
	case c.Status == sessionExpired || t.now.Unix() >= c.ExpiresAt || t.isEnded(c):
		return v.plain(http.StatusGone, c, texts.ExpiredHeading, texts.Expired)
	case v.form == nil:
		return v.ask(http.StatusOK, c, "", nil)
	}
	typed, wrong := v.read(texts)
	if len(wrong) > 0 {
		return v.ask(http.StatusUnprocessableEntity, c, "", wrong)
	}
	t.account = c.Account
	paid, no := t.pay(c, typed)
	if no == nil && paid == nil {
		return reply{}
	}
	if no == nil {
		return reply{status: http.StatusSeeOther, location: paid.doneURL(), kind: "text/plain", keep: true}
	}
	if name := inputOf[no.param]; name != "" {
		return v.ask(http.StatusUnprocessableEntity, c, "", map[string]string{name: texts.message(no)})
	}
	return v.ask(http.StatusPaymentRequired, c, texts.message(no), nil)
}

// isEnded reports whether the charge that was begun on a page was ended from
// outside.
func (t *turn) isEnded(c *session) bool {
	i := t.intent(c.Intent)
	return i != nil && i.Status != needsMethod
}

// inputOf says which input of the form a parameter of the API is.
var inputOf = map[string]string{"number": "number", "exp_month": "expiry", "exp_year": "expiry", "cvc": "cvc"}

var (
	expiryForm = regexp.MustCompile(`^\s*(\d{1,2})\s*[/ -]?\s*(?:20)?(\d{2})\s*$`)
	zipForm    = regexp.MustCompile(`^\s*\d{5}(-?\d{4})?\s*$`)
)

// read takes the card from the form and says what is missing, by input.
func (v *visit) read(texts *words) (typedCard, map[string]string) {
	wrong := map[string]string{}
	typed := typedCard{number: v.form.Get("number"), cvc: strings.TrimSpace(v.form.Get("cvc"))}
	if strings.Trim(typed.number, "0123456789 -") != "" || strings.TrimSpace(typed.number) == "" {
		wrong["number"] = texts.Messages["incomplete_number"]
	}
	date := expiryForm.FindStringSubmatch(v.form.Get("expiry"))
	if date == nil {
		wrong["expiry"] = texts.Messages["incomplete_expiry"]
	} else {
		typed.month, _ = strconv.ParseInt(date[1], 10, 64) // two digits by the form
		typed.year, _ = strconv.ParseInt(date[2], 10, 64)
	}
	if typed.cvc == "" {
		wrong["cvc"] = texts.Messages["incomplete_cvc"]
	}
	if !zipForm.MatchString(v.form.Get("zip")) {
		wrong["zip"] = texts.NoZIP
	}
	return typed, wrong
}

// ask shows the form. What was typed is not shown again, but the ZIP code.
func (v *visit) ask(status int, c *session, decline string, wrong map[string]string) reply {
	content := v.page(c)
	w := content.Words
	content.Heading, content.Decline = w.Heading, decline
	content.Inputs = []input{
		{Name: "number", Label: w.Number, Hint: w.NumberHint, Autocomplete: "cc-number"},
		{Name: "expiry", Label: w.Expiry, Hint: w.ExpiryHint, Autocomplete: "cc-exp", Short: true},
		{Name: "cvc", Label: w.CVC, Hint: w.CVCHint, Autocomplete: "cc-csc", Short: true},
		{Name: "zip", Label: w.ZIP, Autocomplete: "billing postal-code", Short: true, Value: v.form.Get("zip")},
	}
	for i := range content.Inputs {
		content.Inputs[i].Problem = wrong[content.Inputs[i].Name]
	}
	return v.compose(status, c, content)
}

// plain shows a text instead of the form.
func (v *visit) plain(status int, c *session, heading, message string) reply {
	content := v.page(c)
	content.Heading, content.Message = heading, message
	return v.compose(status, c, content)
}

func (v *visit) page(c *session) page {
	w := wordsFor(c.Locale, v.request)
	merchant := v.processor.options.Merchant
	if merchant == "" {
		merchant = w.Merchant
	}
	return page{Words: w, Merchant: merchant, Title: c.Title, Amount: c.Amount.Grouped(), Back: c.Back}
}

// compose writes the page. Browsers hold a form's redirect to form-action, so it
// names where the payer is sent afterwards.
func (v *visit) compose(status int, c *session, content page) reply {
	out := compose(status, "page.html", content)
	out.policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + originOf(c.Success)
	return out
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// refused shows what stands in the way before the page is reached.
func (v *visit) refused(c *session, no *refusal) reply {
	w := wordsFor(c.Locale, v.request)
	if no == keyInUse || no == broken {
		return v.plain(http.StatusConflict, c, w.BusyHeading, w.Busy)
	}
	return v.plain(no.status, c, w.OutHeading, w.Out)
}

// missing is the page of no session.
func (v *visit) missing() reply {
	w := wordsFor("", v.request)
	out := compose(http.StatusNotFound, "missing.html", page{Words: w, Heading: w.MissingHeading, Message: w.Missing})
	out.policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
	return out
}
