package grace

import (
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
)

// words answer "am I still covered?" for a member, in plain words. The last day
// is meant to its last second in the plan's time zone, and says so.
func (r *run) words(s Status) Words {
	w := wording{s: s, r: r}
	switch s.State {
	case PendingBinder:
		w.pending()
	case Current:
		w.current()
	case Withheld:
		w.say("Yes. Your premium is taken from your Social Security or Railroad Retirement benefit. You do not need to pay us for these months.",
			"Sí. Su prima se descuenta de su beneficio del Seguro Social o de Jubilación Ferroviaria. No tiene que pagarnos estos meses.")
	case PastDue:
		w.say("Yes. But %s is past due.", "Sí. Pero tiene un pago atrasado de %s.", s.Owed.Grouped(), s.Owed.Grouped())
		w.say("Please pay it now. We will write to you before a grace period begins.",
			"Páguelo ahora, por favor. Le escribiremos antes de que empiece un período de gracia.")
	case GraceM1, GraceM2, GraceM3, GraceState:
		w.grace()
	case TermPending:
		w.say("Your time to pay ended on %s. We are checking whether a payment made in time is still on its way.",
			"Su plazo para pagar terminó el %s. Estamos comprobando si un pago hecho a tiempo todavía está en camino.",
			english(s.GraceTo), spanish(s.GraceTo))
		w.late()
	case Terminated, Cancelled, VoluntaryTerm:
		w.over()
	}
	return w.Words
}

type wording struct {
	Words
	s Status
	r *run
}

// say adds a sentence. Args are the English ones and then the Spanish ones.
func (w *wording) say(en, es string, args ...any) {
	if w.English != "" {
		w.English, w.Spanish = w.English+" ", w.Spanish+" "
	}
	half := len(args) / 2
	w.English += fmt.Sprintf(en, args[:half]...)
	w.Spanish += fmt.Sprintf(es, args[half:]...)
}

func (w *wording) pending() {
	s := w.s
	if w.r.table.Machine == ContinuationMachine && !w.r.elected() {
		w.say("Not yet. You have not chosen to continue your coverage.", "Todavía no. No ha elegido continuar su cobertura.")
		if !s.PayBy.IsZero() {
			w.say("Send your choice by %s; the postmark counts.", "Envíe su elección a más tardar el %s; cuenta el matasellos.",
				english(s.PayBy), spanish(s.PayBy))
		}
		w.say("The coverage then counts from the day on which the other one ended.",
			"La cobertura cuenta entonces desde el día en que terminó la otra.")
		return
	}
	w.say("Not yet. Your coverage starts when we have your first payment.", "Todavía no. Su cobertura empieza cuando recibamos su primer pago.")
	if s.ToCure > 0 {
		w.amount()
	}
	if !s.PayBy.IsZero() && s.ToCure > 0 {
		w.payBy()
		w.say("If we do not have it by then, the coverage will not start.", "Si no lo tenemos para entonces, la cobertura no empezará.")
		w.late()
	}
}

func (w *wording) current() {
	s := w.s
	if s.CoveredFrom.After(s.On) {
		w.say("Your coverage is set to start on %s.", "Su cobertura empezará el %s.", english(s.CoveredFrom), spanish(s.CoveredFrom))
	} else {
		w.say("Yes.", "Sí.")
	}
	if !s.PaidThrough.IsZero() {
		w.say("You are paid through %s.", "Está pagada hasta el %s.", english(s.PaidThrough), spanish(s.PaidThrough))
	}
	if s.Owed > 0 {
		w.say("You still owe %s; it does not end your coverage now.", "Todavía debe %s; eso no termina su cobertura ahora.",
			s.Owed.Grouped(), s.Owed.Grouped())
	}
	if next, on := w.r.nextDue(); next > 0 {
		w.say("Your next payment is %s, due on %s.", "Su próximo pago es de %s y vence el %s.",
			next.Grouped(), english(on), next.Grouped(), spanish(on))
	}
	if !s.EndsOn.IsZero() {
		w.say("Your last covered day is %s.", "Su último día con cobertura es el %s.", english(s.EndsOn), spanish(s.EndsOn))
	}
}

