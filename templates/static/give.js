// Comfort for the donation form. Everything works without it: the server takes a typed amount before a choice, and the
// form's key makes a second click the same gift.
(() => {
  "use strict";
  const form = document.querySelector("form[action='/contributions']");
  if (!form) return;
  const own = form.querySelector("#amount");
  const choices = [...form.querySelectorAll("input[name='choice']")];

  // Only one of the two ways to say an amount is ever filled in.
  own?.addEventListener("input", () => {
    if (own.value.trim() !== "") choices.forEach((c) => (c.checked = false));
  });
  choices.forEach((c) => c.addEventListener("change", () => (own.value = "")));

  const button = form.querySelector("button[type='submit']");
  const label = button.textContent;
  let sent = 0;
  form.addEventListener("submit", (event) => {
    if (Date.now() - sent < 10000) return event.preventDefault();
    sent = Date.now();
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.busy;
  });
  // Coming back from PayPal with the browser's back button finds the page as it was left.
  addEventListener("pageshow", () => {
    sent = 0;
    button.removeAttribute("aria-disabled");
    button.textContent = label;
  });
})();
