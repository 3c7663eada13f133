package web

import "github.com/billfold/billfold/internal/people/billpay"

// pieceWords are the texts of the pieces that every page shares.
type pieceWords struct {
	Optional, ErrorTitle, ErrorLabel, ErrorSummary string
	NoticeLabels                                   map[NoticeKind]string

	EndingIn, Account, Confirmation, PaidOn, Total, Change string
	Progress                                               string // two numbers: this step and how many there are
	StepDone                                               string

	FindNumber, FindOnCard, FindOnBill, FindByPhone, CardPicture, BillPicture string

	NumberProblems map[billpay.HintKind]string
	DigitsMissing  Count
	DigitsTooMany  Count
	AmountProblems map[amountProblem]string

	CardNumber, CardExpiry, CardCode, CardCodeHint string
	CardFailed                                     string
	Working                                        string // while a form is on its way

	SessionOver                      Failure
	Unsure                           Failure // something failed after a form was sent
	StartAgain                       string
	SessionSoon, SessionMore         string
	SessionKept                      string
	HelpHeading, HelpIntro, Print    string
	PageCheckHeading, PageCheckAlarm string
}

// amountExample is how an amount is written in a text; a test keeps it readable.
const amountExample = "125.00"

var piecesEnglish = pieceWords{
	Optional: "optional", ErrorTitle: "Error: ", ErrorLabel: "Error:", ErrorSummary: "Please correct these points",
	NoticeLabels: map[NoticeKind]string{
		NoticeInfo: "Note:", NoticeGood: "Success:", NoticeWarn: "Important:", NoticeBad: "Problem:",
	},

	EndingIn: "ending in %s", Account: "Account", Confirmation: "Confirmation number", PaidOn: "Paid on", Total: "Total", Change: "Change",
	Progress: "Step %d of %d", StepDone: "done",

	FindNumber:  "How to find the number",
	FindOnCard:  "On your member card it stands below your name.",
	FindOnBill:  "On a bill it stands at the top right, and again on the part to tear off.",
	FindByPhone: "If you have neither, call us. The telephone numbers are at the end of this page.",
	CardPicture: "A member card. The bill pay number, three groups of four digits, stands below the member's name and is circled.",
	BillPicture: "A bill. The bill pay number stands at the top right and on the part to tear off, and is circled in both places.",

	NumberProblems: map[billpay.HintKind]string{
		billpay.NothingTyped:  "Enter the bill pay number. It has 10 to 12 digits.",
		billpay.LetterAsDigit: "A bill pay number has digits only. For the letters O and I, use the digits 0 and 1.",
		billpay.OtherLetters:  "A bill pay number has digits only, no letters. Enter the digits alone.",
		billpay.OtherSigns:    "Enter only the digits of the number. Spaces and dashes between them do no harm.",
		billpay.CardNumber:    "This looks like the number of a payment card. Here we need the bill pay number of 10 to 12 digits. We did not keep what you entered.",
		billpay.ZeroInFront:   "A bill pay number never begins with 0. Check that the whole number is there.",
		billpay.WrongDigit:    "The number has a typing mistake: one digit is wrong, or two have changed places. Compare each group with the card or bill.",
	},
	DigitsMissing: Count{"The number is too short: at least 1 digit is missing. It has 10 to 12.", "The number is too short: at least %d digits are missing. It has 10 to 12."},
	DigitsTooMany: Count{"The number is too long: at least 1 digit is too many. It has 10 to 12.", "The number is too long: at least %d digits are too many. It has 10 to 12."},
	AmountProblems: map[amountProblem]string{
		amountMissing:    "Enter the amount that you want to pay.",
		amountUnreadable: "Enter the amount in dollars and cents, such as " + amountExample + ".",
		amountTooSmall:   "The amount must be at least %s.",
		amountTooLarge:   "The amount may be at most %s. For more, please call us.",
	},

	CardNumber: "Card number", CardExpiry: "Expiration date (month and year)", CardCode: "Security code",
	CardCodeHint: "Three digits on the back of the card, or four on the front.",
	CardFailed:   "The card could not be checked. Nothing was charged. Please try again.",
	Working:      "One moment, please. Do not close this page.",

	SessionOver: Failure{
		"Your session has ended",
		"For your safety, a visit ends after 15 minutes without activity. If you had already confirmed a payment, do not pay again: call us and we will tell you whether it arrived. If you see this page again at once, your browser may be blocking cookies, which this page needs.",
	},
	Unsure: Failure{
		"Something went wrong on our side",
		"If you were paying, do not pay again yet. Load this page again in a minute, or call us: we can see whether the payment arrived.",
	},
	StartAgain:  "Start again",
	SessionSoon: "Your session ends in two minutes. What you have entered would be lost.",
	SessionMore: "Give me more time", SessionKept: "You have more time now.",
	HelpHeading: "Do you need help?", HelpIntro: "These calls are free, and so is an interpreter.", Print: "Print this page",
	PageCheckHeading: "The payment page needs attention",
	PageCheckAlarm:   "What the payment page loads is not what was authorized. The log says what has changed. Look into it now.",
}

