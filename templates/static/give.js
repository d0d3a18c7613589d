// Minds the forms by which readers give: our own pages' and the call to action's. Everything works without it: the server
// takes a typed amount before a choice, and a form's key makes a second click the same gift.

const minded = new WeakSet();

// guard shows at once that a click was taken, holds a second one back, and sees that the form has a key: two clicks send
// the same one, and a page that comes back from the browser's memory has a new one, because what it sends is a new gift.
export function guard(form) {
  if (minded.has(form)) return;
  minded.add(form);
  const button = form.querySelector("button[data-busy]");
  const label = [...button.childNodes];
  const key = form.elements.namedItem("idempotency_key") ?? form.appendChild(hidden("idempotency_key"));
  if (!key.value) key.value = freshKey();

  sayTheAmount(form);
  let resting = 0;
  const rest = () => {
    clearTimeout(resting);
    form.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
    button.replaceChildren(...label);
  };
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "to") return; // another currency: the form comes back, and nothing is given
    if (form.getAttribute("aria-busy")) return event.preventDefault();
    form.setAttribute("aria-busy", "true");
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.busy;
    resting = setTimeout(rest, 12000); // the server answers within ten seconds; if nothing did, a click is worth another try
  });
  addEventListener("pageshow", (event) => {
    rest();
    if (event.persisted) key.value = freshKey();
  });
}

function hidden(name) {
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = name;
  input.autocomplete = "off"; // browsers write old values back into hidden fields, too
  return input;
}

function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

// The button says the amount that is chosen, where its words have a place for one. An amount that could be read in two ways
// is left to the server, which asks.
function sayTheAmount(form) {
  const words = [...form.querySelectorAll("[data-words]")].map((e) => [e, e.textContent]);
  const say = () => {
    const typed = form.elements.namedItem("amount")?.value?.trim() ?? "";
    for (const [e, plain] of words) {
      const chosen = form.querySelector(`[name="${e.dataset.amount}"]:checked + span`)?.textContent ?? "";
      const sign = form.querySelector(".money > span")?.textContent ?? "";
      const amount = typed === "" ? chosen : /^\d+([.,]\d{1,2})?$/.test(typed) ? sign + typed : "";
      e.textContent = amount === "" ? plain : e.dataset.words.replace("{amount}", amount);
    }
  };
  form.addEventListener("input", say);
  form.addEventListener("change", say);
  addEventListener("pageshow", say);
  say();
}

// Only one of the two ways to say an amount is ever filled in.
function oneAmount(form) {
  const own = form.querySelector("#amount");
  if (!own) return; // on an article there are choices only
  const choices = [...form.querySelectorAll("input[name^='choice']")];
  own.addEventListener("input", () => {
    if (own.value.trim() !== "") choices.forEach((c) => (c.checked = false));
  });
  choices.forEach((c) => c.addEventListener("change", () => (own.value = "")));
}

for (const form of document.querySelectorAll("form[data-give]")) {
  guard(form);
  oneAmount(form);
}
