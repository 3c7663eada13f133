// The bill pay number: groups while it is typed, and names a slip before the
// form is sent. The rules are those of docs/rules/bill-pay-number.md; the server
// has the last word, and what this file does not understand it lets pass.
import { clearProblem, showProblem } from "./problem.js";

const shortest = 10, longest = 12;
const printed = { 10: [4, 3, 3], 11: [4, 4, 3], 12: [4, 4, 4] };
const damm = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];

// group writes digits in groups: of four while more may come, as printed on the
// card once the number is whole.
export function group(digits, whole) {
  const widths = (whole && printed[digits.length]) || [4, 4, digits.length];
  const groups = [];
  for (const width of widths) {
    if (digits) groups.push(digits.slice(0, width));
    digits = digits.slice(width);
  }
  return groups.join(" ");
}

// slipOf names what is wrong with a text, as billpay.HintFor does; an empty name
// is nothing, or something that only the server can judge.
export function slipOf(text) {
  const bare = text.replace(/[\s\u200b-\u200f\u00ad\ufeff\-\u2010-\u2015\u2212]/g, "");
  if (bare === "") return { name: "nothing" };
  const letters = bare.match(/\p{L}/gu);
  if (letters) return { name: letters.length <= 3 && /^[oqilsbz]+$/i.test(letters.join("")) ? "letterAsDigit" : "letters" };
  if (!/^[0-9]+$/.test(bare)) return { name: "" };
  if (bare.length < shortest) return { name: "missing", by: shortest - bare.length };
  if (isCard(bare)) return { name: "card" };
  if (bare.length > longest) return { name: "tooMany", by: bare.length - longest };
  if (bare[0] === "0") return { name: "zero" };
  let interim = 0;
  for (const digit of bare) interim = Number(damm[interim][Number(digit)]);
  return { name: interim === 0 ? "" : "digit" };
}

// isCard tells the number of a payment card by Luhn's check: it belongs elsewhere.
function isCard(digits) {
  if (digits.length < 13 || digits.length > 19) return false;
  const sum = [...digits].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

// regroup writes a field's digits in groups and leaves the caret behind the same digit.
function regroup(field, whole) {
  if (!/^[\d\s\-]*$/.test(field.value)) return;
  const shown = group(field.value.replace(/\D/g, ""), whole);
  if (shown === field.value) return;
  const before = field.value.slice(0, field.selectionStart ?? 0).replace(/\D/g, "").length;
  const focused = document.activeElement === field;
  field.value = shown;
  if (!focused) return;
  let at = 0;
  for (let seen = 0; seen < before && at < shown.length; at++) if (shown[at] !== " ") seen++;
  field.setSelectionRange(at, at);
}

// problemOf gives the text for what is wrong with a field, or "". A card's number
// is taken out of the field at once, so that it is never sent.
function problemOf(field) {
  const { name, by } = slipOf(field.value);
  if (name === "card") field.value = "";
  const text = JSON.parse(field.dataset.number)[name];
  if (!text || typeof text === "string") return text || "";
  return by === 1 ? text.One : text.Many.replace("%d", by);
}

export function groupNumbers() {
  for (const field of document.querySelectorAll("[data-number]")) {
    field.addEventListener("input", (event) => {
      if (event.isComposing) return;
      clearProblem(field);
      regroup(field, false);
    });
    field.addEventListener("change", () => {
      regroup(field, true);
      const problem = field.value.trim() && problemOf(field);
      if (problem) showProblem(field, problem);
    });
    field.numberProblem = () => problemOf(field);
    regroup(field, true);
  }
}