var piecesSpanish = pieceWords{
	Optional: "opcional", ErrorTitle: "Error. ", ErrorLabel: "Error.", ErrorSummary: "Corrija estos puntos",
	NoticeLabels: map[NoticeKind]string{
		NoticeInfo: "Nota:", NoticeGood: "Listo:", NoticeWarn: "Importante:", NoticeBad: "Problema:",
	},

	EndingIn: "que termina en %s", Account: "Cuenta", Confirmation: "Número de confirmación", PaidOn: "Pagado el", Total: "Suma", Change: "Cambiar",
	Progress: "Paso %d de %d", StepDone: "completado",

	FindNumber:  "Cómo encontrar el número",
	FindOnCard:  "En su tarjeta de miembro está debajo de su nombre.",
	FindOnBill:  "En una factura está arriba a la derecha, y otra vez en la parte que se desprende.",
	FindByPhone: "Si no tiene ninguna de las dos, llámenos. Los números de teléfono están al final de esta página.",
	CardPicture: "Una tarjeta de miembro. El número de pago, tres grupos de cuatro dígitos, está debajo del nombre y marcado con un círculo.",
	BillPicture: "Una factura. El número de pago está arriba a la derecha y en la parte que se desprende, marcado con un círculo en los dos lugares.",

	NumberProblems: map[billpay.HintKind]string{
		billpay.NothingTyped:  "Escriba el número de pago. Tiene de 10 a 12 dígitos.",
		billpay.LetterAsDigit: "Un número de pago tiene solo dígitos. En lugar de las letras O e I, use los dígitos 0 y 1.",
		billpay.OtherLetters:  "Un número de pago tiene solo dígitos, no letras. Escriba únicamente los dígitos.",
		billpay.OtherSigns:    "Escriba solo los dígitos del número. Los espacios y guiones entre ellos no molestan.",
		billpay.CardNumber:    "Esto parece el número de una tarjeta. Aquí se necesita el número de pago, de 10 a 12 dígitos. No guardamos lo que escribió.",
		billpay.ZeroInFront:   "Un número de pago nunca empieza con 0. Compruebe que esté completo.",
		billpay.WrongDigit:    "El número tiene un error: un dígito es incorrecto o dos están cambiados de lugar. Compare cada grupo con la tarjeta o la factura.",
	},
	DigitsMissing: Count{"El número es demasiado corto: falta al menos 1 dígito. Tiene de 10 a 12.", "El número es demasiado corto: faltan al menos %d dígitos. Tiene de 10 a 12."},
	DigitsTooMany: Count{"El número es demasiado largo: sobra al menos 1 dígito. Tiene de 10 a 12.", "El número es demasiado largo: sobran al menos %d dígitos. Tiene de 10 a 12."},
	AmountProblems: map[amountProblem]string{
		amountMissing:    "Escriba la cantidad que quiere pagar.",
		amountUnreadable: "Escriba la cantidad en dólares y centavos, por ejemplo " + amountExample + ".",
		amountTooSmall:   "La cantidad debe ser de al menos %s.",
		amountTooLarge:   "La cantidad puede ser de %s como máximo. Para pagar más, llámenos.",
	},

	CardNumber: "Número de la tarjeta", CardExpiry: "Fecha de vencimiento (mes y año)", CardCode: "Código de seguridad",
	CardCodeHint: "Tres dígitos al reverso de la tarjeta, o cuatro al frente.",
	CardFailed:   "No se pudo verificar la tarjeta. No se cobró nada. Intente otra vez.",
	Working:      "Un momento, por favor. No cierre esta página.",

	SessionOver: Failure{
		"Su sesión ha terminado",
		"Para su seguridad, una visita termina después de 15 minutos sin actividad. Si ya había confirmado un pago, no pague otra vez: llámenos y le diremos si llegó. Si vuelve a ver esta página enseguida, es posible que su navegador bloquee las cookies que esta página necesita.",
	},
	Unsure: Failure{
		"Algo salió mal de nuestro lado",
		"Si estaba pagando, no pague otra vez todavía. Vuelva a cargar esta página en un minuto o llámenos: podemos ver si el pago llegó.",
	},
	StartAgain:  "Empezar de nuevo",
	SessionSoon: "Su sesión termina en dos minutos. Se perdería lo que ha escrito.",
	SessionMore: "Necesito más tiempo", SessionKept: "Ahora tiene más tiempo.",
	HelpHeading: "¿Necesita ayuda?", HelpIntro: "Estas llamadas son gratuitas, y el intérprete también.", Print: "Imprimir esta página",
	PageCheckHeading: "La página de pago requiere atención",
	PageCheckAlarm:   "Lo que carga la página de pago no es lo que se autorizó. El registro dice qué cambió. Revíselo ahora.",
}
