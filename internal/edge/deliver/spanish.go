package deliver

import "github.com/billfold/billfold/internal/office/checkout"

var spanish = words{
	Tag: "es",

	News: map[checkout.News]letterWords{
		checkout.NewsReceipt: {
			Subject: "El recibo de su pago", Heading: "Recibimos su pago",
			Paragraphs: []string{"Gracias. Guarde este mensaje: es su recibo."},
		},
		checkout.NewsChecking: {
			Subject: "Estamos verificando su pago", Heading: "Estamos verificando su pago. Por favor, no pague otra vez.",
			Paragraphs: []string{
				"La compañía de su tarjeta no nos respondió a tiempo. Todavía no sabemos si el pago se realizó.",
				"Usted no tiene que hacer nada. Seguimos preguntando y le escribiremos en cuanto lo sepamos.",
				"Por favor, no pague otra vez antes de tener noticias nuestras. Le podrían cobrar dos veces.",
			},
		},
		checkout.NewsPaid: {
			Subject: "Su pago se realizó", Heading: "Su pago se realizó",
			Paragraphs: []string{
				"Le dijimos que estábamos verificando un pago. Ahora lo sabemos: se realizó. Gracias.",
				"Usted no tiene que hacer nada. Guarde este mensaje: es su recibo.",
			},
		},
		checkout.NewsNotTaken: {
			Subject: "Su pago no se realizó", Heading: "Su pago no se realizó",
			Paragraphs: []string{
				"Le dijimos que estábamos verificando un pago. Ahora lo sabemos: no se cobró nada.",
				"La factura sigue pendiente. Puede pagar de nuevo ahora, con la misma tarjeta o con otra.",
			},
			Last: []string{
				"Es posible que su banco muestre la cantidad como “pendiente” por unos días. Desaparece sola.",
			},
		},
		checkout.NewsReleased: {
			Subject: "No nos quedamos con un cobro tardío", Heading: "No nos quedamos con un cobro tardío a su tarjeta",
			Paragraphs: []string{
				"Le dijimos que un pago no se realizó. Después, la compañía de su tarjeta lo aprobó tarde.",
				"No nos quedamos con el dinero. Le pedimos a la compañía de su tarjeta que lo devuelva. No se pagó nada.",
				"Si desde entonces no ha pagado de otra forma, la factura sigue pendiente.",
			},
			Last: []string{
				"Es posible que su banco muestre la cantidad como “pendiente” por unos días. Desaparece sola.",
			},
		},
	},
	Challenge: letterWords{
		Subject: "Su código", Heading: "Su código",
		Paragraphs: []string{"Escriba este código en la página que se lo pide:"},
		Last: []string{
			"El código sirve por {minutes} minutos y una sola vez.",
			"Si usted no está en nuestra página ahora, no haga nada. No se pagó nada. Nunca le llamaremos para pedirle este código.",
		},
	},

	Letter: letterWords{
		Subject: "Tiene una carta nueva", Heading: "Tiene una carta nueva sobre su cuenta",
		Paragraphs: []string{
			"Le escribimos una carta sobre su cuenta. Por favor léala pronto: es posible que le pida hacer algo antes de cierto día.",
			"Para leerla, abra esta página: {page}",
			"La página le pide su fecha de nacimiento, para que nadie más pueda leer la carta.",
			"Si no puede abrirla, llámenos. Se la leemos o se la enviamos en papel, sin costo.",
		},
		Last: []string{"Recibe este mensaje porque eligió recibir cartas por correo electrónico. Puede cambiarlo en cualquier momento: llámenos y pida papel."},
	},

	Amount: "Cantidad", Date: "Fecha", Confirmation: "Número de confirmación", Account: "Para la cuenta", Card: "Tarjeta",
	PaidTo: "Pagado a", NotPaidTo: "No se cobró, sigue pendiente",

	Ending: "que termina en %s", EntityShare: "%s (%s)",
	Brands:    brands,
	Questions: "¿Preguntas? Llámenos:",
	Machine:   "Una computadora envió este mensaje. Nadie lee las respuestas.",
	DateForm:  "%[2]d de %[1]s de %[3]d",
	Months: [12]string{
		"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
	},
}
