// Puts a call to action where its <script> stands:
//
//   <script async src="https://give.example.org/embed/cta.js" data-campaign="support"></script>
//
// data-article (default: the page's canonical address) and data-currency are optional. It sets no cookie, keeps nothing,
// and speaks to the address it came from and to nobody else. The appeal lives in a shadow root, so that neither page nor
// appeal changes the other's looks.
(() => {
  "use strict";
  const script = document.currentScript;
  const { campaign = "", article = pageAddress(), currency = "" } = script.dataset;
  const base = new URL(script.src).origin;
  const query = new URLSearchParams({ article });
  if (currency) query.set("currency", currency);

  const host = document.createElement("div");
  host.style.minHeight = "41rem"; // about what it will take, so that the text below does not jump
  script.after(host);
  const root = host.attachShadow({ mode: "open" });

  show().catch(() => {
    const link = document.createElement("a");
    link.href = `${base}/${campaign ? `support/${encodeURIComponent(campaign)}` : ""}?${query}`;
    link.textContent = "Support our journalism via PayPal";
    root.replaceChildren(link);
    host.style.minHeight = "";
  });

  async function show() {
    const answer = await fetch(`${base}/embed/${encodeURIComponent(campaign)}?${query}`, { credentials: "omit" });
    if (!answer.ok) throw new Error(`the appeal answered ${answer.status}`);
    const holder = document.createElement("div");
    holder.hidden = true; // until its styles are there
    holder.innerHTML = await answer.text();
    const reveal = () => {
      holder.hidden = false;
      host.style.minHeight = "";
    };
    const styles = holder.querySelector("link[rel='stylesheet']");
    styles.addEventListener("load", reveal);
    styles.addEventListener("error", reveal);
    root.replaceChildren(holder);
    guard(holder.querySelector("form"));
  }

  // A second click sends the same key, and the server makes it the same gift; here it is held back as well.
  function guard(form) {
    const key = document.createElement("input");
    key.type = "hidden";
    key.name = "idempotency_key";
    key.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
    form.append(key);
    let sent = 0;
    form.addEventListener("submit", (event) => {
      if (Date.now() - sent < 10000) return event.preventDefault();
      sent = Date.now();
    });
    addEventListener("pageshow", () => (sent = 0));
  }

  function pageAddress() {
    return document.querySelector("link[rel='canonical']")?.href ?? location.origin + location.pathname;
  }
})();