func (w *wording) grace() {
	s := w.s
	switch {
	case s.State == GraceM2 || s.State == GraceM3:
		w.say("Yes, but you are in a grace period since %s. Claims from its second month on wait, and may be denied, until you have paid.",
			"Sí, pero está en un período de gracia desde el %s. Los reclamos desde su segundo mes esperan, y podrían ser negados, hasta que pague.",
			english(s.GraceFrom), spanish(s.GraceFrom))
	case w.r.table.Machine == ContinuationMachine:
		w.say("Yes, subject to ending back to what is paid. You are in a grace period since %s.",
			"Sí, pero podría terminar hasta donde esté pagada. Está en un período de gracia desde el %s.", english(s.GraceFrom), spanish(s.GraceFrom))
	default:
		w.say("Yes, but you are in a grace period since %s.", "Sí, pero está en un período de gracia desde el %s.",
			english(s.GraceFrom), spanish(s.GraceFrom))
	}
	w.amount()
	if s.PayBy.IsZero() {
		w.say("We will write to you before your time to pay ends.", "Le escribiremos antes de que termine su plazo para pagar.")
		return
	}
	if s.PayBy.Before(s.On) {
		w.say("The grace period ended on %s; your coverage goes on until we tell you otherwise.",
			"El período de gracia terminó el %s; su cobertura sigue hasta que le avisemos lo contrario.", english(s.PayBy), spanish(s.PayBy))
		return
	}
	w.payBy()
	w.say("What falls due until then must be paid too.", "También debe pagar lo que venza hasta entonces.")
	w.late()
}

func (w *wording) amount() {
	s := w.s
	if s.ToCure == s.Owed {
		w.say("You owe %s.", "Debe %s.", s.Owed.Grouped(), s.Owed.Grouped())
		return
	}
	w.say("You owe %s; at least %s of it is needed.", "Debe %s; se necesitan al menos %s.",
		s.Owed.Grouped(), s.ToCure.Grouped(), s.Owed.Grouped(), s.ToCure.Grouped())
}

func (w *wording) payBy() {
	d := w.s.PayBy
	if w.r.table.Machine == ContinuationMachine {
		w.say("Send it by %s; the postmark counts.", "Envíelo a más tardar el %s; cuenta el matasellos.", english(d), spanish(d))
		return
	}
	w.say("We must receive it by 11:59:59 p.m. on %s.", "Debemos recibirlo a más tardar a las 11:59:59 p. m. del %s.", english(d), spanish(d))
}

func (w *wording) late() {
	w.say("Money that comes later does not bring coverage back by itself; we hold it and decide, or send it back.",
		"El dinero que llegue después no devuelve la cobertura por sí solo; lo guardamos y decidimos, o lo devolvemos.")
}

func (w *wording) over() {
	s := w.s
	switch {
	case s.State == Cancelled:
		w.say("No. This coverage never started.", "No. Esta cobertura nunca empezó.")
	case s.State == Terminated && w.r.table.Machine == MemberMachine:
		w.say("No. Your employer's coverage ended. Your last covered day was %s. You may be able to enroll in other coverage now.",
			"No. La cobertura de su empleador terminó. Su último día con cobertura fue el %s. Tal vez pueda inscribirse ahora en otra cobertura.",
			english(s.EndsOn), spanish(s.EndsOn))
	case s.State == Terminated:
		w.say("No. Your coverage ended because it was not paid in time. Your last covered day was %s.",
			"No. Su cobertura terminó porque no se pagó a tiempo. Su último día con cobertura fue el %s.", english(s.EndsOn), spanish(s.EndsOn))
	default:
		w.say("No. Your coverage ended on %s.", "No. Su cobertura terminó el %s.", english(s.EndsOn), spanish(s.EndsOn))
	}
	if s.Owed > 0 {
		w.say("You still owe %s for the time that you were covered.", "Todavía debe %s por el tiempo en que tuvo cobertura.",
			s.Owed.Grouped(), s.Owed.Grouped())
	}
	if s.State != VoluntaryTerm && w.r.table.Machine != MemberMachine {
		w.late()
	}
	if s.State == Terminated && w.r.table.Machine == MedicareMachine {
		ask, pay := w.r.goodCauseLast()
		w.say("If you could not pay for a reason outside your control, you can ask for your coverage back by %s and must pay all you owe by %s.",
			"Si no pudo pagar por una razón fuera de su control, puede pedir que le devuelvan la cobertura hasta el %s y debe pagar todo hasta el %s.",
			english(ask), english(pay), spanish(ask), spanish(pay))
	}
}

func english(d calendar.Date) string { return d.Time().Format("January 2, 2006") }

var spanishMonths = map[time.Month]string{
	time.January: "enero", time.February: "febrero", time.March: "marzo", time.April: "abril", time.May: "mayo", time.June: "junio",
	time.July: "julio", time.August: "agosto", time.September: "septiembre", time.October: "octubre", time.November: "noviembre",
	time.December: "diciembre",
}

func spanish(d calendar.Date) string {
	year, month, day := d.Time().Date()
	return fmt.Sprintf("%d de %s de %d", day, spanishMonths[month], year)
}
