package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/goccy/go-yaml"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/store/storetest"
)

// contract is the served document, as any reader of OpenAPI sees it.
func contract(t *testing.T, s *site) map[string]any {
	t.Helper()
	got := s.send(request{method: "GET", path: "/api/v1/openapi.json"})
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/openapi+json;version=3.1" {
		t.Fatalf("got %d of type %q", got.status, got.header.Get("Content-Type"))
	}
	var document map[string]any
	if err := json.Unmarshal([]byte(got.body), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

func at(value any, path ...string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func text(value any, path ...string) string {
	s, _ := at(value, path...).(string)
	return s
}

func object(value any, path ...string) map[string]any {
	o, _ := at(value, path...).(map[string]any)
	return o
}

func TestContract_EveryOperationIsDescribed(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	document := contract(t, s)
	if got := text(document, "openapi"); got != "3.1.0" {
		t.Errorf("got OpenAPI %q, want 3.1.0", got)
	}
	scheme := object(document, "components", "securitySchemes", "apiKey")
	if scheme["type"] != "http" || scheme["scheme"] != "bearer" || text(scheme, "description") == "" {
		t.Errorf("got security scheme %v", scheme)
	}
	var operations []string
	for path, item := range object(document, "paths") {
		for method, op := range item.(map[string]any) {
			name := strings.ToUpper(method) + " " + path
			operations = append(operations, name)
			for _, field := range []string{"operationId", "summary", "description"} {
				if text(op, field) == "" {
					t.Errorf("%s has no %s", name, field)
				}
			}
			_, secured := at(op, "security").([]any)
			if secured != (path != "/api/v1/problems") {
				t.Errorf("%s: secured is %v", name, secured)
			}
			for code, response := range object(op, "responses") {
				if text(response, "description") == "" {
					t.Errorf("%s %s has no description", name, code)
				}
				refused := code >= "400" && code != "default"
				if problem := object(response, "content", "application/problem+json"); refused && (problem == nil || at(problem, "example") == nil) {
					t.Errorf("%s %s shows no example of its problem", name, code)
				}
			}
			if parameters, ok := at(op, "parameters").([]any); ok {
				for _, p := range parameters {
					if text(p, "description") == "" {
						t.Errorf("%s: %s is not described", name, text(p, "name"))
					}
				}
			}
		}
	}
	slices.Sort(operations)
	want := []string{
		"GET /api/v1/payments", "GET /api/v1/payments/{id}", "GET /api/v1/policies", "GET /api/v1/problems",
		"POST /api/v1/accounts/coverage", "POST /api/v1/accounts/match", "POST /api/v1/payments", "POST /api/v1/policies",
	}
	if !slices.Equal(operations, want) {
		t.Errorf("got %q, want %q", operations, want)
	}
}

func TestContract_EverySchemaIsDescribedAndEveryReferenceLeadsSomewhere(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	document := contract(t, s)
	schemas := object(document, "components", "schemas")
	for name, schema := range schemas {
		for field, of := range object(schema, "properties") {
			_, examples := at(of, "examples").([]any)
			reference := text(of, "$ref") != "" || text(of, "items", "$ref") != ""
			if text(of, "description") == "" || !examples && !reference {
				t.Errorf("%s.%s has no description or example", name, field)
			}
		}
		if at(schema, "additionalProperties") != false {
			t.Errorf("%s takes fields that it does not know", name)
		}
	}
	var walk func(where string, value any)
	walk = func(where string, value any) {
		switch v := value.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if _, known := schemas[strings.TrimPrefix(ref, "#/components/schemas/")]; !known {
					t.Errorf("%s refers to %s, which is not there", where, ref)
				}
			}
			for name, inner := range v {
				walk(where+"/"+name, inner)
			}
		case []any:
			for i, inner := range v {
				walk(fmt.Sprintf("%s/%d", where, i), inner)
			}
		}
	}
	walk("", document)
	for _, name := range []string{"ErrorModel", "ErrorDetail"} {
		if _, known := schemas[name]; known {
			t.Errorf("the library's own %s is in the contract", name)
		}
	}
}

