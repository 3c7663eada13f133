// What is wrong with a field, beside the field and for assistive technology.

function place(field) {
  return document.getElementById(field.id + "-error");
}

export function showProblem(field, text) {
  const at = place(field);
  if (!at) return;
  at.querySelector("[data-error-text]").textContent = text;
  at.hidden = false;
  field.setAttribute("aria-invalid", "true");
  const described = new Set((field.getAttribute("aria-describedby") || "").split(" ").filter(Boolean));
  field.setAttribute("aria-describedby", [...described.add(at.id)].join(" "));
  field.closest(".field")?.classList.add("field--error");
}

export function clearProblem(field) {
  const at = place(field);
  if (!at || at.hidden) return;
  at.hidden = true;
  field.removeAttribute("aria-invalid");
  const described = (field.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && id !== at.id);
  if (described.length) field.setAttribute("aria-describedby", described.join(" "));
  else field.removeAttribute("aria-describedby");
  field.closest(".field")?.classList.remove("field--error");
}
