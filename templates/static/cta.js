// Puts a call to action where its <script> stands:
//
//   <script async src="https://give.example.org/embed/cta.js" data-campaign="support"></script>
//
// It may be a module, and it may stand in <head>: then the appeal goes into the element with the attribute
// data-readerfund, or to the end of the article where there is none. What stands in such an element is for readers
// without JavaScript, or without us. Optional: data-campaign, data-format (inline, banner, button, goal or form),
// data-lang, data-currency, data-article (default: the page's canonical address), data-id, data-section, data-author,
// data-tags, data-consent.
//
// It speaks to the address it came from and to nobody else. The appeal lives in a shadow root, so that neither page nor
// appeal changes the other's looks, and comes only where nothing that is in sight moves: below or above the window, or
// where the page keeps room for it. It tells the page of what happens by events on document: readerfund:shown,
// readerfund:clicked and readerfund:given.
(() => {
  "use strict";
  const page = (window[Symbol.for("readerfund")] ??= newPage()); // what all our scripts on it share
  const standIn = '{{say "cta.stand_in"}}'; // by language; the service puts it in here, for it may be away when it is needed
  comeBack();
  const own = document.currentScript; // a module has none
  const isOurs = (s) => /\/embed\/cta\.js$/.test(new URL(s.src).pathname);
  for (const script of own ? [own] : [...document.querySelectorAll("script[src]")].filter(isOurs)) {
    if (page.taken.has(script)) continue;
    page.taken.add(script);
    if (script.closest("head") && document.readyState === "loading") addEventListener("DOMContentLoaded", () => begin(script));
    else begin(script);
  }

  function newPage() {
    addEventListener("message", fitFrame);
    return {
      taken: new Set(), // scripts and elements that have an appeal
      asking: new Set(), // appeals that go when the reader wants no more of them
      frames: new Set(), // those in appeals, which document.querySelectorAll does not find
      origins: new Set(), // of services like ours
    };
  }

  // comeBack reads from the address that the reader comes back from giving, or from PayPal without a gift.
  function comeBack() {
    const [, not, campaign] = /^#readerfund-(not-)?given=([\w-]+)$/.exec(location.hash) ?? [];
    if (!campaign) return;
    page[not ? "notGiven" : "given"] = true;
    history.replaceState(history.state, "", location.pathname + location.search);
    if (not) return;
    const given = () => setTimeout(tell, 0, "given", { campaign });
    if (document.readyState === "complete") given();
    else addEventListener("load", given);
  }

  function begin(script) {
    const data = script.dataset, base = script.src.replace(/\/embed\/cta\.js.*/, "");
    page.origins.add(new URL(base).origin);
    const host = document.createElement("div");
    const spot = place(script, host);
    const came = cameFrom(data);
    const followed = followLinks(base, came);
    appeal({ data, base, host, spot, came, followed }).catch(async (error) => {
      console.info(`Readerfund: a link stands in for the appeal, because ${error.message}.`);
      if (spot?.childElementCount > 1) return leave(host, spot); // the page's own
      const link = document.createElement("a");
      link.href = `${base}/${data.campaign ? `support/${encodeURIComponent(data.campaign)}` : ""}?${new URLSearchParams(came)}`;
      link.target = "_top";
      const lang = pageLanguage(data).split("-")[0].toLowerCase();
      link.lang = lang in standIn ? lang : "en";
      link.textContent = standIn[link.lang];
      await still(host, () => endsPage(host));
      host.style.cssText = "";
      host.shadowRoot.replaceChildren(link);
    });
  }

  function leave(host, spot) {
    host.remove();
    release(spot);
  }

  // release gives back room that was kept for an appeal and is not needed, once nobody sees it go.
  async function release(spot) {
    if (!spot) return;
    await still(spot);
    spot.style.minHeight = 0;
  }

  // place puts the host where the appeal belongs, and gives the element that the page has for it, if it has one.
  function place(script, host) {
    const marked = script.closest("head") || !own ? [...document.querySelectorAll("[data-readerfund]")]
      : [script.previousElementSibling].filter((e) => e?.matches("[data-readerfund]"));
    const spot = marked.find((e) => !page.taken.has(e));
    host.attachShadow({ mode: "open" });
    if (spot) {
      page.taken.add(spot);
      spot.append(host);
    } else if (!script.closest("head")) script.after(host);
    else {
      const end = ["main article", "article", "main", "body"].map((s) => document.querySelector(s)).find(Boolean);
      end.append(host);
      console.info(`Readerfund: the script stands in <head>, so the appeal was put at the end of <${end.localName}>. ` +
        "Put <div data-readerfund></div> where you want it.");
    }
    return spot;
  }

  function pageLanguage(data) {
    return data.lang || document.documentElement.lang;
  }

  async function appeal({ data, base, host, spot, came, followed }) {
    const { campaign = "", format = "", currency = "", consent = "" } = data;
    const lang = pageLanguage(data);
    const tags = data.tags ?? [...document.querySelectorAll("meta[property='article:tag']")].map((m) => m.content).join();
    let shown = { campaign, format, variant: "", base, article: came.article };
    // Where nobody can be asked what this reader should see, it is what the page names.
    const chooser = await import(`${base}/embed/choose.js`).catch(() => null);
    if (chooser) {
      const wants = { base, campaign, format, lang, tags, consent, gave: page.given, notGiven: page.notGiven, ...came };
      const chosen = await chooser.choose(wants).catch(() => shown);
      if (!chosen) return leave(host, spot);
      shown = chosen;
    }
    followed(shown);
    const note = (kind) => chooser?.note(kind, shown);
    if (shown.holdout) return release(spot), watch(host, () => note("view"));

    const holder = await fragment(base, shown, { lang, currency });
    if (!holder) return leave(host, spot); // nothing is to be shown now
    const box = holder.querySelector("[data-rf-shown]");
    shown.format = box.dataset.rfShown;
    fill(holder, { ...came, format: shown.format, variant: shown.variant });
    if (chooser) offerAnswers(holder, chooser, shown.format);
    if (shown.asks) page.asking.add(host);
    listen(host, holder, box, shown, note);
    // A script that comes by innerHTML does not run. This one minds the form.
    const minder = holder.querySelector("script");
    minder?.remove();
    await dress(host, holder);
    if (minder) import(minder.src).then(({ guard }) => guard(holder.querySelector("form")), () => {}); // works without
    if (shown.format !== "banner") await arrival(host, holder, spot, box);
    if (!host.isConnected) return; // the reader wants no more of them
    spot?.replaceChildren(host);
    // Its margins move nothing around it, and a banner has no place in the text at all.
    host.style.cssText = shown.format === "banner" ? "display: contents" : "display: flow-root";
    holder.style.cssText = "";
    release(spot);
    watch(box, () => (note("view"), tell("shown", shown)));
  }

  // fragment fetches the appeal, which is the same on every article.
  async function fragment(base, shown, { lang, currency }) {
    const query = new URLSearchParams({ origin: location.origin });
    for (const [name, value] of Object.entries({ format: shown.format, variant: shown.variant, lang, currency })) {
      if (value) query.set(name, value);
    }
    const named = shown.campaign && `/${encodeURIComponent(shown.campaign)}`; // else the service chooses
    const answer = await fetch(`${base}/embed${named}?${query}`, { credentials: "omit" });
    if (answer.status === 204) return null;
    if (answer.status === 404) throw new Error(`data-campaign="${shown.campaign}" names no campaign at ${base}`);
    if (!answer.ok) throw new Error(`${base} answers ${answer.status}`);
    const holder = document.createElement("div");
    holder.innerHTML = safe(await answer.text());
    return holder;
  }

  // dress puts the appeal into the page, unseen and without room, and waits for its styles, and for the height of a
  // frame. (What is clipped, unlike what is hidden, lets the margins of the paragraphs around it collapse.)
  function dress(host, holder) {
    const styles = [...holder.querySelectorAll("link")].map((l) => new Promise((done, failed) => {
      l.addEventListener("load", done);
      l.addEventListener("error", () => failed(new Error(`${l.href} does not come`)));
    }));
    const frame = holder.querySelector("iframe");
    const measured = frame && new Promise((done) => {
      page.frames.add(frame);
      frame.loading = "eager";
      setTimeout(done, 5000);
      addEventListener("message", ({ source }) => source === frame.contentWindow && done());
    });
    Object.assign(host.style, { position: "relative", height: 0, overflow: "clip" });
    Object.assign(holder.style, { position: "absolute", insetInline: 0, visibility: "hidden" });
    host.shadowRoot.replaceChildren(holder);
    return Promise.all([...styles, measured]);
  }

  // fitFrame makes a frame of ours as high as its document says: at once where the reader acts in it or does not see it
  // yet, else as soon as nothing in sight moves.
  async function fitFrame({ origin, source, data }) {
    if (!page.origins.has(origin) || data?.readerfund !== "height") return;
    const frame = [...document.querySelectorAll("iframe"), ...page.frames].find((f) => f.contentWindow === source);
    if (!frame) return;
    frame.dataset.rfHeight = data.height;
    const unseen = getComputedStyle(frame).visibility === "hidden";
    if (!unseen && frame.getRootNode().activeElement !== frame) await still(frame, () => endsPage(frame));
    frame.style.height = `${frame.dataset.rfHeight}px`;
  }

  // fill writes what led the reader here into the appeal, which is the same for every article.
  function fill(holder, came) {
    for (const e of holder.querySelectorAll("a[href*='/support/'], iframe")) {
      const at = e.href ? "href" : "src";
      e[at] = withSource(e[at], came);
    }
    const form = holder.querySelector("form");
    for (const [name, value] of form ? Object.entries(came) : []) {
      if (!value) continue;
      const field = form.elements.namedItem(name) ?? form.appendChild(document.createElement("input"));
      Object.assign(field, { type: "hidden", name, value });
    }
  }

  // withSource is an address of ours with what led the reader to it, as far as it does not say so itself.
  function withSource(address, came) {
    const url = new URL(address);
    for (const [name, value] of Object.entries(came)) {
      if (value && !url.searchParams.get(name)) url.searchParams.set(name, value);
    }
    return url.href;
  }

  // followLinks lets the page's own links to donation pages carry what led the reader there, at the moment they are
  // used, and the variant that the reader was given of their campaign, which may be none at all (a holdout).
  function followLinks(base, came) {
    let shown = {};
    const mark = ({ target }) => {
      const a = target.closest?.("a[href]");
      if (!a?.href.startsWith(base)) return;
      const donates = /^\/(?:support\/([\w-]+))?(?:[?#]|$)/.exec(a.href.slice(base.length));
      if (donates) a.href = withSource(a.href, donates[1] === shown.campaign ? { ...came, variant: shown.variant } : came);
    };
    for (const kind of ["click", "auxclick", "contextmenu"]) addEventListener(kind, mark, true);
    return (chosen) => (shown = chosen);
  }

  // offerAnswers shows what else the reader can say, once it can be kept. Until then its room is there, so that nothing
  // moves when the reader agrees.
  function offerAnswers(holder, chooser, format) {
    const offer = () => {
      for (const answers of holder.querySelectorAll(".rf-answers")) {
        answers.hidden = format === "banner" && !chooser.keeps();
        answers.style.visibility = chooser.keeps() ? "" : "hidden";
      }
    };
    offer();
    document.addEventListener("readerfund:consent", offer); // after choose.js, which listens since before
  }

  // listen tells of what the reader does, and notes it.
  function listen(host, holder, box, shown, note) {
    let clicked = false;
    const click = () => clicked || (clicked = true, note("click"), tell("clicked", shown));
    holder.addEventListener("submit", () => (click(), note("start")));
    holder.addEventListener("change", ({ target }) => target.dataset.rf === "close" && (note("close"), host.remove()));
    holder.addEventListener("click", ({ target }) => {
      if (target.closest("a[href*='/support/']")) click();
      const { rf, done } = target.closest("button")?.dataset ?? {};
      if (!done) return;
      note(rf);
      page.asking.forEach((other) => other === host || other.remove()); // the answer holds for all of them
      const words = Object.assign(document.createElement("p"), { className: "rf-done", role: "status", tabIndex: -1, textContent: done });
      box.replaceChildren(words);
      words.focus();
      if (shown.format === "banner") setTimeout(() => host.remove(), 5000);
    });
    for (const a of holder.querySelectorAll("a[href*='/embed/kept']")) a.href += `&back=${encodeURIComponent(location.href)}`;
  }

  // arrival waits until the appeal can come without moving what is in sight. Where it cannot, the page's own link opens
  // it, because then the reader asks for it.
  function arrival(host, holder, spot, box) {
    const hasRoom = () => spot?.offsetHeight >= holder.offsetHeight;
    const link = spot?.querySelector("a[href]");
    const opened = new Promise((open) => link?.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      open();
      box.tabIndex = -1;
      setTimeout(() => box.focus({ preventScroll: true }));
    }));
    setTimeout(() => host.offsetHeight || console.info("Readerfund: the appeal's place is in sight and has no room, so " +
      `it waits until the reader scrolls on. It needs [data-readerfund] { min-height: ${holder.offsetHeight}px } here.`), 3000);
    return Promise.race([still(host, () => endsPage(host) || hasRoom()), opened]);
  }

  // endsPage reports whether nothing that can be seen follows an element, and nothing will.
  function endsPage(element) {
    if (document.readyState === "loading") return false;
    for (let e = element; e && e !== document.body; e = e.parentElement) {
      for (let next = e.nextSibling; next; next = next.nextSibling) {
        if (next.nodeType === Node.TEXT_NODE ? next.data.trim() : next.getBoundingClientRect?.().height) return false;
      }
    }
    return true;
  }

  // still resolves when something may come, go or grow without moving what is in sight: while it is out of sight.
  // suffices is what else allows for it.
  function still(element, suffices = () => false) {
    const may = () => {
      const { top, bottom } = element.getBoundingClientRect();
      return document.hidden || top >= innerHeight || (bottom < 0 && CSS.supports("overflow-anchor", "auto")) || suffices();
    };
    const changes = ["visibilitychange", "readystatechange"];
    return new Promise((resolve) => {
      const look = () => {
        if (!may()) return;
        watcher.disconnect();
        for (const kind of changes) document.removeEventListener(kind, look);
        resolve();
      };
      const watcher = new IntersectionObserver(look);
      watcher.observe(element);
      for (const kind of changes) document.addEventListener(kind, look);
      look();
    });
  }

  // watch calls back once at least half of the box was in sight for a second.
  function watch(box, seen) {
    let timer;
    const watcher = new IntersectionObserver(([{ isIntersecting, intersectionRect: part, boundingClientRect: all }]) => {
      clearTimeout(timer);
      if (!isIntersecting || part.height < Math.min(all.height, innerHeight) / 2) return;
      timer = setTimeout(() => (watcher.disconnect(), seen()), 1000);
    }, { threshold: [0, 0.25, 0.5, 0.75, 1] });
    watcher.observe(box);
  }

  function tell(what, { campaign, variant, format }) {
    document.dispatchEvent(new CustomEvent(`readerfund:${what}`, { detail: { campaign, variant, format } }));
  }

  // safe allows our own HTML on pages that ask for trusted types, where a policy can be made once.
  function safe(html) {
    try {
      page.policy ??= window.trustedTypes?.createPolicy("readerfund", { createHTML: (text) => text });
    } catch {} // the page does not allow it
    return page.policy?.createHTML(html) ?? html;
  }

  // cameFrom is what is kept with a gift: which article led to it, and what led to the article.
  function cameFrom(data) {
    const meta = (name) => document.querySelector(`meta[property="${name}"], meta[name="${name}"]`)?.content ?? "";
    const came = {
      article: articleAddress(data.article), aid: data.id ?? "", section: data.section ?? meta("article:section"),
      author: data.author ?? meta("author"), referrer: "direct",
    };
    if (document.referrer) {
      const from = new URL(document.referrer).host;
      came.referrer = from === location.host ? "internal" : from;
    }
    const here = new URLSearchParams(location.search);
    for (const name of ["shared", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"]) {
      if (here.get(name)) came[name] = here.get(name);
    }
    return came;
  }

  // The article's address: as given, the canonical one, or the page's own without what only follows readers around.
  function articleAddress(given) {
    if (given && URL.canParse(given, document.baseURI)) return new URL(given, document.baseURI).href;
    if (given) console.info(`Readerfund: data-article="${given}" is no address; the page's own is taken.`);
    const canonical = document.querySelector("link[rel='canonical']")?.href;
    if (canonical) return canonical;
    const here = new URL(location.href);
    here.hash = "";
    const tracking = /^(utm_.+|shared|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|mc_[ce]id|igshid|twclid|ttclid|yclid|li_fat_id|_hsenc|_hsmi|mkt_tok|_ga|_gl|srsltid)$/i;
    [...here.searchParams.keys()].filter((name) => tracking.test(name)).forEach((name) => here.searchParams.delete(name));
    return here.href;
  }
})();
