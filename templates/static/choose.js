// Chooses the appeal that this reader sees on this page, and keeps what has to be remembered for it.
//
// The service says which campaigns may stand on this article, in order, each with its rules about the reader
// (GET /embed/choice, the same answer for everybody). Whether a reader fits is decided here. What is kept about the
// reader stays in this browser, in localStorage of the publication's own site under the key "readerfund"; it is sent to
// nobody. Where the publication asks its readers first, nothing is kept or read before they agreed: then all lasts
// until the page is left.
//
// internal/choice decides the same for the page on which staff ask why an appeal was (not) shown; the cases in
// internal/choice/testdata/cases.json run in both.

const KEY = "readerfund";
const ANSWERS = ["gave", "start", "said", "close", "later"]; // after which the reader is left in peace for a time
const COUNTED = ["view", "click", "close", "optout"];
const CAPS = [["per_day", "day"], ["per_week", "week"], ["in_all", "all"]];

let offered; // the service's last answer
let consent = ""; // what the page said of it: "granted", "denied" or nothing
let works = false; // something may be kept in this browser, and it does keep it
let leaving = false; // for the page that says what is kept
let record = {}; // what is known of the reader
const read = new Set(); // addresses of this page's articles that are counted

if (globalThis.document) {
  document.addEventListener("readerfund:consent", (event) => agree(event.detail?.granted === true));
  addEventListener("hashchange", forgetIfAsked);
  forgetIfAsked();
}

// choose resolves to {campaign, variant, format, holdout, asks}, or to null where nothing is to be shown. With holdout, the
// reader is one of those who are shown nothing, to compare with: draw nothing, but note("view", …). asks is true of a
// format that speaks to readers who did not look for it.
//
// page: {base, campaign, format, article, section, author, tags, lang, consent, gave, notGiven}. consent is "granted",
// "denied" or empty, where the publication's setting holds; gave is true where the reader comes back from giving, and
// notGiven where they come back from PayPal without. It rejects where the service does not answer.
export async function choose(page) {
  const query = new URLSearchParams({ origin: location.origin }); // who may read the answer, for caches
  for (const name of ["campaign", "format", "article", "section", "author", "tags", "lang"]) {
    if (page[name]?.length) query.set(name, String(page[name]));
  }
  const answer = await fetch(`${page.base}/embed/choice?${query}`, { credentials: "omit" });
  if (!answer.ok) throw new Error(`${page.base} answers ${answer.status}`);
  offered = await answer.json();
  if (leaving) return null;
  consent ||= ["granted", "denied"].includes(page.consent) ? page.consent : "";
  begin();
  change((day) => {
    if (page.gave) record.gave = day;
    if (page.notGiven) delete record.start;
    count(page.article ?? location.href, day);
  });
  const shown = decide(offered, describe(today()));
  return shown && { ...shown, asks: offered.asking.includes(shown.format), base: page.base, article: page.article };
}

// note keeps what became of an appeal, and counts it at the service without naming anybody. shown is what choose
// resolved to. kind: view, click, start (the form was sent to PayPal), close, later ("remind me later"), said ("I
// already gave"), gave (we know it) or optout ("do not ask me again").
export function note(kind, shown) {
  const kinds = [kind];
  change((day) => {
    if (kind === "view" && !see(shown.campaign, day)) kinds.unshift("first");
    if (kind === "optout") record.optout = true;
    if (ANSWERS.includes(kind)) record[kind] = day;
  });
  if (!COUNTED.includes(kind)) return;
  const { campaign: c, variant: v, format: f, article: a = "" } = shown;
  navigator.sendBeacon(`${shown.base}/embed/counts`, JSON.stringify(kinds.map((k) => ({ k, c, v, f, a }))));
}

// keeps reports whether the browser remembers what is noted.
export const keeps = () => works;

// forget removes all that is kept.
export function forget() {
  record = {};
  remove();
}

function remove() {
  try {
    localStorage.removeItem(KEY);
  } catch {} // there was none
}

// agree is the reader's answer to the publication's question whether something may be kept.
export function agree(granted) {
  consent = granted ? "granted" : "denied";
  if (offered) begin();
}

// decide is the choice itself: of the candidates in their order, the first that fits the reader.
export function decide({ candidates, asking, rests }, reader) {
  const resting = reader.optout || ANSWERS.some((kind) => reader.ago?.[kind] < rests[kind]);
  for (const c of candidates) {
    const asks = asking.includes(c.format);
    const seen = reader.seen?.[c.campaign];
    if (asks && (resting || CAPS.some(([cap, times]) => c.caps?.[cap] && seen?.[times] >= c.caps[cap]))) continue;
    if (!(c.rules ?? []).every((rule) => holds(rule, reader, rests))) continue;
    const variant = assign(reader.id, c.campaign, c.variants ?? [], c.holdout ?? 0);
    return { campaign: c.campaign, variant, format: c.format, holdout: variant === "holdout" };
  }
  return null;
}

// assign is the variant that a reader sees: see Assign in internal/choice/assign.go.
export function assign(reader, campaign, variants, holdout) {
  const below = (purpose, n) => Math.floor((hash(`${reader} ${campaign} ${purpose}`) * n) / 2 ** 32);
  if (below("holdout", 100) < holdout) return "holdout";
  const weight = (v) => Math.max(v.weight, 0);
  let at = below("variant", variants.reduce((all, v) => all + weight(v), 0));
  for (const v of variants) {
    if (at < weight(v)) return v.name;
    at -= weight(v);
  }
  return variants[0]?.name ?? "";
}

