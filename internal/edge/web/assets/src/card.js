// The card fields. They are frames of the card processor's: what is typed there
// is never seen by this page, and only the token that the processor gives for it
// is sent with the form. Where the processor's script does not run, the fields
// stay hidden and the way to the processor's own page stays open.
import { back, passes, sending } from "./forms.js";
import { clearProblem, showProblem } from "./problem.js";

const style = { base: { fontSize: "17px", lineHeight: "1.5", color: "#262626" }, invalid: { color: "#9f142b" } };

export function mountCard() {
  const box = document.querySelector("[data-card]");
  const form = document.getElementById("page-form");
  if (!box || !form || typeof window.Stripe !== "function") return;
  const processor = window.Stripe(box.dataset.key, { locale: box.dataset.language });
  const fields = mountFields(processor, box);
  box.hidden = false;
  for (const other of document.querySelectorAll("[data-no-card]")) other.hidden = true;
  form.addEventListener("submit", (event) => {
    if (passes(event.submitter)) return;
    event.preventDefault(); // also a second press: the first is under way
    if (!form.dataset.sent) pay(processor, fields, form, box, event.submitter);
  });
}

function mountFields(processor, box) {
  const elements = processor.elements({ locale: box.dataset.language });
  const fields = {};
  for (const place of box.querySelectorAll("[data-card-field]")) {
    const kind = place.dataset.cardField;
    const field = elements.create(kind, { style, classes: { focus: "is-focused" } });
    field.on("change", (state) => {
      if (state.error) showProblem(place, state.error.message);
      else clearProblem(place);
    });
    field.mount(place);
    fields[kind] = field;
  }
  return fields;
}

// billing gathers what the issuer may compare, from fields that say so.
function billing(form) {
  const details = {};
  for (const field of form.querySelectorAll("[data-billing]")) {
    const value = field.value.trim();
    if (!value) continue;
    if (field.dataset.billing === "postal_code") details.address = { postal_code: value };
    else details[field.dataset.billing] = value;
  }
  return details;
}

async function pay(processor, fields, form, box, submitter) {
  const problem = box.querySelector("[data-card-problem]");
  problem.textContent = "";
  sending(form);
  let answer;
  try {
    answer = await processor.createPaymentMethod({ type: "card", card: fields.cardNumber, billing_details: billing(form) });
  } catch {
    answer = {};
  }
  if (!answer.paymentMethod) {
    back(form);
    problem.textContent = answer.error?.message || box.dataset.failed;
    fields.cardNumber.focus?.();
    return;
  }
  form.elements["card-token"].value = answer.paymentMethod.id;
  if (submitter?.name) form.append(hidden(submitter.name, submitter.value));
  HTMLFormElement.prototype.submit.call(form); // a button named "submit" would hide the method
}

function hidden(name, value) {
  const input = document.createElement("input");
  Object.assign(input, { type: "hidden", name, value });
  return input;
}
