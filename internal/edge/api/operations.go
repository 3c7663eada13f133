package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/apikey"
)

const (
	paymentsPath = "/api/v1/payments"
	contractPath = "/api/v1/openapi"
	policiesPath = "/api/v1/policies"
	bodyMax      = 256 << 10 // fifty parts that name fifty bills each
	policiesMax  = 1 << 20   // a full batch, with a few persons in each policy
)

// contractPaths are where the contract is served.
var contractPaths = []string{contractPath + ".json", contractPath + ".yaml"}

// Names in the contract.
const (
	securityName = "apiKey"
	paymentsTag  = "Payments"
	accountsTag  = "Accounts"
	policiesTag  = "Policies"
	aboutTag     = "About"
)

const description = `Payments, enrolment and coverage for other systems.

**Keys.** Every operation but those under *About* needs an API key, sent as a bearer token. A live key
(` + "`bf_live_...`" + `) moves money; a sandbox key (` + "`bf_test_...`" + `) moves none, pays with the method
` + "`sandbox`" + ` only, and works where the plan is a sandbox.

**Once.** A payment is sent with an ` + "`Idempotency-Key`" + ` of your own. The same key and body give the first
answer again and take nothing again, for ever. When no answer comes, send the same once more. A batch of policies
is sent in the same way.

**Amounts** are whole cents of a US dollar. **Days** are ISO dates at the legal entity. **Bill pay numbers** come
in bodies only; everywhere else an account is named by its opaque id.

**Problems** are RFC 9457 documents. Compare their ` + "`type`" + `, never their texts; expect new types. Fields may
be added to every answer.`

// operations registers every operation and gives the contract that they make.
func (s *service) operations() *huma.OpenAPI {
	contract := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Billfold", Version: "1.1.0", Description: description,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "The installation of " + s.Plan}},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
			SecuritySchemes: map[string]*huma.SecurityScheme{securityName: {
				Type: "http", Scheme: "bearer", BearerFormat: "bf_live_<id>_<secret> or bf_test_<id>_<secret>",
				Description: "An API key, which staff make with `billfold key create`. Scopes: payments:write, " +
					"payments:read, accounts:match, policies:write, coverage:read.",
			}},
		},
		Tags: []*huma.Tag{
			{Name: paymentsTag, Description: "Take a payment and ask what became of it."},
			{Name: accountsTag, Description: "Find the billing account that a payer means; ask whether a member is covered."},
			{Name: policiesTag, Description: "Begin, change, end, cancel and reinstate policies."},
			{Name: aboutTag, Description: "What these operations are. No key is needed."},
		},
	}
	api := humago.New(s.mux, huma.Config{OpenAPI: contract, Formats: huma.DefaultFormats, DefaultFormat: "application/json"})
	register(s, api, apikey.WritePayments, s.payOperation(contract), s.pay)
	register(s, api, apikey.ReadPayments, huma.Operation{
		OperationID: "getPayment", Method: http.MethodGet, Path: paymentsPath + "/{id}", Tags: []string{paymentsTag},
		Summary: "Look a payment up by its id",
		Description: "How the payment stands now. Live keys see payments by card that came over these operations, sandbox keys " +
			"those in the sandbox. Each look is noted in the trail of the billing accounts.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}, s.get)
	register(s, api, apikey.ReadPayments, huma.Operation{
		OperationID: "findPayment", Method: http.MethodGet, Path: paymentsPath, Tags: []string{paymentsTag},
		Summary: "Look a payment up by its idempotency key",
		Description: "The payment that was sent under the key, or 404 when none was: then it is safe to send it. The key comes " +
			"in the header, since it may hold anything and addresses are logged on their way.",
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}, s.find)
	register(s, api, apikey.MatchAccounts, huma.Operation{
		OperationID: "matchAccount", Method: http.MethodPost, Path: "/api/v1/accounts/match", Tags: []string{accountsTag},
		Summary: "Find a billing account by number and fact",
		Description: "The account whose number this is, if the fact is on file for its person. An unknown number and a wrong fact " +
			"get one answer in one timing. Tries are limited by number, together with those of the pages, and by API key.",
		MaxBodyBytes: bodyMax,
		Errors: []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}, s.match)
	s.coverOperations(api, contract)
	huma.Register(api, huma.Operation{
		OperationID: "listProblems", Method: http.MethodGet, Path: problemsPath, Tags: []string{aboutTag},
		Summary: "List the sorts of problem", Description: "Every type that a problem can have, and what a caller does about it.",
		Errors: []int{http.StatusServiceUnavailable},
	}, func(context.Context, *struct{}) (*problemsOutput, error) { return &problemsOutput{problemTypes()}, nil })
	return contract
}

type problemsOutput struct{ Body []ProblemType }

func (s *service) payOperation(contract *huma.OpenAPI) huma.Operation {
	answered := func(description string) *huma.Response {
		schema := contract.Components.Schemas.Schema(reflect.TypeFor[Payment](), true, "Payment")
		return &huma.Response{
			Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}},
			Headers: map[string]*huma.Param{"Location": {
				Description: "Where the payment can be looked up.", Schema: &huma.Schema{Type: huma.TypeString, Format: "uri-reference"},
			}},
		}
	}
	return huma.Operation{
		OperationID: "createPayment", Method: http.MethodPost, Path: paymentsPath, Tags: []string{paymentsTag},
		Summary: "Take a payment",
		Description: "Takes one payment for one or several billing accounts and funds. When it is answered with status paid it is " +
			"on disk. A declined card is an answer too: try another card under a new key.",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: bodyMax,
		Responses: map[string]*huma.Response{
			"200": answered("The key and body came before: this is how that payment stands. Nothing was taken again."),
			"201": answered("A new payment, paid or declined."),
			"202": answered("The processor's answer was lost and we are asking: status is checking. Do not pay again; look the payment up."),
		},
		Errors: []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}
}

