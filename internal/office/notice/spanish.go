package notice

import (
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/region"
)

var spanish = words{
	Tag: "es",

	Kinds: map[Kind]letterWords{
		Invoice: {
			Review: Unreviewed, Heading: "Su factura de {months}", Pay: true,
			Rows: []rowWords{
				{Label: "Cantidad a pagar", Value: "{amount}", When: FactAmount}, {Label: "Último día para pagar", Value: "{pay_by}", When: FactAmount},
				{Label: "Paga por", Value: "{months}"}, {Label: "Factura", Value: "{invoice}"},
			},
			Parts: []part{
				{Says: Consequence, Text: "Si una factura no se paga a tiempo, le escribimos y le decimos cuánto tiempo más tiene para pagar. Si sigue sin pagarse después, su cobertura termina."},
			},
		},
		BinderReminder: {
			Review: Unreviewed, Heading: "Pague a más tardar el {pay_by} para que empiece su cobertura", Pay: true,
			Rows: []rowWords{
				{Label: "Primer pago", Value: "{amount}"}, {Label: "Último día para pagar", Value: "{pay_by}"},
				{Label: "La cobertura empieza el", Value: "{cover_starts}"},
			},
			Parts: []part{
				{Text: "Usted se inscribió en {coverage}. Empieza el {cover_starts}, pero solo después de que recibamos su primer pago."},
				{Text: "Debemos recibir {amount} a más tardar el {pay_by}."},
				{Says: Consequence, Text: "Si no lo recibimos a más tardar ese día, tendremos que cancelar su cobertura. Será como si nunca la hubiera tenido, y no pagaremos ninguna atención médica."},
			},
		},
		BinderMissed: {
			Review: Unreviewed, Heading: "Su cobertura no empezó. La cancelamos.",
			Rows: []rowWords{{Label: "Primer pago pendiente", Value: "{amount}"}, {Label: "El último día para pagar era el", Value: "{pay_by}"}},
			Parts: []part{
				{Text: "No recibimos su primer pago de {amount} a más tardar el {pay_by}. Por eso cancelamos su {coverage}."},
				{Says: Consequence, Text: "Nunca empezó. No pagamos ninguna atención médica con ella. Si nos envió una parte del dinero, se la devolveremos."},
				{Says: Appeal, Text: "Si cree que esto es un error, puede pedirnos que lo revisemos. Esto se llama apelación. Llámenos al {phone} o escriba a {street}."},
				{Says: Appeal, Text: "Por favor apele a más tardar el {appeal_by}.", When: FactAppealBy},
				{Says: EnrolCaution, Text: "No haber pagado no le da un período especial de inscripción. Puede inscribirse otra vez en la próxima inscripción abierta, o antes si algo cambia en su vida, como un matrimonio, un nacimiento o una mudanza."},
			},
		},
		APTCDelinquency: {
			Review: Unreviewed, Heading: "Su pago está atrasado. Pague todo a más tardar el {grace_to} para conservar su cobertura.", Pay: true,
			Rows: []rowWords{
				{Label: "Cantidad que debe hoy", Value: "{amount}"}, {Label: "Último día para pagar", Value: "{grace_to}"},
				{Label: "Período de gracia", Value: "{grace}"}, {Label: "Si no paga, la cobertura termina el", Value: "{cover_ends}"},
			},
			Parts: []part{
				{Text: "No recibimos el pago completo de {months}. Usted todavía tiene cobertura y tiene más tiempo para pagar."},
				{Text: "Este tiempo se llama período de gracia. Empezó el {grace_from} y termina el {grace_to}. Para conservar su cobertura, debe pagar todo lo que debe a más tardar el {grace_to}."},
				{Text: "Hoy debe {amount}. A eso se suman las facturas de los próximos meses. Pagar solo una parte no le da más tiempo."},
				{Says: ClaimsPended, Text: "Por la atención recibida antes del {pend_from}, pagamos a sus médicos y farmacias como siempre. Desde el {pend_from}, podemos retener sus reclamaciones y no pagarlas todavía. Si usted no paga todo a tiempo, no pagaremos esas reclamaciones, y sus médicos pueden enviarle la cuenta a usted."},
				{Says: Consequence, Text: "Si no recibimos todo a más tardar el {grace_to}, su cobertura termina. El último día de su cobertura será entonces el {cover_ends}. Es el último día del primer mes del período de gracia. No pagaremos la atención recibida después de ese día."},
				{Says: TaxEffect, Text: "El gobierno paga una parte de su prima con un crédito fiscal. Si usted no paga su parte de un mes, es posible que tenga que devolver el crédito fiscal de ese mes cuando presente su declaración federal de impuestos."},
			},
		},
		StateGrace: {
			Review: Unreviewed, Heading: "Su pago está atrasado. Pague {amount} a más tardar el {grace_to} para conservar su cobertura.", Pay: true,
			Rows: []rowWords{
				{Label: "Cantidad que debe hoy", Value: "{amount}"}, {Label: "Último día para pagar", Value: "{grace_to}"},
				{Label: "Período de gracia", Value: "{grace}"}, {Label: "Si no paga, la cobertura termina el", Value: "{cover_ends}"},
			},
			Parts: []part{
				{Text: "No recibimos su pago completo. Usted todavía tiene cobertura y tiene más tiempo para pagar. Este tiempo se llama período de gracia."},
				{Text: "El período de gracia empieza el {grace_from} y termina el {grace_to}. Su cobertura continúa durante este tiempo."},
				{Says: Consequence, Text: "Si no recibimos {amount} a más tardar el {grace_to}, su cobertura termina. El último día de su cobertura será entonces el {cover_ends}."},
				{Says: Complaint, Text: "Si cree que nos equivocamos, llámenos primero. También tiene derecho a presentar una queja ante {regulator}, teléfono {regulator_phone}."},
			},
		},
		Termination: {
			Review: Unreviewed, Heading: "Su cobertura terminó. El último día fue el {cover_ends}.",
			Rows: []rowWords{
				{Label: "Último día de cobertura", Value: "{cover_ends}"}, {Label: "Todavía debe", Value: "{amount}", When: FactAmount},
			},
			Parts: []part{
				{Text: "Su {coverage} terminó. Motivo: {reason}"},
				{Text: "No pagamos la atención que reciba después del {cover_ends}."},
				{Text: "Todavía debe {amount} por el tiempo en que tuvo cobertura.", When: FactAmount},
				{Says: NoReturn, Text: "Pagar ahora no hace que su cobertura empiece otra vez por sí sola. Si quiere recuperarla, llámenos al {phone} y pida la reinstalación. Le diremos si es posible."},
				{Says: Appeal, Text: "Si cree que esto es un error, tiene derecho a apelar. Llámenos al {phone} o escriba a {street}."},
				{Says: Appeal, Text: "Por favor apele a más tardar el {appeal_by}.", When: FactAppealBy},
				{Says: EnrolCaution, Text: "Tenga cuidado: perder la cobertura por facturas sin pagar no le da un período especial de inscripción. Es posible que tenga que esperar hasta la próxima inscripción abierta para obtener una cobertura nueva."},
			},
		},
		Cancelled: {
			Review: Unreviewed, Heading: "Su cobertura fue cancelada. No empezó.",
			Rows: []rowWords{{Label: "Le devolvemos", Value: "{amount}", When: FactAmount}},
			Parts: []part{
				{Text: "Su {coverage} fue cancelada antes de empezar. Motivo: {reason}"},
				{Says: Consequence, Text: "Nunca empezó, y no pagamos ninguna atención médica con ella."},
				{Text: "Le devolveremos {amount}.", When: FactAmount},
				{Says: Appeal, Text: "Si cree que esto es un error, puede apelar. Llámenos al {phone} o escriba a {street}."},
			},
		},
		COBRAElection: {
			Review: Unreviewed, Heading: "Puede conservar su cobertura de salud. Elija a más tardar el {request_by}.",
			Rows: []rowWords{
				{Label: "Su cobertura terminó el", Value: "{cover_ends}"}, {Label: "Elija a más tardar el", Value: "{request_by}"},
				{Label: "La cobertura de COBRA empezaría el", Value: "{cover_starts}"}, {Label: "Puede durar hasta el", Value: "{cover_most}"},
				{Label: "Costo por cada mes", Value: "{amount}"},
			},
			Parts: []part{
				{Text: "Su cobertura de salud de grupo terminó el {cover_ends}. Una ley llamada COBRA le permite continuar con la misma cobertura, si usted mismo la paga."},
				{Text: "Empezaría el {cover_starts}, para que no haya ningún día sin cobertura, y puede durar hasta el {cover_most}. Cuesta {amount} por cada mes. El costo puede cambiar una vez al año."},
				{Says: SentCounts, Text: "Para elegirla, díganoslo por escrito a más tardar el {request_by}: “Elijo la cobertura de COBRA”, con los nombres de todos los que la quieren, su firma y la fecha. Envíelo a {street}. Cuenta el día en que lo envía: la fecha del matasellos en el sobre. No envíe dinero todavía. Después de que elija, le diremos cuánto pagar y hasta cuándo."},
				{Says: EachMember, Text: "Cada persona de su familia que perdió esta cobertura puede elegir por separado. Un padre o una madre puede elegir por los hijos."},
				{Says: Consequence, Text: "Si no elige a más tardar el {request_by}, pierde su derecho a la cobertura de COBRA y no puede recuperarlo."},
				{Says: Extension, Text: "Puede durar más si el Seguro Social decide que uno de ustedes tiene una discapacidad, o si hay otro suceso como un divorcio o una muerte. Avísenos enseguida cuando eso ocurra, y avísenos siempre cuando cambie su dirección."},
				{Says: Alternatives, Text: "Es posible que encuentre otra cobertura que cueste menos, como un plan del mercado de seguros médicos, un plan del empleador de su esposo o esposa, Medicaid o Medicare. Para algunas de ellas debe inscribirse poco tiempo después del {cover_ends}."},
				{Text: "La cobertura de COBRA termina antes si un pago no se hace a tiempo, o si usted obtiene otra cobertura de grupo o Medicare después de elegirla."},
			},
		},
		COBRAFirstPayment: {
			Review: Unreviewed, Heading: "Envíe su primer pago de COBRA a más tardar el {pay_by}", Pay: true,
			Rows: []rowWords{
				{Label: "Primer pago", Value: "{amount}"}, {Label: "Envíelo a más tardar el", Value: "{pay_by}"}, {Label: "Paga por", Value: "{months}"},
			},
			Parts: []part{
				{Text: "El {elected_on} usted eligió continuar su cobertura de salud con COBRA. Ahora debe hacer el primer pago. Es de {amount} y paga por {months}."},
				{Says: SentCounts, Text: "Envíelo a más tardar el {pay_by}. Cuenta el día en que lo envía: la fecha del matasellos en el sobre."},
				{Says: Consequence, Text: "Si no envía toda la cantidad a más tardar ese día, pierde su cobertura de COBRA y no puede recuperarla."},
				{Text: "Después, hay un pago el primer día de cada mes. Hasta que recibamos un pago, es posible que se diga a sus médicos que su cobertura podría terminar."},
			},
		},
		COBRAShortfall: {
			Review: Unreviewed, Heading: "A su pago le faltaron {amount}. Por favor envíe el resto a más tardar el {pay_by}.", Pay: true,
			Rows: []rowWords{
				{Label: "Recibimos", Value: "{received}"}, {Label: "Falta por pagar", Value: "{amount}"}, {Label: "Envíelo a más tardar el", Value: "{pay_by}"},
			},
			Parts: []part{
				{Text: "Recibimos {received} por {months}. Gracias. Son {amount} menos que el pago completo."},
				{Says: SentCounts, Text: "Por favor envíe los {amount} que faltan a más tardar el {pay_by}. Cuenta el día en que los envía: la fecha del matasellos en el sobre."},
				{Says: Consequence, Text: "Usted tiene cobertura hasta entonces. Si no los envía a más tardar ese día, su cobertura termina. Su último día será entonces el {cover_ends}."},
			},
		},
		COBRAEarlyEnd: {
			Review: Unreviewed, Heading: "Su cobertura de COBRA terminó. El último día fue el {cover_ends}.",
			Rows: []rowWords{{Label: "Último día de cobertura", Value: "{cover_ends}"}},
			Parts: []part{
				{Text: "Su {coverage} terminó antes del tiempo máximo permitido. Motivo: {reason}"},
				{Text: "No pagamos la atención que reciba después del {cover_ends}."},
				{Says: Alternatives, Text: "Es posible que tenga derecho a otra cobertura, como una póliza propia, un plan del mercado de seguros médicos, Medicare o Medicaid. Pregunte pronto: algunos de estos derechos duran poco tiempo. Llámenos al {phone} y le diremos lo que sabemos."},
				{Says: Appeal, Text: "Si cree que esto es un error, puede apelar. Llámenos al {phone} o escriba a {street}."},
			},
		},
		MedicareFailureToPay: {
			Review: Unreviewed, Heading: "Su pago está atrasado. Pague {amount} a más tardar el {grace_to} para seguir en nuestro plan.", Pay: true,
			Rows: []rowWords{
				{Label: "Cantidad que debe", Value: "{amount}"}, {Label: "Último día para pagar", Value: "{grace_to}"},
				{Label: "Período de gracia", Value: "{grace}"}, {Label: "Si no paga, su último día en el plan es el", Value: "{cover_ends}"},
			},
			Parts: []part{
				{Text: "No recibimos la prima de su plan de {months}. Usted todavía tiene cobertura y tiene más tiempo para pagar."},
				{Text: "Este tiempo se llama período de gracia. Empieza el {grace_from} y termina el {grace_to}."},
				{Says: Consequence, Text: "Si no recibimos {amount} a más tardar el {grace_to}, ya no será miembro de nuestro plan desde el {uncovered_from}. Es posible que entonces no tenga cobertura de medicinas y que después pague más por ella."},
				{Says: GoodCause, Text: "¿Algo que usted no podía controlar le impidió pagar, como una enfermedad grave? Si pierde el plan, puede pedirnos que lo aceptemos otra vez por un buen motivo (“causa justificada”). Debe pedirlo a más tardar el {request_by} y debe pagar lo que debe."},
				{Text: "Si le es difícil pagar, llámenos. Medicare también ayuda con los costos a personas con ingresos bajos."},
			},
		},
		MedicareDisenrolment: {
			Review: Unreviewed, Heading: "Usted ya no es miembro de nuestro plan desde el {uncovered_from}", Pay: true,
			Rows: []rowWords{
				{Label: "Último día en el plan", Value: "{cover_ends}"}, {Label: "Debe", Value: "{amount}"},
				{Label: "Pida volver a más tardar el", Value: "{request_by}"}, {Label: "Entonces pague todo a más tardar el", Value: "{settle_by}"},
			},
			Parts: []part{
				{Text: "No recibimos la prima de su plan en el período de gracia. Por eso terminó su {coverage}. Su último día en el plan fue el {cover_ends}. No pagamos la atención ni las medicinas después de ese día."},
				{Says: GoodCause, Text: "¿Algo que usted no podía controlar le impidió pagar, como una enfermedad grave? Entonces puede pedirnos que lo aceptemos otra vez (“causa justificada”). Debe pedirlo a más tardar el {request_by} y pagar todo lo que debe, {amount}, a más tardar el {settle_by}. Llámenos al {phone}."},
				{Says: Alternatives, Text: "Usted todavía tiene Medicare Original si tiene la Parte A y la Parte B. Solo puede elegir otro plan en ciertas épocas del año. Llame al 1-800-MEDICARE (1-800-633-4227, TTY 1-877-486-2048) a cualquier hora para saber qué puede elegir ahora."},
				{Says: Appeal, Text: "Si cree que esto es un error, tiene derecho a presentarnos una queja formal. Llámenos al {phone} o escriba a {street}."},
			},
		},
		ReturnedPayment: {
			Review: Unreviewed, Heading: "Su pago de {received} fue devuelto. Por favor pague {amount} a más tardar el {pay_by}.", Pay: true,
			Rows: []rowWords{
				{Label: "Pago devuelto", Value: "{received}"}, {Label: "Pagado el", Value: "{received_on}"},
				{Label: "Cantidad a pagar ahora", Value: "{amount}"}, {Label: "Cargo incluido en esta cantidad", Value: "{fee}", When: FactFee},
				{Label: "Último día para pagar", Value: "{pay_by}"},
			},
			Parts: []part{
				{Text: "No pudimos quedarnos con su pago de {received} del {received_on}. {return}"},
				{Text: "Por eso la factura no está pagada. Por favor pague {amount} a más tardar el {pay_by}."},
				{Text: "Esta cantidad incluye un cargo de {fee} por el pago devuelto.", When: FactFee},
				{Says: Consequence, Text: "Si la factura queda sin pagar, puede perder su cobertura."},
			},
		},
		LateMoney: {
			Review: Unreviewed, Heading: "Su pago de {amount} llegó demasiado tarde. Se lo estamos guardando.",
			Rows: []rowWords{
				{Label: "Recibimos", Value: "{amount}"}, {Label: "El", Value: "{received_on}"}, {Label: "El último día para pagar era el", Value: "{pay_by}"},
				{Label: "Último día de cobertura", Value: "{cover_ends}", When: FactCoverEnds}, {Label: "Decidimos a más tardar el", Value: "{decide_by}"},
			},
			Parts: []part{
				{Text: "Recibimos {amount} el {received_on}. El último día para pagar era el {pay_by}."},
				{Text: "Su {coverage} había terminado. Su último día fue el {cover_ends}.", When: FactCoverEnds},
				{Says: NoReturn, Text: "Este pago no hace que su cobertura empiece otra vez por sí solo."},
				{Says: MoneyHeld, Text: "El dinero es suyo. No lo hemos usado. A más tardar el {decide_by} haremos una de dos cosas: reanudar su cobertura o devolverle el dinero. Le escribiremos."},
				{Text: "Por favor no envíe más dinero ahora. Si quiere recuperar su cobertura, llámenos."},
			},
		},
		Reinstatement: {
			Review: Unreviewed, Heading: "Buenas noticias: usted tiene otra vez su cobertura",
			Rows: []rowWords{{Label: "Con cobertura desde el", Value: "{cover_starts}"}, {Label: "Por favor pague", Value: "{amount}", When: FactAmount}},
			Parts: []part{
				{Text: "Reanudamos su {coverage} desde el {cover_starts}."},
				{Says: NoGap, Text: "Es como si nunca hubiera terminado: no hay ningún día sin cobertura. Si un médico o una farmacia le envió una cuenta por la atención de ese tiempo, pídale que nos la envíe otra vez."},
				{Text: "Por favor pague sus próximas facturas a tiempo para conservarla."},
			},
		},
		RefundMade: {
			Review: Unreviewed, Heading: "Le devolvemos {amount}",
			Rows: []rowWords{{Label: "Devolución", Value: "{amount}"}, {Label: "Enviada el", Value: "{sent_on}"}},
			Parts: []part{
				{Text: "El {sent_on} le enviamos de vuelta {amount}. Motivo: {reason}"},
				{Says: HowItTravels, Text: "{method}"},
				{Says: NothingToDo, Text: "Usted no tiene que hacer nada. Si después de dos semanas no tiene el dinero, llámenos."},
			},
		},
		DirectBill: {
			Review: Unreviewed, Heading: "Por favor páguenos la prima de su plan a nosotros: {amount} a más tardar el {pay_by}", Pay: true,
			Rows: []rowWords{
				{Label: "Cantidad a pagar", Value: "{amount}"}, {Label: "Último día para pagar", Value: "{pay_by}"}, {Label: "Paga por", Value: "{months}"},
			},
			Parts: []part{
				{Text: "La prima de su plan no se descuenta de su beneficio de {agency}. Por eso le enviamos la factura a usted."},
				{Text: "Por favor pague {amount} por {months} a más tardar el {pay_by}. Nunca le cobramos por la forma en que paga."},
				{Says: Consequence, Text: "Si una factura queda sin pagar, puede perder su cobertura. Si el dinero de estos meses ya se descontó de su beneficio, no pague. Llámenos."},
			},
		},
		GroupEnded: {
			Review: Unreviewed, Heading: "La cobertura de su empleador terminó. El último día fue el {cover_ends}.",
			Rows: []rowWords{{Label: "Último día de cobertura", Value: "{cover_ends}"}, {Label: "Elija otra cobertura a más tardar el", Value: "{request_by}"}},
			Parts: []part{
				{Text: "La cobertura de grupo que usted tenía por medio de un empleador terminó para todos sus miembros. No es por nada que usted haya hecho. No pagamos la atención que reciba después del {cover_ends}."},
				{Says: EnrolCaution, Text: "Como perdió esta cobertura, puede inscribirse ahora en otra, fuera de la inscripción abierta. Esto se llama período especial de inscripción. Debe elegir a más tardar el {request_by}."},
				{Says: Alternatives, Text: "Puede buscar un plan en el mercado de seguros médicos, con otro empleador de su hogar, o preguntar por Medicaid o Medicare. Llámenos al {phone} y le diremos lo que ofrecemos."},
			},
		},
		CoverageEnded: {
			Review: Unreviewed, Heading: "Su cobertura terminó. El último día fue el {cover_ends}.",
			Rows: []rowWords{
				{Label: "Último día de cobertura", Value: "{cover_ends}"}, {Label: "Falta por pagar", Value: "{amount}", When: FactAmount},
			},
			Parts: []part{
				{Text: "Su {coverage} terminó. Motivo: {reason}"},
				{Text: "No pagamos la atención después del {cover_ends}. Si se pagó de más, lo devolvemos."},
				{Text: "Por el tiempo hasta el {cover_ends}, faltan {amount} por pagar.", When: FactAmount},
				{Says: Appeal, Text: "Si cree que esto es un error, puede apelar. Llámenos al {phone} o escriba a {street}."},
				{Says: EnrolCaution, Text: "Si necesita otra cobertura, pregunte pronto. Terminar la cobertura por su cuenta no siempre le da un período especial de inscripción, y ese período dura poco tiempo."},
			},
		},
		AutopayStarted: {
			Review: Unreviewed, Heading: "El pago automático está activado para {paid_for}",
			Rows: []rowWords{
				{Label: "Se toma de", Value: "{account}"}, {Label: "Cuándo", Value: "{debit_day}"}, {Label: "Como máximo", Value: "{most}", When: FactMost},
				{Label: "Usted aceptó el", Value: "{agreed_on}"},
			},
			Parts: []part{
				{Text: "El {agreed_on} usted aceptó que tomemos {paid_for} de su {account}, cada vez que se deba, hasta que usted lo termine. Esta carta es su copia."},
				{Text: "Tomamos lo que se debe. Si una cantidad no es igual a la anterior, le escribimos al menos 10 días antes de tomarla, como usted eligió."},
				{Says: HowToStop, Text: "Usted puede terminarlo, omitir un pago o hacer una pausa en cualquier momento. Llámenos al {phone} o escriba a {street}. Si nos avisa 3 días hábiles antes de un pago, lo detendremos con seguridad."},
				{Says: NotRequired, Text: "Usted no necesita el pago automático para tener su cobertura. También puede pagar de otras formas, y ninguna cuesta más."},
				{Text: "¿Usted no aceptó esto? Por favor llámenos ahora."},
			},
		},
		AutopayChange: {
			Review: Unreviewed, Heading: "El {debit_on} tomaremos {amount} de su {account}",
			Rows: []rowWords{
				{Label: "Cantidad", Value: "{amount}"}, {Label: "Se toma el", Value: "{debit_on}"}, {Label: "De", Value: "{account}"},
				{Label: "El pago anterior", Value: "{before}", When: FactBefore},
			},
			Parts: []part{
				{Text: "Este es su pago automático. Usted aceptó que tomemos lo que se debe."},
				{Text: "El pago anterior fue de {before}. Esta vez la cantidad no es igual, por eso le avisamos antes de tomarla.", When: FactBefore},
				{Text: "Por favor asegúrese de que haya suficiente dinero en la cuenta. Si antes paga la factura de otra forma, no la tomamos otra vez."},
				{Says: HowToStop, Text: "¿No quiere que la tomemos? Llámenos al {phone} o escriba a {street}. Si nos avisa 3 días hábiles antes, lo detendremos con seguridad."},
			},
		},
		AutopayStopped: {
			Review: Unreviewed, Heading: "El pago automático se detuvo. Por favor pague de otra forma.", Pay: true,
			Rows: []rowWords{{Label: "Se tomaba de", Value: "{account}"}, {Label: "Pagaba", Value: "{paid_for}"}},
			Parts: []part{
				{Text: "Ya no tomamos {paid_for} de su {account}. {stopped}"},
				{Says: Consequence, Text: "Sus próximas facturas ya no se pagan solas. Por favor páguelas de otra forma. Si una factura sigue sin pagarse, puede perder su cobertura."},
				{Text: "Puede activar el pago automático otra vez, con esta u otra cuenta. Llámenos al {phone}."},
			},
		},
		UnclaimedMoney: {
			Review: Unreviewed, Heading: "Tenemos {amount} que son suyos. Por favor responda a más tardar el {request_by}.",
			Rows: []rowWords{{Label: "Su dinero", Value: "{amount}"}, {Label: "Responda a más tardar el", Value: "{request_by}"}},
			Parts: []part{
				{Text: "Usted o alguien por usted nos pagó más de lo debido, o no cobró un cheque nuestro. Todavía tenemos {amount}, y hace mucho tiempo que no sabemos de usted."},
				{Says: HowToClaim, Text: "Llámenos al {phone} o escriba a {street} a más tardar el {request_by}. Le pediremos su número de pago y a dónde enviar el dinero. Nunca cobramos por esto."},
				{Says: GoesToState, Text: "Si no sabemos de usted a más tardar el {request_by}, la ley nos obliga a entregar el dinero al estado."},
				{Says: NothingLost, Text: "El estado lo guarda para usted. Puede reclamarlo allí más adelante, y es gratis."},
			},
		},
		CardExpiring: {
			Review: Unreviewed, Heading: "Su tarjeta para el pago automático vence al final de {expires}",
			Rows: []rowWords{{Label: "Tarjeta", Value: "{account}"}, {Label: "Válida hasta", Value: "{expires}"}, {Label: "Paga", Value: "{paid_for}"}},
			Parts: []part{
				{Text: "Tomamos {paid_for} de su {account}. Vence al final de {expires}."},
				{Text: "Si tiene una tarjeta nueva, llámenos al {phone}. Nunca pedimos un número de tarjeta por correo."},
				{Says: Consequence, Text: "Sin una tarjeta nueva quizás no podamos tomar sus pagos después. Si una factura sigue sin pagarse, puede perder su cobertura."},
			},
		},
	},

	Lines: map[coverage.Line]string{
		coverage.ExchangeAPTC: "cobertura de salud del mercado de seguros", coverage.ExchangeNoAPTC: "cobertura de salud del mercado de seguros",
		coverage.Direct: "cobertura de salud", coverage.COBRA: "cobertura de salud de COBRA", coverage.StateCont: "cobertura de salud de continuación",
		coverage.MA: "plan Medicare Advantage", coverage.MAPD: "plan Medicare Advantage con cobertura de medicinas",
		coverage.PDP: "plan de medicinas de Medicare", coverage.Group: "cobertura de salud de grupo",
	},
	Reasons: map[Reason]string{
		NotPaid:      "No recibimos todo lo que se debía a más tardar el último día para pagar.",
		OtherGroup:   "Usted obtuvo cobertura de otro plan de salud de grupo.",
		OnMedicare:   "Usted obtuvo cobertura de Medicare.",
		PlanEnded:    "Su empleador terminó todos sus planes de salud de grupo.",
		NotDisabled:  "El Seguro Social decidió que la discapacidad terminó.",
		LongestTime:  "Llegó al tiempo máximo que permite la ley.",
		AskedFor:     "Usted nos pidió terminarla, o el mercado de seguros nos lo pidió.",
		MovedAway:    "Usted se mudó fuera del área que atendemos.",
		Died:         "Nos informaron que el miembro falleció. Lamentamos su pérdida.",
		NotEligible:  "Nos informaron que usted ya no puede tener esta cobertura.",
		NeverStarted: "Su cobertura nunca empezó.",
		CameTooLate:  "El pago llegó después del último día para pagar.",
		PaidTooMuch:  "Se pagó más de lo que se debía.",
		SourceEnded:  "Quien le inscribió en ella nos pidió terminarla.",
		NotChosen:    "Usted no la eligió a más tardar el último día para elegirla.",
	},
	Returns: map[ReturnReason]string{
		NoFunds:      "Su banco nos dijo que no había suficiente dinero en la cuenta.",
		NoAccount:    "Su banco nos dijo que la cuenta está cerrada o que no se encontró.",
		Stopped:      "Su banco nos dijo que se detuvo el pago.",
		Disputed:     "Su banco o la compañía de su tarjeta nos dijo que el pago no estaba permitido.",
		OtherReturns: "Su banco no nos dijo más sobre el motivo.",
	},
	Agencies: map[string]string{"SSA": "el Seguro Social", "RRB": "la Junta de Jubilación Ferroviaria"},
	Tenders: map[region.Tender]string{
		region.Card:           "Con tarjeta de crédito o débito: {page}llame al {phone}.",
		region.PrepaidCard:    "Con tarjeta prepagada: {page}llame al {phone}.",
		region.BankDebit:      "De su cuenta de banco: llame al {phone} y pida un pago de su cuenta.",
		region.BankBillPay:    "Con el pago de facturas de su banco: dé su número de pago como número de cuenta.",
		region.Cheque:         "Con cheque: escriba en él su número de pago y envíelo a {remit}.",
		region.CashiersCheque: "Con cheque de caja: escriba en él su número de pago y envíelo a {remit}.",
		region.MoneyOrder:     "Con giro postal: escriba en él su número de pago y envíelo a {remit}.",
		region.Cash:           "En efectivo: traiga su número de pago a {street}. Nunca envíe efectivo por correo.",
		region.Wire:           "Por transferencia: llame al {phone} para saber la cuenta, y dé su número de pago con la transferencia.",
	},
	Together: []tenders{
		{[]region.Tender{region.Card, region.PrepaidCard}, "Con tarjeta de crédito, débito o prepagada: {page}llame al {phone}."},
		{
			[]region.Tender{region.Cheque, region.CashiersCheque, region.MoneyOrder},
			"Con cheque, cheque de caja o giro postal: escriba en él su número de pago y envíelo a {remit}.",
		},
	},
	Refunds: map[region.Tender]string{
		region.Card:           "El dinero vuelve a la tarjeta con la que se pagó.",
		region.PrepaidCard:    "El dinero vuelve a la tarjeta prepagada con la que se pagó.",
		region.BankDebit:      "El dinero vuelve a la cuenta de banco de la que vino.",
		region.BankBillPay:    "El dinero vuelve al banco del que vino.",
		region.Cheque:         "Recibirá un cheque por correo.",
		region.CashiersCheque: "Recibirá un cheque por correo.",
		region.MoneyOrder:     "Recibirá un cheque por correo.",
		region.Cash:           "Recibirá un cheque por correo.",
		region.Wire:           "El dinero vuelve a la cuenta de banco de la que vino.",
	},

	Autopay: autopayWords{
		Accounts:  map[mandate.Tender]string{mandate.Bank: "cuenta bancaria que termina en %s", mandate.Card: "tarjeta que termina en %s"},
		PaidFor:   map[mandate.Purpose]string{mandate.Premium: "su prima", mandate.Balance: "lo que debe"},
		OnDueDate: "En la fecha de vencimiento de cada factura", OnDay: "El día %d del mes",
		DaysBefore: "%d días antes de la fecha de vencimiento de cada factura", DayBefore: "Un día antes de la fecha de vencimiento de cada factura",
		StopReasons: map[mandate.Reason]string{
			mandate.AskedFor:      "Usted nos pidió terminarlo.",
			mandate.Revoked:       "Su banco o la compañía de su tarjeta nos dijo que usted lo terminó.",
			mandate.NotAuthorised: "Su banco nos dijo que el pago no estaba permitido.",
			mandate.NotAsAgreed:   "Su banco nos dijo que un pago no fue como usted había aceptado. Lo revisamos y no tomamos nada hasta que esté claro.",
			mandate.StopPayment:   "Su banco nos dijo que usted detuvo un pago. No tomamos nada más hasta que nos diga que sigamos.",
			mandate.BadAccount:    "Su banco nos dijo que la cuenta está cerrada, no se encontró o no acepta estos pagos.",
			mandate.CardDeclined:  "La compañía de su tarjeta nos dijo que esta tarjeta no se puede usar.",
			mandate.CardData:      "Su tarjeta venció o tiene datos nuevos. No tomamos nada hasta que nos dé la tarjeta nueva.",
			mandate.TriesUsed:     "Lo intentamos varias veces y el pago fue rechazado cada vez.",
			mandate.PayerDied:     "Nos informaron que el titular de la cuenta falleció. Lamentamos su pérdida.",
			mandate.Replaced:      "Usted nos dio otra cuenta o tarjeta en su lugar.",
			mandate.Merged:        "Sigue con su otro número de pago.",
			mandate.MethodGone:    "La cuenta o tarjeta se quitó.",
			mandate.AccountClosed: "Ya no se debe nada más.",
		},
	},

	Named:  "%s, %s",
	Number: "Número de pago", Coverage: "Cobertura",
	HowToPay:       "Cómo pagar",
	Page:           "pague en %s, o ",
	AlreadyPaid:    "¿Pagó en los últimos días? Gracias. Entonces no tiene que pagar otra vez.",
	Questions:      "¿Preguntas? Con gusto le ayudamos.",
	Call:           "Llame al %s (TTY %s).",
	OtherLanguages: "Ayuda en su idioma",
	Estate:         "La sucesión de %s",
	Bill: billWords{
		What: "Por", Amount: "Cantidad", Number: "Factura", PayBy: "Último día para pagar", ToPay: "Cantidad a pagar", Paying: "Cantidad que paga",
		Cut: "¿Paga con cheque? Corte aquí y envíe esta parte con él. Haga el cheque a nombre de quien aparece abajo.",
	},
	MonthForm: "%[1]s de %[2]d", DateForm: "%[3]d de %[1]s de %[2]d", Span: "%s a %s",
	Months: [12]string{
		"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
	},
}
