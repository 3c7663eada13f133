// Forms: moves to errors, names a slip in a number before the form is sent, and
// refuses a second press of a button while the first is under way.
import { showProblem } from "./problem.js";

// letsGo are buttons that send the form whatever stands in it: the language
// switch, and the way to the processor's own page.
const letsGo = ["switch-language", "hosted"];

export function passes(submitter) {
  return Boolean(submitter) && letsGo.includes(submitter.name);
}

export function showErrors() {
  const summary = document.querySelector("[data-errors]");
  if (!summary) return;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.focus();
  });
}

// sending notes that a form is on its way, and says so.
export function sending(form) {
  form.dataset.sent = "yes";
  for (const place of form.querySelectorAll("[data-working]")) place.textContent = place.dataset.working;
  for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
}

// back makes a form ready again.
export function back(form) {
  delete form.dataset.sent;
  for (const place of form.querySelectorAll("[data-working]")) place.textContent = "";
  for (const button of form.querySelectorAll("button[type=submit]")) button.removeAttribute("aria-disabled");
}

// firstSlip stops a form whose number has a slip, once. The same text sent again is
// meant: it may be a number of an earlier system, which only the server knows.
function firstSlip(form) {
  for (const field of form.querySelectorAll("[data-number]")) {
    const problem = field.numberProblem?.();
    if (!problem || (field.value && field.dataset.meant === field.value)) continue;
    field.dataset.meant = field.value;
    showProblem(field, problem);
    return field;
  }
  return null;
}

export function guardForms() {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented || passes(event.submitter)) return;
      if (form.dataset.sent) {
        event.preventDefault();
        return;
      }
      const slip = firstSlip(form);
      if (slip) {
        event.preventDefault();
        slip.focus();
        return;
      }
      sending(form);
    });
    // A page that comes back from the browser's memory is not under way.
    window.addEventListener("pageshow", (event) => event.persisted && back(form));
  }
}
