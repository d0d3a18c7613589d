// Minds an appeal in a frame on another site's page.

if (parent !== window) {
  // It tells the page how high it is, so that it needs no scroll bar. Pages that have our cta.js listen; for the others
  // the frame keeps its height.
  const tell = () => parent.postMessage({ readerfund: "height", height: Math.ceil(document.documentElement.getBoundingClientRect().height) }, "*");
  new ResizeObserver(tell).observe(document.documentElement);
  tell();

  // Where nobody said which article it stands on, the referrer does, if the page's policy lets it.
  const field = document.querySelector("form [name=article]");
  if (field && !field.value) field.value = document.referrer;
  for (const a of document.querySelectorAll("a[href*='/support/']")) {
    const address = new URL(a.href);
    if (!address.searchParams.get("article") && document.referrer) address.searchParams.set("article", document.referrer);
    a.href = address.href;
  }
}