// coverOperations registers what is about policies.
func (s *service) coverOperations(api huma.API, contract *huma.OpenAPI) {
	answered := func(description string) *huma.Response {
		schema := contract.Components.Schemas.Schema(reflect.TypeFor[PolicyAnswer](), true, "PolicyAnswer")
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	}
	register(s, api, apikey.WritePolicies, huma.Operation{
		OperationID: "statePolicies", Method: http.MethodPost, Path: policiesPath, Tags: []string{policiesTag},
		Summary: "State policies: begin, change, end, cancel, reinstate",
		Description: "Each entry says what is so of one policy, as a row of the policies file does: one that is not on file begins, " +
			"one that is becomes what the entry says. The batch is proved whole: a field that is not valid refuses all of it. Then it is " +
			"carried out in one transaction. An entry whose subscriber is not on file, or that contradicts what is on file, is refused by " +
			"itself with its reason, and the others stand.",
		DefaultStatus: http.StatusCreated, MaxBodyBytes: policiesMax,
		Responses: map[string]*huma.Response{
			"200": answered("The key and body came before: this is what became of them then. Nothing was done again."),
			"201": answered("The batch was carried out."),
		},
		Errors: []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusConflict, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}, s.policies)
	register(s, api, apikey.WritePolicies, huma.Operation{
		OperationID: "findPolicies", Method: http.MethodGet, Path: policiesPath, Tags: []string{policiesTag},
		Summary:     "Look a batch of policies up by its idempotency key",
		Description: "What became of the batch that was sent under the key, or 404 when none was: then it is safe to send it.",
		Errors:      []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusServiceUnavailable},
	}, s.findPolicies)
	register(s, api, apikey.ReadCoverage, huma.Operation{
		OperationID: "explainCoverage", Method: http.MethodPost, Path: "/api/v1/accounts/coverage", Tags: []string{accountsTag},
		Summary: "Ask whether a member is covered",
		Description: "Each policy's payment status at the end of a day, how far it is paid, what is owed, the last day to pay, the rule " +
			"that this rests on, and the answer in plain words. A dependant's policies are those of who owes for them. Each look is noted " +
			"in the trail of the billing account; numbers that name nobody are limited like other look-ups.",
		MaxBodyBytes: bodyMax,
		Errors: []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}, s.coverage)
}

// register adds an operation that needs a key with a scope, and turns its
// failures into problems.
func register[I, O any](
	s *service, api huma.API, scope apikey.Scope, op huma.Operation, do func(context.Context, *I) (*O, error),
) {
	op.Security = []map[string][]string{{securityName: {string(scope)}}}
	op.Middlewares = huma.Middlewares{s.allow(scope)}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, s.failed(ctx, err)
		}
		return out, nil
	})
}

// serveContract completes the contract, writes it once and serves it.
func (s *service) serveContract(contract *huma.OpenAPI) {
	for _, item := range contract.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post} {
			if op != nil {
				describeProblems(op)
			}
		}
	}
	asJSON, err := json.MarshalIndent(contract, "", "  ")
	if err != nil {
		panic(err) // it is made of constants
	}
	asYAML, err := contract.YAML()
	if err != nil {
		panic(err)
	}
	serve := func(path, contentType string, text []byte) {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			_, _ = w.Write(text)
		})
	}
	serve(contractPaths[0], "application/openapi+json;version=3.1", asJSON)
	serve(contractPaths[1], "application/openapi+yaml;version=3.1", asYAML)
}

// describeProblems says of each refusal what it means, with an example.
func describeProblems(op *huma.Operation) {
	for code, response := range op.Responses {
		status, err := strconv.Atoi(code)
		content := response.Content[problemMedia]
		if err != nil || content == nil {
			continue
		}
		example := requestProblem(status, "")
		example.RequestID = "3k5m7p9r1t3v5x7z2b4d6f8h0j"
		response.Description, content.Example = example.Title+". "+example.Hint, example
		if status == ofFault[fault.Limit].status {
			response.Headers = map[string]*huma.Param{"Retry-After": {
				Description: "After how many seconds to try again.", Schema: &huma.Schema{Type: huma.TypeInteger},
			}}
		}
	}
}
