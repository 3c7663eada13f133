package web

import (
	"net/http"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/region"
)

var spanish = Words{
	Tag: "es", Name: "Español",

	SkipLink: "Ir al contenido principal", LanguageLabel: "Idioma", Title: "Cómo está el plan",
	Intro:     "Esta página muestra lo que se debe, lo que se pagó y dónde está cada dólar. Solo muestra totales y el nombre de nadie. Aquí no se puede cambiar nada.",
	AsOf:      "Contado el",
	Made:      "Hecho con Billfold, facturación y pagos de código abierto para planes de salud.",
	NoFigures: "En este momento no se pueden contar los totales. Vuelva a cargar esta página en un minuto. Los teléfonos de abajo son correctos.",

	GlanceHeading: "El plan de un vistazo", Members: "Miembros", Households: "Hogares", Employers: "Empleadores",
	Files: "Archivos recibidos",

	MoneyHeading: "Dinero",
	MoneyIntro:   "Cada tipo de dinero tiene sus propios libros y su propia cuenta bancaria. Nunca se mezclan.",
	MoneyCaption: "Lo que se debe, lo que entró y dónde está", What: "Concepto",
	OpenItems: "Facturas sin pagar", Owed: "Falta pagar en ellas", Received: "Dinero recibido",
	Moved: "Pasado desde otros fondos", Applied: "Pagado en facturas", Unapplied: "En espera de una factura",
	Held: "Dueño aún desconocido", Refunding: "En devolución",
	OwedNote:      "Una factura pagada en parte cuenta como sin pagar.",
	MovedNote:     "Solo cuando lo pide quien paga. Un signo menos significa que el dinero pasó a otro fondo.",
	UnappliedNote: "Sabemos de quién es el dinero, pero no hay ninguna factura pendiente.",
	HeldNote:      "Guardamos este dinero de forma segura hasta saber de quién es.",

	RailCaption: "Cómo entró el dinero", Fund: "Fondo", Rail: "Cómo se pagó", Today: "Hoy", InAll: "En total",
	NothingReceived: "Todavía no ha entrado dinero.",

	ProofHeading: "¿Cuadran los libros?",
	Balanced:     "Sí. Los débitos de %s son iguales a los créditos de %s.",
	Unbalanced:   "No. Los débitos de %s no son iguales a los créditos de %s.",
	Agreeing:     "Las facturas sin pagar, el dinero en espera y el dinero guardado coinciden con los libros.",
	Disagreeing:  "Las facturas sin pagar, el dinero en espera o el dinero guardado no coinciden con los libros. Ejecute «billfold verify» para hallar la primera línea con error.",

	SuspenseHeading: "Dinero cuyo dueño aún no se conoce",
	SuspenseIntro:   "Estos pagos llegaron sin un número de pago claro. Nadie adivina: una persona revisa cada uno y lo envía a su dueño.",
	SuspenseCaption: "Pagos guardados, por motivo",
	SuspenseNone:    "No hay ninguno. Cada pago llegó a su dueño.",
	Reason:          "Por qué se guarda", Items: "Pagos", Dollars: "Importe", Oldest: "El más antiguo",

	FilesHeading: "Archivos recibidos",
	FilesIntro:   "Los bancos, los empleadores y los mercados de seguros envían archivos. Cada archivo se revisa entero antes de usar algo de él. Los más nuevos van primero.",
	FilesCaption: "Los últimos archivos", FilesNone: "Todavía no ha llegado ningún archivo.", FileName: "Nombre",
	FileKind: "Qué es", FileResult: "Resultado", FileTaken: "Recibido",

	StepsHeading: "Qué probar ahora",
	StepsIntro:   "Escriba estos comandos en una terminal. Después vuelva a cargar esta página.",
	CommandLabel: "Comando",

	PhonesHeading: "Personas que pueden ayudar", PhonesIntro: "Estas son las líneas telefónicas de cada región.",
	PhonesCaption: "Líneas telefónicas", CallFor: "Llame por", Phone: "Teléfono", TTY: "TTY", Hours: "Horario", Now: "Ahora",
	OpenNow: "Abierto ahora", ClosedNow: "Cerrado ahora", EveryDay: "Todos los días", AllDay: "las 24 horas",
	AllWeek: "Las 24 horas, todos los días", Closed: "cerrado",
	LanguagesHeading: "Idiomas", LanguagesIntro: "La ayuda en su idioma es gratis.",

	HomeLink: "Ir a la página principal", ReferenceLabel: "Si pide ayuda, dé esta referencia:",

	Day: Count{"1 día", "%d días"}, DayZero: "Hoy",

	Funds: map[chart.Fund]string{chart.Premium: "Primas", chart.Medical: "Atención médica", chart.Pharmacy: "Farmacia"},
	Rails: map[chart.Code]string{
		chart.ClearLockbox: "Cheque por correo", chart.ClearACH: "Pago desde el banco", chart.ClearWire: "Giro bancario",
		chart.ClearCounter: "En ventanilla", chart.ClearCard: "Tarjeta", chart.ClearDebit: "Débito bancario",
	},
	Reasons: map[suspense.Reason]string{
		suspense.PossibleDuplicate: "Parece que el mismo pago llegó dos veces",
		suspense.NoNumber:          "No se dio ningún número de pago",
		suspense.ManyNumbers:       "Se dio más de un número de pago",
		suspense.CheckDigit:        "El número de pago está mal escrito",
		suspense.AmbiguousAlias:    "Un número antiguo es de dos cuentas",
		suspense.UnknownNumber:     "El número de pago nunca se emitió",
		suspense.AccountBlocked:    "Por ahora la cuenta no acepta pagos",
		suspense.FreeText:          "El número solo está en un mensaje",
		suspense.UnknownItem:       "La factura indicada no está pendiente",
		suspense.PaidInFull:        "El cheque dice “pagado en su totalidad”",
		suspense.PostDated:         "El cheque tiene fecha futura",
		suspense.Unsigned:          "El cheque no está firmado",
		suspense.Correspondence:    "Una carta vino con el cheque",
	},
	Formats: map[string]string{
		"nacha": "Pagos desde bancos (NACHA)", "lockbox": "Cheques por correo (lockbox)", "bai2": "Informe del banco (BAI2)",
		"x12": "Inscripción (834)", "roster-csv": "Lista de miembros (CSV)", "open-items-csv": "Facturas (CSV)", "unknown": "No reconocido",
	},
	Verdicts: map[fileResult]string{
		fileResult(fault.Accept): "Terminado", fileResult(fault.Flag): "No se usó: sus propios totales no coinciden",
		fileResult(fault.Refuse): "No se usó: tiene errores", underWay: "En proceso",
	},
	Purposes: map[region.Purpose]string{
		region.Billing: "Facturas", region.Premiums: "Primas", region.Hardship: "Dificultad para pagar",
		region.Interpreter: "Un intérprete", region.Registration: "Inscribirse", region.LostNumber: "Número de pago perdido",
	},
	Coverage: map[region.CoverageType]string{
		region.Exchange: "planes del mercado de seguros", region.Direct: "planes comprados con nosotros", region.COBRA: "COBRA",
		region.Medicare: "Medicare", region.Employer: "empleadores", region.AllTypes: "todos",
	},
	Zones: map[string]string{
		"America/New_York": "hora del Este", "America/Chicago": "hora del Centro", "America/Denver": "hora de la Montaña",
		"America/Phoenix": "hora de Arizona", "America/Los_Angeles": "hora del Pacífico", "America/Anchorage": "hora de Alaska",
		"Pacific/Honolulu": "hora de Hawái", "America/Puerto_Rico": "hora del Atlántico",
	},
	Weekdays: [7]string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"},
	Months: [12]string{
		"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
	},
	Failures: map[int]Failure{
		http.StatusBadRequest:            {"No se pudo leer este formulario", "Regrese y envíelo otra vez. No se cambió nada."},
		http.StatusForbidden:             {"No se aceptó este formulario", "No vino de una página nuestra. No se cambió nada. Empiece de nuevo."},
		http.StatusRequestEntityTooLarge: {"Este formulario es demasiado grande", "Acorte lo que escribió. No se cambió nada."},
		http.StatusTooManyRequests:       {"Hubo demasiados intentos", "Espere un rato e intente otra vez, o llámenos. No se cambió nada."},
		http.StatusNotFound:              {"Esta página no existe", "Puede que la dirección esté mal escrita o que la página se haya movido."},
		http.StatusMethodNotAllowed:      {"Esta página solo se puede leer", "No se puede enviar nada a esta dirección."},
		http.StatusInternalServerError:   {"Algo salió mal de nuestro lado", "Vuelva a cargar la página en un minuto. No se cambió nada."},
		http.StatusServiceUnavailable:    {"Esta página no está disponible ahora", "Vuelva a cargar la página en un minuto. No se cambió nada."},
	},

	DateForm: "%[1]d de %[2]s de %[3]d", DayRange: "de %s a %s", SpanForm: "de %s a %s", And: " y ", Noon: "mediodía",
	Midnight: "medianoche", Meridiem: [2]string{"a.\u00a0m.", "p.\u00a0m."}, Particular: "%s (%s)",

	Pieces: piecesSpanish, Guest: guestSpanish, Letter: letterSpanish,
}
