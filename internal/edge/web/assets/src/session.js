// Warns two minutes before a session ends and lets the reader ask for more time
// (WCAG 2.2.1).
const warnBefore = 2 * 60_000;

export function watchSession() {
  const box = document.querySelector("[data-session]");
  if (!box) return;
  const lasts = Number(box.dataset.session) * 60_000;
  const button = box.querySelector("button");
  const text = box.querySelector("p");
  const warning = text.textContent;
  let timer;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      text.textContent = warning;
      button.hidden = false;
      box.hidden = false;
    }, lasts - warnBefore);
  };
  button.addEventListener("click", async () => {
    const answer = await fetch(box.dataset.stay || "/session", { method: "POST" }).catch(() => null);
    if (!answer?.ok) return;
    text.textContent = box.dataset.kept;
    button.hidden = true;
    wait();
  });
  wait();
}
