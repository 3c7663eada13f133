package deliver

import "github.com/billfold/billfold/internal/office/checkout"

var english = words{
	Tag: "en",

	News: map[checkout.News]letterWords{
		checkout.NewsReceipt: {
			Subject: "Your payment receipt", Heading: "We received your payment",
			Paragraphs: []string{"Thank you. Keep this message: it is your receipt."},
		},
		checkout.NewsChecking: {
			Subject: "We are checking your payment", Heading: "We are checking your payment. Please do not pay again.",
			Paragraphs: []string{
				"Your card company did not answer us in time. We do not know yet if the payment went through.",
				"You do not need to do anything. We keep asking, and we will write to you as soon as we know.",
				"Please do not pay again before you hear from us. You could be charged twice.",
			},
		},
		checkout.NewsPaid: {
			Subject: "Your payment went through", Heading: "Your payment went through",
			Paragraphs: []string{
				"We told you that we were checking a payment. Now we know: it went through. Thank you.",
				"You do not need to do anything. Keep this message: it is your receipt.",
			},
		},
		checkout.NewsNotTaken: {
			Subject: "Your payment did not go through", Heading: "Your payment did not go through",
			Paragraphs: []string{
				"We told you that we were checking a payment. Now we know: no money was taken.",
				"The bill is still to be paid. You can pay again now, with the same card or another one.",
			},
			Last: []string{
				"Your bank may show the amount as “pending” for a few days. It goes away by itself.",
			},
		},
		checkout.NewsReleased: {
			Subject: "We did not keep a late card charge", Heading: "We did not keep a late card charge",
			Paragraphs: []string{
				"We told you that a payment did not go through. After that, your card company approved it late.",
				"We did not keep the money. We told your card company to give it back. Nothing was paid.",
				"If you have not paid in another way since then, the bill is still to be paid.",
			},
			Last: []string{
				"Your bank may show the amount as “pending” for a few days. It goes away by itself.",
			},
		},
	},
	Challenge: letterWords{
		Subject: "Your code", Heading: "Your code",
		Paragraphs: []string{"Type this code on the page that asks for it:"},
		Last: []string{
			"The code works for {minutes} minutes, once.",
			"If you are not on our page right now, do nothing. Nothing was paid. We will never call you to ask for this code.",
		},
	},

	Letter: letterWords{
		Subject: "You have a new letter", Heading: "You have a new letter about your account",
		Paragraphs: []string{
			"We wrote you a letter about your account. Please read it soon: it may ask you to do something by a certain day.",
			"To read it, open this page: {page}",
			"The page asks for your date of birth, so that nobody else can read the letter.",
			"If you cannot open it, call us. We read it to you or send it on paper, at no cost.",
		},
		Last: []string{"You receive this message because you chose letters by email. You can change this at any time: call us and ask for paper."},
	},

	Amount: "Amount", Date: "Date", Confirmation: "Confirmation number", Account: "For the account", Card: "Card",
	PaidTo: "Paid to", NotPaidTo: "Not charged, still to be paid",

	Ending: "ending in %s", EntityShare: "%s (%s)",
	Brands:    brands,
	Questions: "Questions? Call us:",
	Machine:   "This message was sent by a computer. Nobody reads replies to it.",
	DateForm:  "%[1]s %[2]d, %[3]d",
	Months: [12]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	},
}
