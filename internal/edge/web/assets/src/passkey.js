// Passkeys (WebAuthn). A button with data-passkey asks the address in it for a
// question, hands the browser's answer back to it, and goes where that says.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function post(address, body) {
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function known(list) {
  return (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
}

async function create(options) {
  const made = await navigator.credentials.create({ publicKey: {
    ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: known(options.excludeCredentials),
  } });
  return { id: made.id, rawId: text(made.rawId), type: made.type, response: {
    attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON),
    transports: made.response.getTransports?.() ?? [],
  } };
}

async function show(options) {
  const made = await navigator.credentials.get({ publicKey: {
    ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials),
  } });
  const response = made.response;
  return { id: made.id, rawId: text(made.rawId), type: made.type, response: {
    authenticatorData: text(response.authenticatorData), clientDataJSON: text(response.clientDataJSON),
    signature: text(response.signature), userHandle: response.userHandle ? text(response.userHandle) : null,
  } };
}

export function offerPasskeys() {
  if (!window.PublicKeyCredential) return;
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.closest("[hidden]")?.removeAttribute("hidden");
    button.addEventListener("click", async () => {
      const place = document.getElementById(button.dataset.problem);
      place.textContent = "";
      try {
        const { publicKey, create: anew } = await post(button.dataset.passkey + "/question", {});
        const answer = anew ? await create(publicKey) : await show(publicKey);
        const { to } = await post(button.dataset.passkey + "/answer" + (button.dataset.query ?? ""), answer);
        location.assign(to);
      } catch {
        place.textContent = place.dataset.text;
      }
    });
  }
}
