package web

// letterWords are the texts of the pages on which mailed letters are read. The
// letters bring their own.
type letterWords struct {
	Title, Heading, Intro string
	BornLabel, BornHint   string
	Month, Day, Year      string
	BornMissing           string
	NoMatch               string // the one answer to a wrong date and to a link that leads nowhere
	Open                  string
	Help                  string // a telephone number, and that of TTY users
	SavePDF, FileName     string
	Close                 string
	LinesCaption          string
	Closed                Failure
	Over                  Failure
	CookiesOff            Failure
}

var letterEnglish = letterWords{
	Title: "Read your letter", Heading: "Read your letter",
	Intro:     "To be sure that it is you, we ask for the date of birth of the person whom the letter is for.",
	BornLabel: "Date of birth", BornHint: "For example: 4 28 1986",
	Month: "Month", Day: "Day", Year: "Year",
	BornMissing:  "Enter the date of birth: the month and the day in numbers, and the year with four digits.",
	NoMatch:      "We could not open a letter with this link and this date. Check the date. The link works for 90 days.",
	Open:         "Open the letter",
	Help:         "You cannot open it? Call us at %s (TTY %s). We read it to you or send it on paper, at no cost.",
	SavePDF:      "Save as PDF",
	FileName:     "letter",
	Close:        "Close the letter",
	LinesCaption: "What the amount is made of",
	Closed:       Failure{"The letter is closed", "Nobody can see it here now. You can open it again with the link in our email."},
	Over:         Failure{"Please open your letter again", "For your safety, we have closed it. Use the link in our email once more. If it does not work, call us."},
	CookiesOff:   Failure{"Your browser blocks cookies", "We need one to show you the letter. Allow cookies for this page, then use the link in our email once more."},
}

var letterSpanish = letterWords{
	Title: "Lea su carta", Heading: "Lea su carta",
	Intro:     "Para asegurarnos de que es usted, pedimos la fecha de nacimiento de la persona a quien va dirigida la carta.",
	BornLabel: "Fecha de nacimiento", BornHint: "Por ejemplo: 4 28 1986",
	Month: "Mes", Day: "Día", Year: "Año",
	BornMissing:  "Escriba la fecha de nacimiento: el mes y el día en números, y el año con cuatro cifras.",
	NoMatch:      "No pudimos abrir una carta con este enlace y esta fecha. Revise la fecha. El enlace sirve por 90 días.",
	Open:         "Abrir la carta",
	Help:         "¿No puede abrirla? Llámenos al %s (TTY %s). Se la leemos o se la enviamos en papel, sin costo.",
	SavePDF:      "Guardar como PDF",
	FileName:     "carta",
	Close:        "Cerrar la carta",
	LinesCaption: "De qué se compone la cantidad",
	Closed:       Failure{"La carta está cerrada", "Ahora nadie puede verla aquí. Puede abrirla otra vez con el enlace de nuestro correo electrónico."},
	Over:         Failure{"Por favor abra su carta otra vez", "Por su seguridad, la hemos cerrado. Use otra vez el enlace de nuestro correo electrónico. Si no funciona, llámenos."},
	CookiesOff:   Failure{"Su navegador bloquea las cookies", "Necesitamos una para mostrarle la carta. Permita las cookies en esta página y use otra vez el enlace de nuestro correo electrónico."},
}
