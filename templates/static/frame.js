// Tells the page around the frame how high the appeal in it is, so that it needs no scroll bar. Pages that have our cta.js
// listen; for the others the frame keeps its height.

if (parent !== window) {
  const tell = () => parent.postMessage({ readerfund: "height", height: Math.ceil(document.documentElement.getBoundingClientRect().height) }, "*");
  new ResizeObserver(tell).observe(document.documentElement);
  tell();
}
