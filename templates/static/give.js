// Minds the forms by which readers give: our own pages' and the call to action's. Everything works without it: the
// server takes a typed amount before a choice, and a form's key makes a second click the same gift.

const minded = new WeakSet();

// guard shows at once that a click was taken, holds a second one back, and sees that the form has a key: two clicks
// send the same one, and a page that comes back from the browser's memory has a new one, because what it sends is a new
// gift.
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

// The button says the amount that is chosen, and the fee that would be covered, where words have a place for them. An
// amount that could be read in two ways is left to the server, which asks.
function sayTheAmount(form) {
  const words = [...form.querySelectorAll("[data-words]")].map((e) => [e, e.textContent]);
  const say = () => {
    const typed = form.elements.namedItem("amount")?.value?.trim() ?? "";
    const number = ungrouped(typed);
    const figures = /^\d{1,9}([.,]\d{1,2})?$/.test(number) ? figuresOf(form, number) : {};
    for (const [e, plain] of words) {
      const chosen = form.querySelector(`[name="${e.dataset.amount}"]:checked + span`)?.textContent;
      const known = typed === "" && chosen ? { amount: chosen } : figures;
      const places = [...e.dataset.words.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
      const text = e.dataset.words.replace(/\{(\w+)\}/g, (_, name) => known[name]);
      const says = places.every((name) => known[name]) ? text : plain;
      if (e.textContent !== says) e.textContent = says; // WebKit drops a click whose text is replaced under the finger
    }
  };
  form.addEventListener("input", say);
  form.addEventListener("change", say);
  addEventListener("pageshow", say);
  say();
}

// A typed amount without what groups its thousands: "1.000,50" is 1000,50. One group of three digits alone ("1.000") is
// left as it is, because it has two readings.
function ungrouped(typed) {
  const [, first, groups, by, cents = ""] = typed.match(/^(\d{1,3})(([.,'’\s])\d{3}(?:\3\d{3})*)([.,]\d{1,2})?$/) ?? [];
  if (!groups || cents[0] === by || (!cents && groups.length === 4 && /[.,]/.test(by))) return typed;
  return first + groups.replace(/\D/g, "") + cents;
}

// A typed amount as the page writes amounts, with the fee and the sum by the schedule in the form's data: money.Fee
// does the same on the server, and what it says is charged.
function figuresOf(form, typed) {
  const { pattern, decimals = "2", rate, fixed, least, most } = form.dataset;
  if (!pattern) return { amount: (form.querySelector(".money > span")?.textContent ?? "") + typed };
  const unit = 10 ** decimals;
  const gift = Math.round(Number(typed.replace(",", ".")) * unit);
  if (gift < least || gift > most) return {}; // what cannot be given is not offered
  const write = (minor, places) => pattern.replace("{n}", new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`, {
    minimumFractionDigits: places, maximumFractionDigits: places,
  }).format(minor / unit));
  const brief = (minor) => write(minor, minor % unit ? Number(decimals) : 0);
  if (rate === undefined) return { amount: brief(gift) };
  const feeOf = (payment) => Math.floor((payment * rate + 5000) / 10000) + Number(fixed);
  let total = gift;
  for (let missing = feeOf(total); missing > 0; missing = gift - total + feeOf(total)) total += missing;
  return { amount: brief(gift), fee: write(total - gift, Number(decimals)), total: brief(total) };
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
