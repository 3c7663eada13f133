// Package chart is the chart of accounts: which ledger accounts exist, and one
// posting template per business event.
//
// Every ledger account belongs to one legal entity and one fund, and both
// sides of a posting belong to the same legal entity. The package knows no
// member, no rail and no SQL. Start reading at Account.
package chart

import "fmt"

// Fund is one of the purses that are never mixed.
type Fund string

// The funds.
const (
	Premium  Fund = "premium"
	Medical  Fund = "medical"
	Pharmacy Fund = "pharmacy"
)

// Funds lists the funds in the order in which bills show them.
func Funds() []Fund { return []Fund{Premium, Medical, Pharmacy} }

// ParseFund reads a fund's name.
func ParseFund(s string) (Fund, error) {
	for _, f := range Funds() {
		if string(f) == s {
			return f, nil
		}
	}
	return "", fmt.Errorf("%q is no fund: write premium, medical or pharmacy", s)
}

// EntityID names a legal entity in the plan's configuration: lower-case
// letters, digits and hyphens, such as "cvhp".
type EntityID string
