// Puts a call to action where its <script> stands:
//
//   <script async src="https://give.example.org/embed/cta.js" data-campaign="support"></script>
//
// A script in <head> puts it into the element with the attribute data-readerfund, or at the end of the article where
// there is none. data-article (default: the page's canonical address) and data-currency are optional. What the page's own
// address says in utm_source and the like goes along, so that a gift is known by the newsletter it came from. It sets no
// cookie, keeps nothing, and speaks to the address it came from and to nobody else. The appeal lives in a shadow root, so that
// neither page nor appeal changes the other's looks.
(() => {
  "use strict";
  // A module has no currentScript.
  const script = document.currentScript ?? document.querySelector("script[src$='/embed/cta.js']");
  const { campaign = "", currency = "" } = script.dataset;
  const base = new URL(script.src).origin;

  if (script.closest("head") && document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();

  function begin() {
    const query = new URLSearchParams({ article: articleAddress() });
    if (currency) query.set("currency", currency);
    const here = new URLSearchParams(location.search);
    for (const name of ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"]) {
      if (here.get(name)) query.set(name, here.get(name));
    }
    const host = document.createElement("div");
    host.style.minHeight = "49rem"; // about what it will take, so that the text below does not jump
    place(host);
    const root = host.attachShadow({ mode: "open" });

    show(root, query).catch((error) => {
      console.warn(`Readerfund: a link stands in for the appeal, because ${error.message}.`);
      const link = document.createElement("a");
      link.href = `${base}/${campaign ? `support/${encodeURIComponent(campaign)}` : ""}?${query}`;
      link.target = "_top";
      link.textContent = "Support our journalism via PayPal";
      root.replaceChildren(link);
    }).finally(() => (host.style.minHeight = ""));
  }

  function place(host) {
    if (!script.closest("head")) return script.after(host);
    const marked = document.querySelector("[data-readerfund]");
    if (marked) return marked.append(host);
    const end = ["main article", "article", "main", "body"].map((s) => document.querySelector(s)).find(Boolean);
    end.append(host);
    console.info(`Readerfund: the script stands in <head>, so the appeal was put at the end of <${end.localName}>. ` +
      "Put <div data-readerfund></div> where you want it.");
  }

  async function show(root, query) {
    const answer = await fetch(`${base}/embed/${encodeURIComponent(campaign)}?${query}`, { credentials: "omit" });
    if (answer.status === 404) throw new Error(`data-campaign="${campaign}" names no campaign at ${base}`);
    if (!answer.ok) throw new Error(`${base} answers ${answer.status}`);
    const holder = document.createElement("div");
    holder.hidden = true; // until its styles are there
    holder.innerHTML = await answer.text();
    const styles = holder.querySelector("link[rel='stylesheet']");
    const styled = new Promise((done) => ["load", "error"].forEach((e) => styles.addEventListener(e, done)));
    // A script that comes by innerHTML does not run. This one minds the form.
    const minder = holder.querySelector("script");
    minder.remove();
    await import(minder.src).then(({ guard }) => guard(holder.querySelector("form")), (error) => console.warn("Readerfund:", error));
    root.replaceChildren(holder);
    await styled;
    holder.hidden = false;
  }

  // The article's address: as given, the canonical one, or the page's own without what only follows readers around.
  function articleAddress() {
    const given = script.dataset.article;
    if (given && URL.canParse(given, document.baseURI)) return new URL(given, document.baseURI).href;
    if (given) console.warn(`Readerfund: data-article="${given}" is no address; the page's own is taken.`);
    const canonical = document.querySelector("link[rel='canonical']")?.href;
    if (canonical) return canonical;
    const here = new URL(location.href);
    here.hash = "";
    const tracking = /^(utm_.+|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|mc_[ce]id|igshid|twclid|ttclid|yclid|li_fat_id|_hsenc|_hsmi|mkt_tok|_ga|_gl|srsltid)$/i;
    [...here.searchParams.keys()].filter((name) => tracking.test(name)).forEach((name) => here.searchParams.delete(name));
    return here.href;
  }
})();
