// The simulator's browser script: the subset of Stripe.js with which a page takes
// a card without ever touching its number. Each field is a frame of the
// simulator's own origin; all that comes back out of them is how a field stands
// and, at the end, the id of a payment method.
//
// It sets styles by properties only, so that it works where a page forbids inline
// styles and scripts.
(function () {
  "use strict";

  const origin = new URL(document.currentScript.src).origin;
  const paths = { cardNumber: "card-number", cardExpiry: "card-expiry", cardCvc: "card-cvc" };
  const texts = {
    en: {
      cardNumber: "Secure card number field",
      cardExpiry: "Secure expiration date field",
      cardCvc: "Secure security code field",
      unreachable: "We could not reach the card processor. You have not been charged. Please try again.",
    },
    es: {
      cardNumber: "Campo seguro para el número de tarjeta",
      cardExpiry: "Campo seguro para la fecha de vencimiento",
      cardCvc: "Campo seguro para el código de seguridad",
      unreachable: "No pudimos comunicarnos con el procesador de tarjetas. No se le ha cobrado. Inténtelo de nuevo.",
    },
  };
  const classNames = {
    base: "StripeElement", complete: "StripeElement--complete", empty: "StripeElement--empty",
    focus: "StripeElement--focus", invalid: "StripeElement--invalid",
  };
  const answerMax = 35000; // ms that a payment method may take
  const loadMax = 15000; // ms that a field may take to appear

  const mounted = new Set();
  const waiting = new Map(); // calls for a payment method, by id
  let calls = 0;

  function randomName() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  }

  function languageOf(locale) {
    const wish = !locale || locale === "auto" ? document.documentElement.lang || navigator.language : locale;
    return String(wish).toLowerCase().startsWith("es") ? "es" : "en";
  }

  class Field {
    constructor(type, options, group, language) {
      this.type = type;
      this.options = options || {};
      this.group = group;
      this.language = language;
      this.classes = Object.assign({}, classNames, this.options.classes);
      this.listeners = {};
    }

    on(name, listener) {
      (this.listeners[name] = this.listeners[name] || []).push(listener);
      return this;
    }

    tell(name, detail) {
      for (const listener of this.listeners[name] || []) listener(Object.assign({ elementType: this.type }, detail));
    }

    mount(target) {
      const box = typeof target === "string" ? document.querySelector(target) : target;
      if (!box) throw new Error("mount: there is no such element: " + target);
      this.unmount();
      this.box = box;
      this.frame = document.createElement("iframe");
      this.frame.title = texts[this.language][this.type];
      this.frame.src = origin + "/fields/" + paths[this.type] + "?locale=" + this.language + "&group=" + this.group;
      Object.assign(this.frame.style, { border: "0", display: "block", width: "100%", height: "44px" });
      this.frame.addEventListener("load", () => this.send({ act: "begin", style: this.options.style, placeholder: this.options.placeholder }));
      box.replaceChildren(this.frame);
      box.classList.add(this.classes.base, this.classes.empty);
      mounted.add(this);
      this.label = box.id ? document.querySelector('label[for="' + CSS.escape(box.id) + '"]') : null;
      this.onLabel = () => this.focus();
      if (this.label) this.label.addEventListener("click", this.onLabel);
      this.timer = setTimeout(() => {
        this.tell("loaderror", { error: { type: "api_connection_error", message: texts[this.language].unreachable } });
      }, loadMax);
    }

    unmount() {
      if (!this.frame) return;
      clearTimeout(this.timer);
      if (this.label) this.label.removeEventListener("click", this.onLabel);
      for (const name of Object.values(this.classes)) this.box.classList.remove(name);
      this.frame.remove();
      this.frame = null;
      mounted.delete(this);
    }

    focus() {
      this.frame.focus();
      this.send({ act: "focus" });
    }

    clear() {
      this.send({ act: "clear" });
    }

    send(message) {
      this.frame.contentWindow.postMessage(Object.assign({ to: "card-field" }, message), origin);
    }

    mark(name, on) {
      this.box.classList.toggle(this.classes[name], on);
    }

    // hear takes what the frame says.
    hear(message) {
      switch (message.act) {
        case "ready":
          clearTimeout(this.timer);
          this.tell("ready", {});
          break;
        case "size":
          this.frame.style.height = message.height + "px";
          break;
        case "focus":
        case "blur":
          this.mark("focus", message.act === "focus");
          this.tell(message.act, {});
          break;
        case "change":
          this.mark("empty", message.state.empty);
          this.mark("complete", message.state.complete);
          this.mark("invalid", Boolean(message.state.error));
          this.tell("change", message.state);
          break;
        case "created": {
          const resolve = waiting.get(message.call);
          waiting.delete(message.call);
          if (resolve) resolve(message.result);
          break;
        }
      }
    }
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || !event.data || event.data.from !== "card-field") return;
    for (const field of mounted) {
      if (field.frame.contentWindow === event.source) field.hear(event.data);
    }
  });

  function elements(options) {
    const group = randomName();
    const language = languageOf(options && options.locale);
    const made = {};
    return {
      create(type, fieldOptions) {
        if (!paths[type]) throw new Error("create: there is no element of type " + type);
        if (made[type]) throw new Error("create: there is an element of type " + type + " already");
        return (made[type] = new Field(type, fieldOptions, group, language));
      },
      getElement(type) {
        return made[type] || null;
      },
    };
  }

  function createPaymentMethod(key, data) {
    const field = data && data.card;
    if (!data || data.type !== "card" || !(field instanceof Field) || field.type !== "cardNumber" || !field.frame) {
      return Promise.reject(new Error("createPaymentMethod: give type card, and as card a mounted cardNumber element"));
    }
    const call = ++calls;
    return new Promise((resolve) => {
      waiting.set(call, resolve);
      setTimeout(() => {
        if (!waiting.delete(call)) return;
        resolve({ error: { type: "api_connection_error", message: texts[field.language].unreachable } });
      }, answerMax);
      field.send({ act: "create", call: call, key: key });
    });
  }

  window.Stripe = function Stripe(publishableKey) {
    if (typeof publishableKey !== "string" || !publishableKey.startsWith("pk_")) {
      throw new Error("Stripe: give a publishable key");
    }
    return { elements: elements, createPaymentMethod: (data) => createPaymentMethod(publishableKey, data) };
  };
  window.Stripe.version = 3;
})();
