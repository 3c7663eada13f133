package card

import (
	"encoding/json"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/office/checkout"
)

// authenticationWanted is the decline of a card whose bank wants to ask its
// holder itself.
var authenticationWanted = checkout.Decline{
	Class: checkout.DeclineIssuer, Code: string(stripe.DeclineCodeAuthenticationRequired),
}

// declineOf reads why a card was declined: the issuer's own code where there is
// one, else the processor's.
func declineOf(e *stripe.Error) checkout.Decline {
	code := string(e.DeclineCode)
	if code == "" {
		code = string(e.Code)
	}
	if code == "" {
		code = string(stripe.DeclineCodeGenericDecline)
	}
	class, known := declineClasses[code]
	if !known {
		// The processor's code may say more than an issuer's that we do not know.
		class, known = declineClasses[string(e.Code)]
	}
	if !known {
		class = checkout.DeclineIssuer
	}
	network, advice := networkWords(e)
	return checkout.Decline{Class: class, Code: code, Network: network, Advice: advice}
}

// networkWords reads what the network itself said of a decline: its response code
// and its advice on trying again. The library does not know them of an error, so
// they are read from the answer's text.
func networkWords(e *stripe.Error) (code, advice string) {
	type words struct {
		Code   string `json:"network_decline_code"`
		Advice string `json:"network_advice_code"`
	}
	if e.LastResponse != nil {
		var answer struct {
			Error words `json:"error"`
		}
		if json.Unmarshal(e.LastResponse.RawJSON, &answer) == nil && answer.Error != (words{}) {
			return answer.Error.Code, answer.Error.Advice
		}
	}
	if e.PaymentIntent != nil && e.PaymentIntent.LatestCharge != nil && e.PaymentIntent.LatestCharge.Outcome != nil {
		outcome := e.PaymentIntent.LatestCharge.Outcome
		return outcome.NetworkDeclineCode, outcome.NetworkAdviceCode
	}
	return "", ""
}

// declineClasses sorts the processor's decline codes, and those of its error codes
// with which it declines cards, into the classes of network response codes: hard
// 04 07 12 41 43 46 57 R0 R1 R3; data 14 54 55 82 N7; funds 51 61 65; technical 19
// 91 96; issuer 1A 05 59 and whatever gives no reason.
var declineClasses = map[string]checkout.DeclineClass{
	// This card never.
	string(stripe.DeclineCodeCardNotSupported):              checkout.DeclineHard,
	string(stripe.DeclineCodeCurrencyNotSupported):          checkout.DeclineHard,
	string(stripe.DeclineCodeDoNotTryAgain):                 checkout.DeclineHard,
	string(stripe.DeclineCodeFraudulent):                    checkout.DeclineHard,
	string(stripe.DeclineCodeInvalidAccount):                checkout.DeclineHard,
	string(stripe.DeclineCodeLostCard):                      checkout.DeclineHard,
	string(stripe.DeclineCodeMerchantBlacklist):             checkout.DeclineHard,
	string(stripe.DeclineCodeNotPermitted):                  checkout.DeclineHard,
	string(stripe.DeclineCodePickupCard):                    checkout.DeclineHard,
	string(stripe.DeclineCodeRestrictedCard):                checkout.DeclineHard,
	string(stripe.DeclineCodeRevocationOfAllAuthorizations): checkout.DeclineHard,
	string(stripe.DeclineCodeRevocationOfAuthorization):     checkout.DeclineHard,
	string(stripe.DeclineCodeServiceNotAllowed):             checkout.DeclineHard,
	string(stripe.DeclineCodeStolenCard):                    checkout.DeclineHard,
	string(stripe.DeclineCodeStopPaymentOrder):              checkout.DeclineHard,
	string(stripe.DeclineCodeTestModeDecline):               checkout.DeclineHard,
	string(stripe.DeclineCodeTransactionNotAllowed):         checkout.DeclineHard,
	string(stripe.ErrorCodeInvalidCardType):                 checkout.DeclineHard,
	// A PIN cannot be entered on a page, however often it is tried.
	string(stripe.DeclineCodeOfflinePINRequired):         checkout.DeclineHard,
	string(stripe.DeclineCodeOnlineOrOfflinePINRequired): checkout.DeclineHard,
	string(stripe.DeclineCodePINTryExceeded):             checkout.DeclineHard,

	// Something that the payer typed, or that changed on the card.
	string(stripe.DeclineCodeExpiredCard):                    checkout.DeclineData,
	string(stripe.DeclineCodeIncorrectCVC):                   checkout.DeclineData,
	string(stripe.DeclineCodeIncorrectNumber):                checkout.DeclineData,
	string(stripe.DeclineCodeIncorrectPIN):                   checkout.DeclineData,
	string(stripe.DeclineCodeIncorrectZip):                   checkout.DeclineData,
	string(stripe.DeclineCodeInvalidCVC):                     checkout.DeclineData,
	string(stripe.DeclineCodeInvalidExpiryMonth):             checkout.DeclineData,
	string(stripe.DeclineCodeInvalidExpiryYear):              checkout.DeclineData,
	string(stripe.DeclineCodeInvalidNumber):                  checkout.DeclineData,
	string(stripe.DeclineCodeInvalidPIN):                     checkout.DeclineData,
	string(stripe.DeclineCodeNewAccountInformationAvailable): checkout.DeclineData,
	string(stripe.ErrorCodeIncorrectAddress):                 checkout.DeclineData,

	// Not enough money, or above a limit of the card.
	string(stripe.DeclineCodeCardVelocityExceeded):         checkout.DeclineFunds,
	string(stripe.DeclineCodeInsufficientFunds):            checkout.DeclineFunds,
	string(stripe.DeclineCodeInvalidAmount):                checkout.DeclineFunds,
	string(stripe.DeclineCodeWithdrawalCountLimitExceeded): checkout.DeclineFunds,

	// Nobody's decision.
	string(stripe.DeclineCodeIssuerNotAvailable): checkout.DeclineTechnical,
	string(stripe.DeclineCodeProcessingError):    checkout.DeclineTechnical,
	string(stripe.DeclineCodeReenterTransaction): checkout.DeclineTechnical,
	string(stripe.DeclineCodeTryAgainLater):      checkout.DeclineTechnical,

	// The bank wants more, or gives no reason.
	string(stripe.DeclineCodeApproveWithID):                    checkout.DeclineIssuer,
	string(stripe.DeclineCodeAuthenticationRequired):           checkout.DeclineIssuer,
	string(stripe.DeclineCodeCallIssuer):                       checkout.DeclineIssuer,
	string(stripe.DeclineCodeDoNotHonor):                       checkout.DeclineIssuer,
	string(stripe.DeclineCodeDuplicateTransaction):             checkout.DeclineIssuer,
	string(stripe.DeclineCodeGenericDecline):                   checkout.DeclineIssuer,
	string(stripe.DeclineCodeNoActionTaken):                    checkout.DeclineIssuer,
	string(stripe.DeclineCodeSecurityViolation):                checkout.DeclineIssuer,
	string(stripe.ErrorCodeCardDeclined):                       checkout.DeclineIssuer,
	string(stripe.ErrorCodeCardDeclineRateLimitExceeded):       checkout.DeclineIssuer,
	string(stripe.ErrorCodePaymentIntentAuthenticationFailure): checkout.DeclineIssuer,
}
