package notice

import (
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/region"
)

var english = words{
	Tag: "en",

	Kinds: map[Kind]letterWords{
		Invoice: {
			Review: Source, Heading: "Your bill for {months}", Pay: true,
			Rows: []rowWords{
				{Label: "Amount to pay", Value: "{amount}", When: FactAmount}, {Label: "Pay by", Value: "{pay_by}", When: FactAmount},
				{Label: "Pays for", Value: "{months}"}, {Label: "Bill", Value: "{invoice}"},
			},
			Parts: []part{
				{Says: Consequence, Text: "If a bill is not paid in time, we write to you and say how long you still have to pay. If it stays unpaid after that, your coverage ends."},
			},
		},
		BinderReminder: {
			Review: Source, Heading: "Pay by {pay_by} to start your coverage", Pay: true,
			Rows: []rowWords{
				{Label: "First payment", Value: "{amount}"}, {Label: "Last day to pay", Value: "{pay_by}"},
				{Label: "Coverage starts on", Value: "{cover_starts}"},
			},
			Parts: []part{
				{Text: "You signed up for {coverage}. It starts on {cover_starts}, but only after we receive your first payment."},
				{Text: "We must receive {amount} by {pay_by}."},
				{Says: Consequence, Text: "If we do not receive it by that day, we must cancel your coverage. It will be as if you never had it, and we will not pay for any care."},
			},
		},
		BinderMissed: {
			Review: Source, Heading: "Your coverage did not start. We cancelled it.",
			Rows: []rowWords{{Label: "First payment that was due", Value: "{amount}"}, {Label: "Last day to pay was", Value: "{pay_by}"}},
			Parts: []part{
				{Text: "We did not receive your first payment of {amount} by {pay_by}. So your {coverage} was cancelled."},
				{Says: Consequence, Text: "It never started. We do not pay for any care under it. If you sent us part of the money, we will send it back to you."},
				{Says: Appeal, Text: "If you think that this is wrong, you can ask us to look at it again. This is called an appeal. Call us at {phone}, or write to {street}."},
				{Says: Appeal, Text: "Please appeal by {appeal_by}.", When: FactAppealBy},
				{Says: EnrolCaution, Text: "Not paying does not give you a special enrollment period. You can sign up again in the next open enrollment, or sooner if something changes in your life, such as a marriage, a birth or a move."},
			},
		},
		APTCDelinquency: {
			Review: Source, Heading: "Your payment is late. Pay everything by {grace_to} to keep your coverage.", Pay: true,
			Rows: []rowWords{
				{Label: "Amount you owe today", Value: "{amount}"}, {Label: "Last day to pay", Value: "{grace_to}"},
				{Label: "Grace period", Value: "{grace}"}, {Label: "If you do not pay, coverage ends on", Value: "{cover_ends}"},
			},
			Parts: []part{
				{Text: "We did not receive the full payment for {months}. You still have coverage, and you have extra time to pay."},
				{Text: "This extra time is called a grace period. It started on {grace_from} and ends on {grace_to}. To keep your coverage, you must pay everything you owe by {grace_to}."},
				{Text: "Today you owe {amount}. The bills for the next months are added to it. Paying only a part does not give you more time."},
				{Says: ClaimsPended, Text: "For care before {pend_from}, we pay your doctors and pharmacies as usual. From {pend_from} on, we may hold their claims and not pay yet. If you do not pay everything in time, we will not pay those claims, and your doctors may send you the bill."},
				{Says: Consequence, Text: "If we do not receive everything by {grace_to}, your coverage ends. The last day of your coverage will then be {cover_ends}. It is the last day of the first month of the grace period. We will not pay for care after that day."},
				{Says: TaxEffect, Text: "The government pays a part of your premium with a tax credit. If you do not pay your own part for a month, you may have to pay back that month’s tax credit when you file your federal income tax return."},
			},
		},
		StateGrace: {
			Review: Source, Heading: "Your payment is late. Pay {amount} by {grace_to} to keep your coverage.", Pay: true,
			Rows: []rowWords{
				{Label: "Amount you owe today", Value: "{amount}"}, {Label: "Last day to pay", Value: "{grace_to}"},
				{Label: "Grace period", Value: "{grace}"}, {Label: "If you do not pay, coverage ends on", Value: "{cover_ends}"},
			},
			Parts: []part{
				{Text: "We did not receive your full payment. You still have coverage, and you have extra time to pay. This extra time is called a grace period."},
				{Text: "The grace period starts on {grace_from} and ends on {grace_to}. Your coverage goes on during this time."},
				{Says: Consequence, Text: "If we do not receive {amount} by {grace_to}, your coverage ends. The last day of your coverage will then be {cover_ends}."},
				{Says: Complaint, Text: "If you think that we are wrong, call us first. You also have the right to complain to the {regulator}, telephone {regulator_phone}."},
			},
		},
		Termination: {
			Review: Source, Heading: "Your coverage has ended. The last day was {cover_ends}.",
			Rows: []rowWords{
				{Label: "Last day of coverage", Value: "{cover_ends}"}, {Label: "You still owe", Value: "{amount}", When: FactAmount},
			},
			Parts: []part{
				{Text: "Your {coverage} has ended. Why: {reason}"},
				{Text: "We do not pay for care that you receive after {cover_ends}."},
				{Text: "You still owe {amount} for the time when you were covered.", When: FactAmount},
				{Says: NoReturn, Text: "Paying now does not start your coverage again by itself. If you want it back, call us at {phone} and ask for reinstatement. We will tell you if it is possible."},
				{Says: Appeal, Text: "If you think that this is wrong, you have the right to appeal. Call us at {phone}, or write to {street}."},
				{Says: Appeal, Text: "Please appeal by {appeal_by}.", When: FactAppealBy},
				{Says: EnrolCaution, Text: "Be careful: losing coverage because of unpaid bills does not give you a special enrollment period. You may have to wait for the next open enrollment to get new coverage."},
			},
		},
		Cancelled: {
			Review: Source, Heading: "Your coverage was cancelled. It did not start.",
			Rows: []rowWords{{Label: "We send back", Value: "{amount}", When: FactAmount}},
			Parts: []part{
				{Text: "Your {coverage} was cancelled before it started. Why: {reason}"},
				{Says: Consequence, Text: "It never started, and we do not pay for any care under it."},
				{Text: "We will send {amount} back to you.", When: FactAmount},
				{Says: Appeal, Text: "If you think that this is wrong, you can appeal. Call us at {phone}, or write to {street}."},
			},
		},
		COBRAElection: {
			Review: Source, Heading: "You can keep your health coverage. Choose by {request_by}.",
			Rows: []rowWords{
				{Label: "Your coverage ended on", Value: "{cover_ends}"}, {Label: "Choose by", Value: "{request_by}"},
				{Label: "COBRA coverage would start on", Value: "{cover_starts}"}, {Label: "It can last until", Value: "{cover_most}"},
				{Label: "Cost for each month", Value: "{amount}"},
			},
			Parts: []part{
				{Text: "Your group health coverage ended on {cover_ends}. A law called COBRA lets you go on with the same coverage, if you pay for it yourself."},
				{Text: "It would start on {cover_starts}, so that there is no gap, and it can last until {cover_most}. It costs {amount} for each month. The cost can change once a year."},
				{Says: SentCounts, Text: "To choose it, tell us in writing by {request_by}: “I choose COBRA coverage”, with the names of all who want it, your signature and the date. Send it to {street}. The day on which you send it counts: the postmark on the envelope. Do not send money yet. After you choose, we tell you what to pay and by when."},
				{Says: EachMember, Text: "Each person in your family who lost this coverage can choose alone. A parent can choose for the children."},
				{Says: Consequence, Text: "If you do not choose by {request_by}, you lose your right to COBRA coverage, and you cannot get it back."},
				{Says: Extension, Text: "It can last longer if Social Security decides that one of you is disabled, or if there is another event such as a divorce or a death. Tell us at once when that happens, and always tell us when your address changes."},
				{Says: Alternatives, Text: "You may find other coverage that costs less, such as a plan from the health insurance marketplace, a plan of your husband’s or wife’s employer, Medicaid or Medicare. For some of these you must sign up within a short time after {cover_ends}."},
				{Text: "COBRA coverage ends early if a payment is not made in time, or if you get other group coverage or Medicare after you choose it."},
			},
		},
		COBRAFirstPayment: {
			Review: Source, Heading: "Send your first COBRA payment by {pay_by}", Pay: true,
			Rows: []rowWords{
				{Label: "First payment", Value: "{amount}"}, {Label: "Send it by", Value: "{pay_by}"}, {Label: "Pays for", Value: "{months}"},
			},
			Parts: []part{
				{Text: "On {elected_on} you chose to go on with your health coverage under COBRA. Now the first payment is due. It is {amount} and pays for {months}."},
				{Says: SentCounts, Text: "Send it by {pay_by}. The day on which you send it counts: the postmark on the envelope."},
				{Says: Consequence, Text: "If you do not send the whole amount by that day, you lose your COBRA coverage, and you cannot get it back."},
				{Text: "After this, a payment is due on the first day of each month. Until we receive a payment, your doctors may be told that your coverage could end."},
			},
		},
		COBRAShortfall: {
			Review: Source, Heading: "Your payment was {amount} too low. Please send the rest by {pay_by}.", Pay: true,
			Rows: []rowWords{
				{Label: "We received", Value: "{received}"}, {Label: "Still to pay", Value: "{amount}"}, {Label: "Send it by", Value: "{pay_by}"},
			},
			Parts: []part{
				{Text: "We received {received} for {months}. Thank you. That is {amount} less than the full payment."},
				{Says: SentCounts, Text: "Please send the missing {amount} by {pay_by}. The day on which you send it counts: the postmark on the envelope."},
				{Says: Consequence, Text: "You are covered until then. If you do not send it by that day, your coverage ends. Its last day will then be {cover_ends}."},
			},
		},
		COBRAEarlyEnd: {
			Review: Source, Heading: "Your COBRA coverage has ended. The last day was {cover_ends}.",
			Rows: []rowWords{{Label: "Last day of coverage", Value: "{cover_ends}"}},
			Parts: []part{
				{Text: "Your {coverage} ended earlier than the longest time allowed. Why: {reason}"},
				{Text: "We do not pay for care that you receive after {cover_ends}."},
				{Says: Alternatives, Text: "You may have a right to other coverage, such as a policy of your own, a plan from the health insurance marketplace, Medicare or Medicaid. Ask soon: some of these rights last only a short time. Call us at {phone}, and we will tell you what we know."},
				{Says: Appeal, Text: "If you think that this is wrong, you can appeal. Call us at {phone}, or write to {street}."},
			},
		},
		MedicareFailureToPay: {
			Review: Source, Heading: "Your payment is late. Pay {amount} by {grace_to} to stay in our plan.", Pay: true,
			Rows: []rowWords{
				{Label: "Amount you owe", Value: "{amount}"}, {Label: "Last day to pay", Value: "{grace_to}"},
				{Label: "Grace period", Value: "{grace}"}, {Label: "If you do not pay, your last day in the plan is", Value: "{cover_ends}"},
			},
			Parts: []part{
				{Text: "We did not receive your plan premium for {months}. You are still covered, and you have extra time to pay."},
				{Text: "This extra time is called a grace period. It starts on {grace_from} and ends on {grace_to}."},
				{Says: Consequence, Text: "If we do not receive {amount} by {grace_to}, you will no longer be a member of our plan from {uncovered_from} on. You may then have no drug coverage, and you may pay more for it later."},
				{Says: GoodCause, Text: "Did something that you could not control keep you from paying, such as a serious illness? If you lose the plan, you can ask us to take you back for a good reason (“good cause”). You must ask by {request_by}, and you must pay what you owe."},
				{Text: "If it is hard for you to pay, call us. Medicare also has help with costs for people with low income."},
			},
		},
		MedicareDisenrolment: {
			Review: Source, Heading: "You are no longer a member of our plan from {uncovered_from} on", Pay: true,
			Rows: []rowWords{
				{Label: "Last day in the plan", Value: "{cover_ends}"}, {Label: "You owe", Value: "{amount}"},
				{Label: "Ask to come back by", Value: "{request_by}"}, {Label: "Then pay everything by", Value: "{settle_by}"},
			},
			Parts: []part{
				{Text: "We did not receive your plan premium in the grace period. So your {coverage} ended. Your last day in the plan was {cover_ends}. We do not pay for care or drugs after that day."},
				{Says: GoodCause, Text: "Did something that you could not control keep you from paying, such as a serious illness? Then you can ask us to take you back (“good cause”). You must ask by {request_by}, and pay all that you owe, {amount}, by {settle_by}. Call us at {phone}."},
				{Says: Alternatives, Text: "You still have Original Medicare if you have Part A and Part B. You can choose another plan only at certain times of the year. Call 1-800-MEDICARE (1-800-633-4227, TTY 1-877-486-2048) at any hour to learn what you can choose now."},
				{Says: Appeal, Text: "If you think that this is wrong, you have the right to complain to us. This is called a grievance. Call us at {phone}, or write to {street}."},
			},
		},
		ReturnedPayment: {
			Review: Source, Heading: "Your payment of {received} came back. Please pay {amount} by {pay_by}.", Pay: true,
			Rows: []rowWords{
				{Label: "Payment that came back", Value: "{received}"}, {Label: "Paid on", Value: "{received_on}"},
				{Label: "Amount to pay now", Value: "{amount}"}, {Label: "Fee in this amount", Value: "{fee}", When: FactFee},
				{Label: "Pay by", Value: "{pay_by}"},
			},
			Parts: []part{
				{Text: "We could not keep your payment of {received} from {received_on}. {return}"},
				{Text: "So the bill is not paid. Please pay {amount} by {pay_by}."},
				{Text: "This amount has a fee of {fee} in it for the returned payment.", When: FactFee},
				{Says: Consequence, Text: "If the bill stays unpaid, you can lose your coverage."},
			},
		},
		LateMoney: {
			Review: Source, Heading: "Your payment of {amount} came too late. We are keeping it safe for you.",
			Rows: []rowWords{
				{Label: "We received", Value: "{amount}"}, {Label: "On", Value: "{received_on}"}, {Label: "Last day to pay was", Value: "{pay_by}"},
				{Label: "Last day of coverage", Value: "{cover_ends}", When: FactCoverEnds}, {Label: "We decide by", Value: "{decide_by}"},
			},
			Parts: []part{
				{Text: "We received {amount} on {received_on}. The last day to pay was {pay_by}."},
				{Text: "Your {coverage} had ended. Its last day was {cover_ends}.", When: FactCoverEnds},
				{Says: NoReturn, Text: "This payment does not start your coverage again by itself."},
				{Says: MoneyHeld, Text: "The money is yours. We have not used it. By {decide_by} we will do one of two things: start your coverage again, or send the money back to you. We will write to you."},
				{Text: "Please do not send more money now. If you want your coverage back, call us."},
			},
		},
		Reinstatement: {
			Review: Source, Heading: "Good news: you have your coverage again",
			Rows: []rowWords{{Label: "Covered from", Value: "{cover_starts}"}, {Label: "Please pay", Value: "{amount}", When: FactAmount}},
			Parts: []part{
				{Text: "We started your {coverage} again from {cover_starts} on."},
				{Says: NoGap, Text: "It is as if it had never ended: there is no day without coverage. If a doctor or pharmacy sent you a bill for care in this time, ask them to send it to us again."},
				{Text: "Please pay your next bills in time, so that you keep it."},
			},
		},
		RefundMade: {
			Review: Source, Heading: "We are sending you {amount} back",
			Rows: []rowWords{{Label: "Refund", Value: "{amount}"}, {Label: "Sent on", Value: "{sent_on}"}},
			Parts: []part{
				{Text: "On {sent_on} we sent you {amount} back. Why: {reason}"},
				{Says: HowItTravels, Text: "{method}"},
				{Says: NothingToDo, Text: "You do not need to do anything. If you do not have the money after two weeks, call us."},
			},
		},
		DirectBill: {
			Review: Source, Heading: "Please pay your plan premium to us. Pay {amount} by {pay_by}.", Pay: true,
			Rows: []rowWords{
				{Label: "Amount due", Value: "{amount}"}, {Label: "Pay by", Value: "{pay_by}"}, {Label: "Pays for", Value: "{months}"},
			},
			Parts: []part{
				{Text: "Your plan premium is not taken out of your benefit by {agency}. So we send the bill to you."},
				{Text: "Please pay {amount} for {months} by {pay_by}. We never charge you for the way in which you pay."},
				{Says: Consequence, Text: "If a bill stays unpaid, you can lose your coverage. If the money was taken out of your benefit for these months, do not pay. Call us."},
			},
		},
		GroupEnded: {
			Review: Source, Heading: "Your employer’s coverage has ended. The last day was {cover_ends}.",
			Rows: []rowWords{{Label: "Last day of coverage", Value: "{cover_ends}"}, {Label: "Choose new coverage by", Value: "{request_by}"}},
			Parts: []part{
				{Text: "The group coverage that you had through an employer has ended for all its members. This is not because of anything that you did. We do not pay for care that you receive after {cover_ends}."},
				{Says: EnrolCaution, Text: "Because you lost this coverage, you can sign up for new coverage now, outside of open enrollment. This is called a special enrollment period. You must choose by {request_by}."},
				{Says: Alternatives, Text: "You can look for a plan at the health insurance marketplace, at another employer of your household, or ask about Medicaid or Medicare. Call us at {phone}, and we will tell you what we offer."},
			},
		},
		CoverageEnded: {
			Review: Source, Heading: "Your coverage has ended. The last day was {cover_ends}.",
			Rows: []rowWords{
				{Label: "Last day of coverage", Value: "{cover_ends}"}, {Label: "Still to pay", Value: "{amount}", When: FactAmount},
			},
			Parts: []part{
				{Text: "Your {coverage} has ended. Why: {reason}"},
				{Text: "We do not pay for care after {cover_ends}. If too much was paid, we send it back."},
				{Text: "For the time until {cover_ends}, {amount} is still to be paid.", When: FactAmount},
				{Says: Appeal, Text: "If you think that this is wrong, you can appeal. Call us at {phone}, or write to {street}."},
				{Says: EnrolCaution, Text: "If you need new coverage, ask soon. Ending coverage yourself does not always give you a special enrollment period, and one lasts only a short time."},
			},
		},
		AutopayStarted: {
			Review: Source, Heading: "Automatic payment is on for {paid_for}",
			Rows: []rowWords{
				{Label: "Taken from", Value: "{account}"}, {Label: "When", Value: "{debit_day}"}, {Label: "At most", Value: "{most}", When: FactMost},
				{Label: "You agreed on", Value: "{agreed_on}"},
			},
			Parts: []part{
				{Text: "On {agreed_on} you agreed that we take {paid_for} from your {account}, each time when it is due, until you end this. This letter is your copy."},
				{Text: "We take what is due. If an amount is not the same as the one before, we write to you at least 10 days before we take it, as you chose."},
				{Says: HowToStop, Text: "You can end this, skip a payment or take a break at any time. Call us at {phone}, or write to {street}. If you tell us 3 business days before a payment, we will stop it for sure."},
				{Says: NotRequired, Text: "You do not need automatic payment to have your coverage. You can also pay in other ways, and no way costs more."},
				{Text: "Did you not agree to this? Please call us now."},
			},
		},
		AutopayChange: {
			Review: Source, Heading: "On {debit_on} we will take {amount} from your {account}",
			Rows: []rowWords{
				{Label: "Amount", Value: "{amount}"}, {Label: "Taken on", Value: "{debit_on}"}, {Label: "From", Value: "{account}"},
				{Label: "The payment before", Value: "{before}", When: FactBefore},
			},
			Parts: []part{
				{Text: "This is your automatic payment. You agreed that we take what is due."},
				{Text: "The payment before this one was {before}. The amount is not the same this time, so we tell you before we take it.", When: FactBefore},
				{Text: "Please see that there is enough money in the account. If you pay the bill in another way before then, we do not take it again."},
				{Says: HowToStop, Text: "You do not want us to take it? Call us at {phone}, or write to {street}. If you tell us 3 business days before, we will stop it for sure."},
			},
		},
		AutopayStopped: {
			Review: Source, Heading: "Automatic payment has stopped. Please pay in another way.", Pay: true,
			Rows: []rowWords{{Label: "It was taken from", Value: "{account}"}, {Label: "It paid", Value: "{paid_for}"}},
			Parts: []part{
				{Text: "We no longer take {paid_for} from your {account}. {stopped}"},
				{Says: Consequence, Text: "Your next bills are not paid by themselves now. Please pay them in another way. If a bill stays unpaid, you can lose your coverage."},
				{Text: "You can turn automatic payment on again, with this or another account. Call us at {phone}."},
			},
		},
		UnclaimedMoney: {
			Review: Source, Heading: "We have {amount} that is yours. Please answer by {request_by}.",
			Rows: []rowWords{{Label: "Your money", Value: "{amount}"}, {Label: "Answer by", Value: "{request_by}"}},
			Parts: []part{
				{Text: "You or somebody for you paid us more than was due, or did not cash a check from us. We still have {amount} of it, and we have not heard from you for a long time."},
				{Says: HowToClaim, Text: "Call us at {phone}, or write to {street}, by {request_by}. We ask for your bill pay number and where to send the money. We never ask for a fee."},
				{Says: GoesToState, Text: "If we do not hear from you by {request_by}, the law makes us give the money to the state."},
				{Says: NothingLost, Text: "The state keeps it for you. You can claim it there later, and that is free."},
			},
		},
		CardExpiring: {
			Review: Source, Heading: "Your card for automatic payment expires at the end of {expires}",
			Rows: []rowWords{{Label: "Card", Value: "{account}"}, {Label: "Good through", Value: "{expires}"}, {Label: "It pays", Value: "{paid_for}"}},
			Parts: []part{
				{Text: "We take {paid_for} from your {account}. It expires at the end of {expires}."},
				{Text: "If you have a new card, call us at {phone}. We never ask for a card number by mail or e-mail."},
				{Says: Consequence, Text: "Without a new card we may not be able to take your payments after that. If a bill stays unpaid, you can lose your coverage."},
			},
		},
	},

	Lines: map[coverage.Line]string{
		coverage.ExchangeAPTC: "marketplace health coverage", coverage.ExchangeNoAPTC: "marketplace health coverage",
		coverage.Direct: "health coverage", coverage.COBRA: "COBRA health coverage", coverage.StateCont: "continuation health coverage",
		coverage.MA: "Medicare Advantage plan", coverage.MAPD: "Medicare Advantage plan with drug coverage",
		coverage.PDP: "Medicare drug plan", coverage.Group: "group health coverage",
	},
	Reasons: map[Reason]string{
		NotPaid:      "We did not receive everything that was due by the last day to pay.",
		OtherGroup:   "You became covered by another group health plan.",
		OnMedicare:   "You became covered by Medicare.",
		PlanEnded:    "Your employer ended all its group health plans.",
		NotDisabled:  "Social Security decided that the disability is over.",
		LongestTime:  "It has reached the longest time that the law allows.",
		AskedFor:     "You asked us to end it, or the marketplace told us to.",
		MovedAway:    "You moved out of the area that we serve.",
		Died:         "We were told that the member has died. We are sorry for your loss.",
		NotEligible:  "We were told that you can no longer have this coverage.",
		NeverStarted: "Your coverage never started.",
		CameTooLate:  "The payment came after the last day to pay.",
		PaidTooMuch:  "More was paid than was due.",
		SourceEnded:  "Whoever signed you up for it told us to end it.",
		NotChosen:    "You did not choose it by the last day to choose.",
	},
	Returns: map[ReturnReason]string{
		NoFunds:      "Your bank told us that there was not enough money in the account.",
		NoAccount:    "Your bank told us that the account is closed or was not found.",
		Stopped:      "Your bank told us that the payment was stopped.",
		Disputed:     "Your bank or card company told us that the payment was not allowed.",
		OtherReturns: "Your bank did not tell us more about the reason.",
	},
	Agencies: map[string]string{"SSA": "Social Security", "RRB": "the Railroad Retirement Board"},
	Tenders: map[region.Tender]string{
		region.Card:           "By credit or debit card: {page}call {phone}.",
		region.PrepaidCard:    "By prepaid card: {page}call {phone}.",
		region.BankDebit:      "From your bank account: call {phone} and ask for a payment from your account.",
		region.BankBillPay:    "With your bank’s bill pay: give your bill pay number as the account number.",
		region.Cheque:         "By check: write your bill pay number on it and mail it to {remit}.",
		region.CashiersCheque: "By cashier’s check: write your bill pay number on it and mail it to {remit}.",
		region.MoneyOrder:     "By money order: write your bill pay number on it and mail it to {remit}.",
		region.Cash:           "With cash: bring your bill pay number to {street}. Never mail cash.",
		region.Wire:           "By wire: call {phone} for the account, and give your bill pay number with the wire.",
	},
	Together: []tenders{
		{[]region.Tender{region.Card, region.PrepaidCard}, "By credit, debit or prepaid card: {page}call {phone}."},
		{
			[]region.Tender{region.Cheque, region.CashiersCheque, region.MoneyOrder},
			"By check, cashier’s check or money order: write your bill pay number on it and mail it to {remit}.",
		},
	},
	Refunds: map[region.Tender]string{
		region.Card:           "The money goes back to the card that was used.",
		region.PrepaidCard:    "The money goes back to the prepaid card that was used.",
		region.BankDebit:      "The money goes back to the bank account that it came from.",
		region.BankBillPay:    "The money goes back to the bank that it came from.",
		region.Cheque:         "You will receive a check in the mail.",
		region.CashiersCheque: "You will receive a check in the mail.",
		region.MoneyOrder:     "You will receive a check in the mail.",
		region.Cash:           "You will receive a check in the mail.",
		region.Wire:           "The money goes back to the bank account that it came from.",
	},

	Autopay: autopayWords{
		Accounts:  map[mandate.Tender]string{mandate.Bank: "bank account ending in %s", mandate.Card: "card ending in %s"},
		PaidFor:   map[mandate.Purpose]string{mandate.Premium: "your premium", mandate.Balance: "what you owe"},
		OnDueDate: "On the due date of each bill", OnDay: "On day %d of the month", DaysBefore: "%d days before the due date of each bill",
		DayBefore: "One day before the due date of each bill",
		StopReasons: map[mandate.Reason]string{
			mandate.AskedFor:      "You asked us to end it.",
			mandate.Revoked:       "Your bank or card company told us that you ended it.",
			mandate.NotAuthorised: "Your bank told us that the payment was not allowed.",
			mandate.NotAsAgreed:   "Your bank told us that a payment was not as you had agreed. We look into it and take nothing until that is clear.",
			mandate.StopPayment:   "Your bank told us that you stopped a payment. We take nothing more until you tell us to go on.",
			mandate.BadAccount:    "Your bank told us that the account is closed, was not found, or takes no such payments.",
			mandate.CardDeclined:  "Your card company told us that this card cannot be used.",
			mandate.CardData:      "Your card has expired or has new data. We take nothing until you give us the new card.",
			mandate.TriesUsed:     "We tried several times, and the payment was refused each time.",
			mandate.PayerDied:     "We were told that the account holder has died. We are sorry for your loss.",
			mandate.Replaced:      "You gave us another account or card instead.",
			mandate.Merged:        "It goes on under your other bill pay number.",
			mandate.MethodGone:    "The account or card was taken out.",
			mandate.AccountClosed: "Nothing more is due.",
		},
	},

	Named:  "%s, %s",
	Number: "Bill pay number", Coverage: "Coverage",
	HowToPay:       "How to pay",
	Page:           "pay at %s, or ",
	AlreadyPaid:    "Did you pay in the last few days? Thank you. Then you do not need to pay again.",
	Questions:      "Questions? We are glad to help.",
	Call:           "Call %s (TTY %s).",
	OtherLanguages: "Help in your language",
	Estate:         "The estate of %s",
	Bill: billWords{
		What: "For", Amount: "Amount", Number: "Bill", PayBy: "Pay by", ToPay: "Amount to pay", Paying: "Amount you are paying",
		Cut: "Paying by check? Cut here and send this part with it. Make the check out to the name below.",
	},
	MonthForm: "%[1]s %[2]d", DateForm: "%[1]s %[3]d, %[2]d", Span: "%s to %s",
	Months: [12]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	},
}
