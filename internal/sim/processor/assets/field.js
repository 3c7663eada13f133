// One field of a card, inside a frame of the simulator's origin. The fields of a
// form find each other as windows of one origin; no message holds what was typed.
// The field of the number asks the others for theirs and makes the payment method,
// whose id is all that the page around it gets to know.
(function () {
  "use strict";

  const input = document.querySelector("input");
  const problem = document.getElementById("problem");
  const kind = document.body.dataset.kind;
  const group = document.body.dataset.group;
  const words = JSON.parse(document.body.dataset.words);
  const heightMin = 44; // CSS pixels of something to touch
  const fontMin = 16; // CSS pixels below which phones zoom in on a field
  const answerMax = 30000; // ms
  let host = null; // the origin of the page around, once it has spoken
  let style = {};
  let error = null;

  const brands = [
    ["amex", /^3[47]/, [15], [4, 6, 5], 4],
    ["visa", /^4/, [16], [4, 4, 4, 4], 3],
    ["mastercard", /^(5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720))/, [16], [4, 4, 4, 4], 3],
    ["discover", /^(6011|64[4-9]|65)/, [16], [4, 4, 4, 4], 3],
    ["unknown", /^/, [16, 13, 14, 15, 17, 18, 19], [4, 4, 4, 4, 3], 3],
  ];

  const digits = () => input.value.replace(/\D/g, "");
  const brandOf = (number) => brands.find((b) => b[1].test(number));

  function checks(number) {
    let sum = 0;
    for (let i = 0; i < number.length; i++) {
      let digit = Number(number[number.length - 1 - i]);
      if (i % 2 === 1) digit = digit * 2 - (digit > 4 ? 9 : 0);
      sum += digit;
    }
    return sum % 10 === 0;
  }

  // Each kind says how its text is set, and what is wrong with it: judge gives "" when
  // it is complete, else a code. A code that begins with "incomplete" is held back
  // while somebody is still typing.
  const kinds = {
    "card-number": {
      set(text) {
        const number = text.slice(0, Math.max(...brandOf(text)[2]));
        const parts = [];
        let at = 0;
        for (const size of brandOf(number)[3]) {
          if (at < number.length) parts.push(number.slice(at, at + size));
          at += size;
        }
        return parts.join(" ");
      },
      judge() {
        const number = digits();
        const lengths = brandOf(number)[2];
        if (number.length < Math.min(...lengths)) return "incomplete_number";
        if (checks(number) && lengths.includes(number.length)) return "";
        return number.length < lengths[0] ? "incomplete_number" : "invalid_number";
      },
    },
    "card-expiry": {
      set(text, deleting) {
        let date = /^[2-9]/.test(text) ? "0" + text : text;
        if (date.length === 6 && date.slice(2, 4) === "20") date = date.slice(0, 2) + date.slice(4); // 12/2030
        date = date.slice(0, 4);
        if (date.length < 2 || (date.length === 2 && deleting)) return date;
        return date.slice(0, 2) + " / " + date.slice(2);
      },
      judge() {
        const date = digits();
        const month = Number(date.slice(0, 2));
        if (date.length >= 2 && (month < 1 || month > 12)) return "invalid_expiry_month";
        if (date.length < 4) return "incomplete_expiry";
        const ends = new Date(2000 + Number(date.slice(2)), month, 1);
        return ends <= new Date() ? "invalid_expiry_year_past" : "";
      },
    },
    "card-cvc": {
      set: (text) => text.slice(0, 4),
      judge() {
        const number = sibling("card-number");
        const length = number ? number.cvcLength() : 3;
        return digits().length === length ? "" : "incomplete_cvc";
      },
    },
  };
  const rules = kinds[kind];

  // sibling finds another field of this form. The browser refuses a look into
  // windows of another origin.
  function sibling(wanted) {
    for (let i = 0; i < window.parent.length; i++) {
      try {
        const field = window.parent[i].cardField;
        if (field && field.group === group && field.kind === wanted) return field;
      } catch (refused) {
        continue;
      }
    }
    return null;
  }

  // What the other fields of this origin may ask of this one.
  window.cardField = {
    group: group,
    kind: kind,
    digits: digits,
    cvcLength: () => brandOf(digits())[4],
    // check tells what is wrong, and shows it.
    check() {
      const code = rules.judge();
      report(code);
      return code;
    },
  };

  function tell(message) {
    if (host !== null) window.parent.postMessage(Object.assign({ from: "card-field" }, message), host);
  }

  function report(code) {
    error = code ? { type: "validation_error", code: code, message: words[code] } : null;
    problem.textContent = error ? error.message : "";
    input.setAttribute("aria-invalid", String(Boolean(error)));
    dress();
    const state = { empty: input.value === "", complete: rules.judge() === "", error: error || undefined };
    if (kind === "card-number") state.brand = brandOf(digits())[0];
    tell({ act: "change", state: state });
  }

  // dress puts on the style that the page asked for.
  function dress() {
    const wish = Object.assign({}, style.base, error ? style.invalid : null);
    for (const property of ["color", "fontFamily", "fontSize", "fontWeight", "letterSpacing"]) {
      input.style[property] = typeof wish[property] === "string" ? wish[property] : "";
    }
    if (parseFloat(getComputedStyle(input).fontSize) < fontMin) input.style.fontSize = fontMin + "px";
    const faint = wish["::placeholder"] && wish["::placeholder"].color;
    if (typeof faint === "string") document.body.style.setProperty("--faint", faint);
  }

  function typed(event) {
    const deleting = event.inputType ? event.inputType.startsWith("delete") : false;
    const before = input.value.slice(0, input.selectionStart).replace(/\D/g, "").length;
    const atEnd = input.selectionStart === input.value.length;
    input.value = rules.set(digits(), deleting);
    if (!atEnd) {
      let caret = 0;
      for (let seen = 0; seen < before && caret < input.value.length; caret++) {
        if (/\d/.test(input.value[caret])) seen++;
      }
      input.setSelectionRange(caret, caret);
    }
    const code = rules.judge();
    report(code.startsWith("incomplete") ? "" : code);
  }

  // missing makes every field show what is wrong with it, and gives the first.
  function missing(fields) {
    const codes = fields.map((field) => (field ? field.check() : "incomplete_number"));
    return codes.find((code) => code !== "") || "";
  }

  async function create(key) {
    const expiry = sibling("card-expiry");
    const cvc = sibling("card-cvc");
    const code = missing([window.cardField, expiry, cvc]);
    if (code) return { error: { type: "validation_error", code: code, message: words[code] } };
    const form = new URLSearchParams({
      type: "card", "card[number]": digits(), "card[cvc]": cvc.digits(),
      "card[exp_month]": expiry.digits().slice(0, 2), "card[exp_year]": "20" + expiry.digits().slice(2),
    });
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), answerMax);
    try {
      const answer = await fetch("/v1/payment_methods", {
        method: "POST", headers: { Authorization: "Bearer " + key }, body: form, signal: patience.signal,
      });
      const body = await answer.json();
      if (answer.ok) return { paymentMethod: { id: body.id } };
      const no = body.error || {};
      const text = words[no.decline_code] || words[no.code] || (no.type === "card_error" ? words.card_declined : words.unreachable);
      return { error: { type: no.type || "api_error", code: no.code, decline_code: no.decline_code, message: text } };
    } catch (lost) {
      return { error: { type: "api_connection_error", message: words.unreachable } };
    } finally {
      clearTimeout(timer);
    }
  }

  window.addEventListener("message", async (event) => {
    if (event.source !== window.parent || !event.data || event.data.to !== "card-field") return;
    const asked = event.data;
    switch (asked.act) {
      case "begin":
        host = event.origin;
        style = asked.style || {};
        if (typeof asked.placeholder === "string") input.placeholder = asked.placeholder;
        dress();
        tell({ act: "size", height: Math.max(heightMin, Math.ceil(input.getBoundingClientRect().height)) });
        tell({ act: "ready" });
        break;
      case "focus":
        input.focus();
        break;
      case "clear":
        input.value = "";
        report("");
        break;
      case "create":
        if (kind !== "card-number") return;
        tell({ act: "created", call: asked.call, result: await create(asked.key) });
        break;
    }
  });

  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", typed);
  input.addEventListener("focus", () => tell({ act: "focus" }));
  input.addEventListener("blur", () => {
    tell({ act: "blur" });
    if (input.value !== "") report(rules.judge());
  });
})();
