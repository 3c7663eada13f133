package web

import (
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
)

var guestSpanish = guestWords{
	Steps: [3]string{"Para quién paga", "Cantidad y tarjeta", "Revisar y pagar"},

	Start: guestStartWords{
		Title: "Pagar una factura", Heading: "Pagar una factura",
		Intro:       "No necesita una cuenta. Puede pagar lo suyo o lo de otra persona.",
		Need:        "Necesita el número de pago y una tarjeta de crédito, de débito o prepagada.",
		NumberLabel: "Número de pago", NumberHint: "De 10 a 12 dígitos, en la tarjeta de miembro o en la factura. Los espacios y guiones no molestan.",
		FactLabel: "Código postal (ZIP) o apellido", FactHint: "De la persona a quien pertenece la factura. Basta con uno de los dos.",
		FactMissing: "Escriba el código postal (ZIP) o el apellido de la persona a quien pertenece la factura.",
		ForLabel:    "¿Qué quiere pagar?", ForMissing: "Elija qué quiere pagar.",
		Continue:       "Continuar",
		NoMatch:        "No pudimos encontrar este número junto con este código postal o apellido.",
		NoMatchHeading: "Lo que puede revisar",
		NoMatchHelp: [4]string{
			"Compare cada grupo de dígitos con la tarjeta o la factura.",
			"Use el código postal adonde llegan las facturas. Después de una mudanza puede ser el anterior.",
			"O use el apellido de la persona a quien pertenece la factura, como está escrito en la tarjeta.",
			"Si todavía no funciona, llámenos. Los números de teléfono están al final de esta página.",
		},
		HaveCode: "¿Su factura muestra un código de 10 letras y dígitos?", UseCode: "Pagar con el código de la factura",

		OtherHolder: "Pago lo de otra persona",
		OtherHolders: [3]string{
			"Está bien. Use el número, y el código postal o el apellido, de la persona a quien pertenece la factura. No tiene que ser el miembro principal.",
			"Por privacidad, esta página nunca muestra cuánto debe alguien. Pida la factura, o use el código que está impreso en ella.",
			"Para la factura de un empleador, use el nombre de la empresa en lugar del apellido.",
		},
		Lost:  "No encuentro el número",
		LostA: "Está en cada tarjeta de miembro y en cada factura. No lo enviamos por correo electrónico.",
		LostB: "Si lo perdió, llámenos al %s (TTY %s).",
	},

	Bill: guestBillWords{
		Title: "Pagar con el código de una factura", Heading: "Pagar con el código de una factura",
		Intro: "El código está en la factura, al lado del dibujo cuadrado. Con él, esta página muestra lo que falta pagar de esa sola factura, y nada más.",
		Label: "Código de la factura", Hint: "10 letras y dígitos. Las minúsculas y los espacios no molestan.",
		Missing:    "Escriba el código de la factura.",
		WrongShape: "El código tiene 10 letras y dígitos. Nunca lleva las letras I, L u O ni los dígitos 0 y 1.",
		Unknown:    "No pudimos encontrar este código. Compare cada letra y cada dígito con la factura.",
		Continue:   "Continuar", NoCode: "No tengo código: pagar con el número de pago",
		Expired: Failure{
			"Este código ya no sirve",
			"Un código sirve por 60 días desde que se hizo la factura. Puede pagar la factura con el número de pago, o usar el código de su factura más reciente.",
		},
		UseNumber: "Pagar con el número de pago",
		NothingOpen: Failure{
			"No queda nada por pagar en esta factura",
			"Todo lo de esta factura se pagó o cambió desde que se imprimió. No tiene que hacer nada. Si esperaba otra cosa, llámenos.",
		},
	},

	Pay: guestPayWords{
		Title: "Cantidad y tarjeta", Heading: "Cantidad y tarjeta",
		Who: "Pago para la cuenta", For: "Concepto", Change: "Cambiar",
		Amount: "Cantidad que paga", AmountHint: "En dólares, por ejemplo 125.00. Por privacidad no mostramos cuánto se debe: tome la cantidad de la factura.",
		AmountComma:   "Ponga un punto antes de los centavos, no una coma: 12.50.",
		BillIntro:     "Estas son las cantidades pendientes de esta factura. Puede pagar menos. Para dejar una sin pagar, escriba 0.",
		BillHint:      "En esta factura: %s, para %s",
		NothingChosen: "Escriba una cantidad de al menos un dólar para algo de esta factura.",
		TotalTooLarge: "En total pueden ser %s como máximo. Para pagar más, llámenos.",
		EmailHint:     "Enviamos allí el recibo y nada más. El recibo también se muestra en la página, para imprimirlo o guardarlo.",
		CardHeading:   "Tarjeta",
		CardElsewhere: "La tarjeta se escribe más tarde, en la página segura de nuestra compañía de tarjetas, %s. Le llevamos allí después de que haya revisado todo.",
		CardFree:      "No hay ningún cargo adicional. No se cobra nada hasta que usted haya revisado todo en la página siguiente.",
		Continue:      "Continuar",
		CardEntered:   "Ya escribió esta tarjeta:", OtherCard: "Usar otra tarjeta",
		CardAgain: "Escriba otra tarjeta, o la misma con los datos correctos.",
	},

	Review: guestReviewWords{
		Title: "Revisar y pagar", Heading: "Revisar y pagar",
		Intro: "Por favor, revise todo. Todavía no se ha cobrado nada.",
		Who:   "Para la cuenta", Card: "Tarjeta", Date: "Fecha", Amount: "Cantidad", Total: "Suma total",
		PaidTo: "Pagado a %s",
		Email:  "Recibo por correo electrónico", NoEmail: "Sin correo electrónico. El recibo se muestra en la página.",
		CardLater: "La escribe en la página siguiente.",
		IsLate:    "Esta prima está atrasada", IfLate: "Si esta prima está atrasada",
		Late:     "El dinero que recibimos después del último día para pagar queda guardado. No devuelve por sí solo una cobertura que ya terminó. Decidimos sobre él, o lo devolvemos, en un plazo de %d días hábiles.",
		LateCall: "Para preguntar cuál es su último día para pagar, llame al %s (TTY %s).",
		Charges:  "En el estado de cuenta de su tarjeta verá %d cobros, uno por cada organización. Juntos son el total.",
		Pay:      "Pagar %s ahora", PayNote: "Al presionar el botón se cobra a su tarjeta. Presiónelo una sola vez y espere: puede tardar hasta un minuto.",
		PayElsewhere:     "Continuar a la página de la tarjeta",
		PayElsewhereNote: "La página de la tarjeta es de nuestra compañía de tarjetas, %s. Después de escribir allí su tarjeta, regresa aquí.",
		Back:             "Atrás",
		Changed:          "Algo cambió desde que se abrió esta página, tal vez en otra ventana. Con ella no se cobró nada. Por favor, revise todo otra vez.",
	},

	Result: guestResultWords{
		DeclinedTitle: "Tarjeta rechazada", DeclinedHeading: "La tarjeta fue rechazada. No se cobró nada.",
		Declined: map[checkout.DeclineClass]string{
			checkout.DeclineHard:      "El banco no permite usar esta tarjeta.",
			checkout.DeclineData:      "El banco dice que algo no coincide: el número de la tarjeta, la fecha de vencimiento o el código de seguridad. O la tarjeta está vencida.",
			checkout.DeclineFunds:     "El banco dice que no hay dinero suficiente para esta cantidad, o que la cantidad supera el límite de la tarjeta.",
			checkout.DeclineTechnical: "No se pudo comunicar con el banco.",
			checkout.DeclineIssuer:    "El banco dijo que no y no nos dijo por qué.",
		},
		DeclinedDo: map[checkout.DeclineClass]string{
			checkout.DeclineHard:      "Por favor, use otra tarjeta.",
			checkout.DeclineData:      "Compare la tarjeta con lo que escribió e intente otra vez, o use otra tarjeta.",
			checkout.DeclineFunds:     "Puede pagar una cantidad menor o usar otra tarjeta.",
			checkout.DeclineTechnical: "Por favor, intente otra vez en unos minutos, con la misma tarjeta o con otra.",
			checkout.DeclineIssuer:    "Llame al número que está al reverso de su tarjeta, o use otra tarjeta.",
		},
		TryAnother: "Probar otra tarjeta", FewCards: "Por seguridad, en una visita se pueden probar solo tres tarjetas.",
		OtherWays:           "Hay otras formas de pagar, por ejemplo un cheque por correo. Llámenos al %s (TTY %s) y le ayudaremos.",
		DidNotFinishHeading: "Todavía no ha pagado",
		DidNotFinish:        "Regresó de la página de la tarjeta antes de hacer el pago. No se cobró nada. Puede seguir donde se detuvo.",
		GoOn:                "Seguir para pagar",

		CheckingTitle: "Estamos verificando su pago", CheckingHeading: "Estamos verificando su pago. Por favor, no pague otra vez.",
		Checking: [3]string{
			"La compañía de la tarjeta todavía no ha respondido. Aún no sabemos si el pago se realizó.",
			"Usted no tiene que hacer nada. Seguimos preguntando, de día y de noche, hasta saberlo.",
			"Por favor, no pague otra vez mientras tanto. Le podrían cobrar dos veces.",
		},
		CheckingNoMail: "Deje esta página abierta o llámenos más tarde: podemos ver qué pasó con el pago.",
		CheckingMail:   "Le enviaremos un correo electrónico en cuanto lo sepamos. Puede cerrar esta página.",
		Amount:         "Cantidad", Account: "Para la cuenta",
		LookAgain: "Comprobar ahora", StopLooking: "Dejar de actualizar esta página",
		LooksEvery:     "Esta página se actualiza sola cada %d segundos.",
		StoppedLooking: "Esta página ya no se actualiza sola. Presione “Comprobar ahora” cuando quiera.",

		NotTakenTitle: "El pago no se hizo", NotTakenHeading: "El pago no se hizo. No se cobró nada.",
		NotTaken: [2]string{
			"Si su banco muestra la cantidad como “pendiente”, desaparece sola en unos días.",
			"La factura sigue pendiente. Puede pagarla ahora.",
		},
		PayAgain:  "Pagar ahora",
		LateTitle: "Se devolvió un cobro tardío", LateHeading: "Se devolvió un cobro tardío. No se pagó nada.",
		Late: [3]string{
			"Le dijimos que el pago no se hizo. Después, el banco lo aprobó tarde.",
			"No nos quedamos con el dinero. Le pedimos al banco que lo devuelva. Pueden pasar unos días hasta que su banco lo muestre.",
			"La factura sigue pendiente. Puede pagarla ahora.",
		},
	},

	Receipt: guestReceiptWords{
		Title: "Recibo", Heading: "Gracias. Recibimos su pago.", HeadingPartly: "Recibimos una parte de su pago.", Thanks: "Gracias. Su pago fue recibido.",
		Keep:       "Guarde el número de confirmación. Si llama por este pago, se lo pediremos.",
		PaperTitle: "Recibo de pago",
		For:        "Concepto", PaidTo: "Pagado a", Card: "Tarjeta",
		NotBalance: "Este recibo muestra lo que se pagó. No muestra lo que todavía se debe.",
		Partly:     "No se pagó todo: %s no se cobraron. Lo que ve aquí está pagado. Puede pagar el resto con otra tarjeta.",
		SavePDF:    "Guardar el recibo como PDF", FileName: "recibo",
		MailHeading: "Enviar el recibo por correo electrónico", MailLabel: "Correo electrónico", Send: "Enviar",
		MailWrong:  "Escriba una dirección como nombre@ejemplo.com.",
		Mailed:     "El recibo va en camino a la dirección que escribió.",
		MailFailed: "El recibo no se pudo enviar en este momento. Por favor, guárdelo o imprímalo.",
		Another:    "Pagar otra factura", Done: "También puede cerrar esta página.",
	},

	Limit: guestLimitWords{
		Title: "Por favor, espere",
		Looks: Failure{
			"Por favor, espere antes de intentar otra vez",
			"Hubo muchos intentos en poco tiempo. Para proteger las cuentas de todos, hay que esperar. No se cobró nada.",
		},
		Cards: Failure{
			"Ahora no se pueden probar más tarjetas",
			"Para proteger a los dueños de las tarjetas, en poco tiempo se pueden probar solo unas pocas. No se cobró nada.",
		},
		Minutes:  Count{"Puede intentar otra vez en un minuto.", "Puede intentar otra vez en unos %d minutos."},
		Tomorrow: "Puede intentar otra vez mañana.",
	},

	Challenge: guestChallengeWords{
		Title: "Un paso más", Heading: "Un paso más",
		Why:        "Hubo varios intentos. Para estar seguros de que hay una persona, le enviamos un código por correo electrónico.",
		EmailLabel: "Su correo electrónico", EmailHint: "Cualquier correo que pueda leer ahora. Lo usamos solo para el código.", Send: "Enviarme un código",
		EmailWrong: "Escriba una dirección como nombre@ejemplo.com.",
		CodeLabel:  "Código del correo electrónico", CodeHint: "Seis dígitos. Puede tardar un minuto en llegar. Mire también en la carpeta de correo no deseado.",
		Confirm: "Continuar", Sent: "Hemos enviado un código. Sirve por 10 minutos.", Other: "Enviar un código nuevo",
		CodeMissing: "Escriba el código del correo electrónico.", CodeWrong: "Este código no es correcto. Compare los dígitos con el correo.",
		CodeOver:  "Este código ya no sirve. Por favor, pida uno nuevo.",
		CodeSpent: "Este correo se usó para demasiados intentos. Por favor, use otro o llámenos.",
	},

	Funds: map[chart.Fund]string{chart.Premium: "Prima", chart.Medical: "Atención médica", chart.Pharmacy: "Farmacia"},
	FundHints: map[chart.Fund]string{
		chart.Premium:  "El pago regular del plan de salud",
		chart.Medical:  "Una factura de un médico, una clínica o un hospital",
		chart.Pharmacy: "Una factura de medicinas",
	},
	OtherCard: "Tarjeta",

	CallUs: "¿Preguntas? Llámenos al %s (TTY %s).",
	Email:  "Correo electrónico para el recibo", EmailWrong: "Escriba una dirección como nombre@ejemplo.com, o deje el campo vacío.",
	CookiesOff: Failure{
		"Su navegador bloquea las cookies",
		"Para pagar aquí, esta página debe conservar lo que usted escribe de un paso al siguiente, y para eso necesita una cookie. Permita las cookies para esta página y empiece de nuevo, o llámenos para pagar.",
	},
	Unavailable: Failure{
		"En este momento no podemos cobrar con tarjeta",
		"No se cobró nada. Por favor, intente otra vez en unos minutos o llámenos.",
	},
}