function hash(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

// holds reports whether a rule about the reader does. What is not known holds nowhere, not even where the rule is
// reversed, except for "unknown" as an answer to whether the reader has given.
function holds(rule, reader, rests) {
  if (rule.kind === "articles") {
    const n = reader.articles;
    return reader.known && (n >= (rule.least ?? 0) && n <= (rule.most || Infinity)) !== Boolean(rule.not);
  }
  const is = {
    device: reader.device,
    reader: reader.known ? (reader.returning ? "returning" : "new") : "",
    given: given(reader, rests),
  }[rule.kind];
  if (!is || (is === "unknown" && rule.not)) return false;
  return (rule.values ?? []).includes(is) !== Boolean(rule.not);
}

// given: someone who went to PayPal, and of whom nothing was heard since, may have given.
function given({ ago, known }, rests) {
  if (ago?.gave !== undefined || ago?.said !== undefined) return "yes";
  return known && !(ago?.start < rests.start) ? "no" : "unknown";
}

// describe is the reader as the rules know one.
function describe(day) {
  const ago = {};
  for (const kind of ANSWERS) if (kind in record) ago[kind] = day - record[kind];
  const seen = {};
  for (const [slug, { all, days }] of Object.entries(record.seen ?? {})) {
    seen[slug] = { day: sum(days, day - 1), week: sum(days, day - 7), all };
  }
  const { id, first, articles, optout } = record;
  return { id, known: works, returning: first < day, articles: sum(articles, day - 30), device: device(), ago, optout, seen };
}

// device goes by the window, because a phone's page is what fits into it.
const device = () => (innerWidth < 600 ? "phone" : innerWidth < 1024 ? "tablet" : "computer");

// today is the number of the day, in UTC: nothing finer is kept.
const today = () => Math.floor(Date.now() / 864e5);

const sum = (days, after) => Object.entries(days ?? {}).reduce((all, [day, n]) => all + (day > after ? n : 0), 0);

// begin decides whether something may be kept, and reads what is. What this page noted until then goes along.
function begin() {
  if (consent === "denied") {
    if (works) record = {}; // it was read from what is kept
    remove();
  }
  const may = consent === "granted" || (consent === "" && !offered.consent);
  if (may && !works) {
    const kept = load();
    works = kept !== null;
    if (kept?.id) record = kept;
  } else if (!may) works = false;
  change(() => {});
}

// change alters what is known, and keeps it. Another tab may have kept something since it was read.
function change(alter) {
  const day = today();
  if (works) {
    const kept = load();
    if (kept?.id) record = kept;
  }
  record.id ??= random();
  record.first ??= day;
  alter(day);
  if (!works) return;
  record.last = day;
  try {
    localStorage.setItem(KEY, JSON.stringify(record));
  } catch {
    works = false; // all lasts until the page is left
  }
}

// load reads what is kept; null where the browser keeps nothing.
function load() {
  let text;
  try {
    text = localStorage.getItem(KEY);
  } catch {
    return null;
  }
  try {
    return clean(JSON.parse(text), today());
  } catch {
    return {}; // somebody else wrote it
  }
}

// clean takes over what can be used of what was kept, and leaves out what is older than it is needed.
function clean(raw, day) {
  const own = {};
  if (typeof raw?.id !== "string" || !/^[0-9a-f]{32}$/.test(raw.id) || !(day - raw.last < YEAR)) return own;
  const past = (d) => Number.isInteger(d) && d <= day;
  const recent = (days, within) => {
    const all = Object.entries(days ?? {}).map(([d, n]) => [Number(d), n]);
    return Object.fromEntries(all.filter(([d, n]) => past(d) && d > day - within && Number.isInteger(n) && n > 0));
  };
  own.id = raw.id;
  own.first = past(raw.first) ? raw.first : day;
  own.articles = recent(raw.articles, 30);
  own.seen = {};
  for (const [slug, s] of Object.entries(raw.seen ?? {}).slice(-20)) {
    own.seen[slug] = { all: Number.isInteger(s?.all) ? s.all : 0, days: recent(s?.days, 7) };
  }
  for (const kind of ANSWERS) {
    const needed = kind === "gave" || kind === "said" ? YEAR : offered.rests[kind]; // rules may ask whether somebody gave
    if (past(raw[kind]) && day - raw[kind] < needed) own[kind] = raw[kind];
  }
  if (raw.optout === true) own.optout = true;
  return own;
}

const YEAR = 365; // days

// count counts an article once for each time that its page is opened.
function count(article, day) {
  if (read.has(article)) return;
  read.add(article);
  record.articles = { ...record.articles, [day]: (record.articles?.[day] ?? 0) + 1 };
}

// see counts a view of a campaign, and reports whether it was seen before. The one seen last comes last, so that the
// oldest of many are left out.
function see(slug, day) {
  const { [slug]: s, ...others } = record.seen ?? {};
  record.seen = { ...others, [slug]: { all: (s?.all ?? 0) + 1, days: { ...s?.days, [day]: (s?.days[day] ?? 0) + 1 } } };
  return s !== undefined;
}

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

// forgetIfAsked removes what is kept when the page that says what it is sends a reader here, and goes back to that
// page.
function forgetIfAsked() {
  if (location.hash !== "#readerfund-forget") return;
  leaving = true;
  works = false;
  forget();
  history.replaceState(history.state, "", location.pathname + location.search);
  const query = new URLSearchParams({ removed: 1, back: location.href });
  if (document.documentElement.lang) query.set("lang", document.documentElement.lang);
  location.assign(`${new URL(import.meta.url).origin}/embed/kept?${query}`);
}
