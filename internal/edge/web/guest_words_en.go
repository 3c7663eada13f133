package web

import (
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
)

var guestEnglish = guestWords{
	Steps: [3]string{"Who you are paying for", "Amount and card", "Check and pay"},

	Start: guestStartWords{
		Title: "Pay a bill", Heading: "Pay a bill",
		Intro:       "You do not need an account. You can pay for yourself or for someone else.",
		Need:        "You need the bill pay number and a credit, debit or prepaid card.",
		NumberLabel: "Bill pay number", NumberHint: "10 to 12 digits, from the member card or the bill. Spaces and dashes do no harm.",
		FactLabel: "ZIP code or last name", FactHint: "Of the person whose bill it is. One of the two is enough.",
		FactMissing: "Enter the ZIP code or the last name of the person whose bill it is.",
		ForLabel:    "What are you paying for?", ForMissing: "Choose what you are paying for.",
		Continue:       "Continue",
		NoMatch:        "We could not find this number together with this ZIP code or last name.",
		NoMatchHeading: "What you can check",
		NoMatchHelp: [4]string{
			"Compare every group of digits with the card or the bill.",
			"Use the ZIP code to which the bills are mailed. After a move it may be the old one.",
			"Or use the last name of the person whose bill it is, as it is written on the card.",
			"If it still does not work, call us. The numbers are at the end of this page.",
		},
		HaveCode: "Does your bill show a code of 10 letters and digits?", UseCode: "Pay with the code from the bill",

		OtherHolder: "I am paying for somebody else",
		OtherHolders: [3]string{
			"That is fine. Use the number, and the ZIP code or last name, of the person whose bill it is. You do not need to be the main member.",
			"For privacy, this page never shows what somebody owes. Ask for the bill, or use the code that is printed on it.",
			"For an employer's bill, use the company's name instead of the last name.",
		},
		Lost:  "I cannot find the number",
		LostA: "It is on every member card and every bill. We do not send it by email.",
		LostB: "If you lost it, call us at %s (TTY %s).",
	},

	Bill: guestBillWords{
		Title: "Pay with the code from a bill", Heading: "Pay with the code from a bill",
		Intro: "The code stands on the bill, beside the square picture. With it, this page shows what is still to be paid on that one bill, and nothing else.",
		Label: "Code from the bill", Hint: "10 letters and digits. Small letters and spaces do no harm.",
		Missing:    "Enter the code from the bill.",
		WrongShape: "The code has 10 letters and digits. It never has the letters I, L or O, nor the digits 0 and 1.",
		Unknown:    "We could not find this code. Compare each letter and digit with the bill.",
		Continue:   "Continue", NoCode: "I have no code: pay with the bill pay number",
		Expired: Failure{
			"This code is no longer valid",
			"A code works for 60 days after the bill was made. You can pay the bill with the bill pay number instead, or use the code from your newest bill.",
		},
		UseNumber: "Pay with the bill pay number",
		NothingOpen: Failure{
			"Nothing is open on this bill",
			"Everything on this bill has been paid or was changed since it was printed. You do not need to do anything. If you expected something else, call us.",
		},
	},

	Pay: guestPayWords{
		Title: "Amount and card", Heading: "Amount and card",
		Who: "Paying for the account", For: "For", Change: "Change",
		Amount: "Amount to pay", AmountHint: "In dollars, such as 125.00. For privacy we do not show what is owed: take the amount from the bill.",
		AmountComma:   "Put a point before the cents, not a comma: 12.50.",
		BillIntro:     "These are the open amounts of this bill. You can pay less. To leave one out, enter 0.",
		BillHint:      "On this bill: %s, to %s",
		NothingChosen: "Enter an amount of at least one dollar for something on this bill.",
		TotalTooLarge: "All together may be at most %s. For more, please call us.",
		EmailHint:     "We send the receipt there, and nothing else. The receipt is also shown on the page, to print or to save.",
		CardHeading:   "Card",
		CardElsewhere: "You enter your card later, on the secure page of our card company, %s. We take you there after you have checked everything.",
		CardFree:      "There is no fee. Nothing is charged until you have checked everything on the next page.",
		Continue:      "Continue",
		CardEntered:   "You have entered this card:", OtherCard: "Use another card",
		CardAgain: "Enter another card, or the same card again with the right details.",
	},

	Review: guestReviewWords{
		Title: "Check and pay", Heading: "Check and pay",
		Intro: "Please check everything. Nothing has been charged yet.",
		Who:   "For the account", Card: "Card", Date: "Date", Amount: "Amount", Total: "Total",
		PaidTo: "Paid to %s",
		Email:  "Receipt by email", NoEmail: "No email. The receipt is shown on the page.",
		CardLater: "You enter it on the next page.",
		IsLate:    "This premium is past due", IfLate: "If this premium is past due",
		Late:     "Money that we receive after the last day to pay is held. It does not bring coverage that has ended back by itself. We decide about it, or send it back, within %d business days.",
		LateCall: "To ask about your last day to pay, call %s (TTY %s).",
		Charges:  "Your card statement will show %d charges, one for each organization. Together they are the total.",
		Pay:      "Pay %s now", PayNote: "When you press the button, your card is charged. Press it once and wait: it can take up to a minute.",
		PayElsewhere:     "Continue to the card page",
		PayElsewhereNote: "The card page belongs to our card company, %s. After you have entered your card there, you come back here.",
		Back:             "Back",
		Changed:          "Something has changed since this page was opened, maybe in another window. Nothing was charged by it. Please check everything again.",
	},

	Result: guestResultWords{
		DeclinedTitle: "Card declined", DeclinedHeading: "The card was declined. No money was taken.",
		Declined: map[checkout.DeclineClass]string{
			checkout.DeclineHard:      "The bank does not allow this card to be used.",
			checkout.DeclineData:      "The bank says that something does not fit: the card number, the expiration date or the security code. Or the card has expired.",
			checkout.DeclineFunds:     "The bank says that there is not enough money for this amount, or that the amount is above the card's limit.",
			checkout.DeclineTechnical: "The bank could not be reached.",
			checkout.DeclineIssuer:    "The bank said no and did not tell us why.",
		},
		DeclinedDo: map[checkout.DeclineClass]string{
			checkout.DeclineHard:      "Please use another card.",
			checkout.DeclineData:      "Compare the card with what you entered and try again, or use another card.",
			checkout.DeclineFunds:     "You can pay a smaller amount, or use another card.",
			checkout.DeclineTechnical: "Please try again in a few minutes, with the same card or another one.",
			checkout.DeclineIssuer:    "Call the number on the back of your card, or use another card.",
		},
		TryAnother: "Try another card", FewCards: "For safety, only three cards can be tried on one visit.",
		OtherWays:           "There are other ways to pay, such as a check by mail. Call us at %s (TTY %s) and we will help you.",
		DidNotFinishHeading: "You have not paid yet",
		DidNotFinish:        "You came back from the card page before the payment was made. No money was taken. You can go on where you stopped.",
		GoOn:                "Go on to pay",

		CheckingTitle: "We are checking your payment", CheckingHeading: "We are checking your payment. Please do not pay again.",
		Checking: [3]string{
			"The card company has not answered yet. We do not know yet if the payment went through.",
			"You do not need to do anything. We keep asking, day and night, until we know.",
			"Please do not pay again in the meantime. You could be charged twice.",
		},
		CheckingNoMail: "Keep this page open, or call us later: we can see what became of the payment.",
		CheckingMail:   "We will send you an email as soon as we know. You can close this page.",
		Amount:         "Amount", Account: "For the account",
		LookAgain: "Check again now", StopLooking: "Stop updating this page",
		LooksEvery:     "This page updates by itself every %d seconds.",
		StoppedLooking: "This page no longer updates by itself. Press “Check again now” when you like.",

		NotTakenTitle: "The payment was not made", NotTakenHeading: "The payment was not made. No money was taken.",
		NotTaken: [2]string{
			"If your bank shows the amount as “pending”, it goes away by itself in a few days.",
			"The bill is still to be paid. You can pay it now.",
		},
		PayAgain:  "Pay now",
		LateTitle: "A late charge was given back", LateHeading: "A late charge was given back. Nothing was paid.",
		Late: [3]string{
			"We told you that the payment was not made. After that, the bank approved it late.",
			"We did not keep the money. We told the bank to give it back. It can take a few days until your bank shows that.",
			"The bill is still to be paid. You can pay it now.",
		},
	},

	Receipt: guestReceiptWords{
		Title: "Receipt", Heading: "Thank you. Your payment was received.", HeadingPartly: "Part of your payment was received.", Thanks: "Thank you. We received your payment.",
		Keep:       "Keep the confirmation number. If you call about this payment, we ask for it.",
		PaperTitle: "Payment receipt",
		For:        "For", PaidTo: "Paid to", Card: "Card",
		NotBalance: "This receipt shows what was paid. It does not show what is still owed.",
		Partly:     "Not everything was paid: %s was not charged. What you see here was paid. You can pay the rest again, with another card.",
		SavePDF:    "Save the receipt as PDF", FileName: "receipt",
		MailHeading: "Send the receipt by email", MailLabel: "Email", Send: "Send",
		MailWrong:  "Enter an email address such as name@example.com.",
		Mailed:     "The receipt is on its way to the email that you gave.",
		MailFailed: "The receipt could not be sent just now. Please save or print it instead.",
		Another:    "Pay another bill", Done: "You can also close this page.",
	},

	Limit: guestLimitWords{
		Title: "Please wait",
		Looks: Failure{
			"Please wait before you try again",
			"There were many tries in a short time. To protect everybody's accounts, we have to wait. No money was taken.",
		},
		Cards: Failure{
			"No more cards can be tried right now",
			"To protect card owners, only a few cards can be tried in a short time. No money was taken.",
		},
		Minutes:  Count{"You can try again in about a minute.", "You can try again in about %d minutes."},
		Tomorrow: "You can try again tomorrow.",
	},

	Challenge: guestChallengeWords{
		Title: "One more step", Heading: "One more step",
		Why:        "There were several tries. To be sure that a person is here, we send a code to your email.",
		EmailLabel: "Your email", EmailHint: "Any email that you can read now. We use it for the code only.", Send: "Send me a code",
		EmailWrong: "Enter an email address such as name@example.com.",
		CodeLabel:  "Code from the email", CodeHint: "Six digits. It can take a minute to arrive. Look in the spam folder too.",
		Confirm: "Continue", Sent: "We have sent a code. It works for 10 minutes.", Other: "Send a new code",
		CodeMissing: "Enter the code from the email.", CodeWrong: "This code is not right. Compare the digits with the email.",
		CodeOver:  "This code does not work any more. Please get a new one.",
		CodeSpent: "This email was used for too many tries. Please use another one, or call us.",
	},

	Funds: map[chart.Fund]string{chart.Premium: "Premium", chart.Medical: "Medical care", chart.Pharmacy: "Pharmacy"},
	FundHints: map[chart.Fund]string{
		chart.Premium:  "The regular payment for the health plan",
		chart.Medical:  "A bill from a doctor, a clinic or a hospital",
		chart.Pharmacy: "A bill for medicine",
	},
	OtherCard: "Card",

	CallUs: "Questions? Call us at %s (TTY %s).",
	Email:  "Email for the receipt", EmailWrong: "Enter an email address such as name@example.com, or leave the field empty.",
	CookiesOff: Failure{
		"Your browser blocks cookies",
		"To pay here, this page must keep what you enter from one step to the next, and it needs a cookie for that. Please allow cookies for this page and start again, or call us to pay.",
	},
	Unavailable: Failure{
		"We cannot take card payments right now",
		"Nothing was charged. Please try again in a few minutes, or call us.",
	},
}