// The answers that are given are those that are promised.
func TestContract_AnswersFitTheirSchemas(t *testing.T) {
	s, _ := serveCards(t, storetest.Open(t, "sqlite"))
	number, _ := s.member(3000)
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	fits := func(what string, schema *huma.Schema, body string) {
		t.Helper()
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		found := &huma.ValidateResult{}
		huma.Validate(schemas, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, found)
		if len(found.Errors) > 0 {
			t.Errorf("%s: %s does not fit: %v", what, body, found.Errors)
		}
	}
	payment := huma.SchemaFromType(schemas, typeOf[api.Payment]())
	problem := huma.SchemaFromType(schemas, typeOf[api.Problem]())
	fits("paid", payment, s.sandbox("a", order(4500, byNumber(number))).body)
	fits("in suspense", payment, s.sandbox("b", order(4500, `"number":"314159265352"`)).body)
	fits("by card", payment, s.card("a", cardOrder(100, byNumber(number), "pm_ok")).body)
	fits("declined", payment, s.card("b", cardOrder(100, byNumber(number), "pm_poor")).body)
	fits("checking", payment, s.card("c", cardOrder(100, byNumber(number), "pm_lost")).body)
	enrolling := huma.SchemaFromType(schemas, typeOf[api.PolicyAnswer]())
	covered := huma.SchemaFromType(schemas, typeOf[api.Coverage]())
	fits("policies", enrolling, s.enrol("a", entry(byNumber(number), "P-1", "")+","+entry(`"number":"314159265352"`, "P-2", "")).body)
	fits("coverage", covered, s.covered(byNumber(number)).body)
	fits("a bad policy", problem, s.enrol("b", entry(byNumber(number), "P-3", `"group":"1"`)).body)
	fits("a problem", problem, s.sandbox("a", order(1, byNumber(number))).body)
	fits("several mistakes", problem, s.sandbox("a", `{"amount_cents":0}`).body)
}

func TestContract_IsServedInYAMLToo(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	got := s.send(request{method: "GET", path: "/api/v1/openapi.yaml"})
	var document map[string]any
	if err := yaml.Unmarshal([]byte(got.body), &document); err != nil || got.status != http.StatusOK {
		t.Fatalf("got %d and %v", got.status, err)
	}
	want := slices.Sorted(maps.Keys(object(contract(t, s), "paths")))
	if paths := slices.Sorted(maps.Keys(object(document, "paths"))); !slices.Equal(paths, want) {
		t.Errorf("got paths %q, want %q", paths, want)
	}
}

func TestProblems_TheListIsCompleteAndDocumented(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	got := s.send(request{method: "GET", path: "/api/v1/problems"})
	var listed []api.ProblemType
	if err := json.Unmarshal([]byte(got.body), &listed); err != nil || got.status != http.StatusOK {
		t.Fatalf("got %d and %v", got.status, err)
	}
	document, err := os.ReadFile("../../../docs/integrators/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, p := range listed {
		_, name, _ := strings.Cut(p.Type, "#")
		if names[name] || p.Title == "" || p.Advice == "" || p.Status < 400 || p.Status > 599 {
			t.Errorf("got %+v, want a whole problem, listed once", p)
		}
		names[name] = true
		if row := fmt.Sprintf("| `%s` | %d |", name, p.Status); !strings.Contains(string(document), row) {
			t.Errorf("docs/integrators/problems.md has no row %s", row)
		}
	}
	if rows := strings.Count(string(document), "\n| `"); rows != len(listed) {
		t.Errorf("docs/integrators/problems.md has %d rows, want %d", rows, len(listed))
	}
	if want := len(fault.Kinds()) + 7; len(listed) != want {
		t.Errorf("got %d problems, want %d", len(listed), want)
	}
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }
