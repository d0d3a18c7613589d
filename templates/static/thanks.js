// What a script adds to the thanks page: print, copy, and the browser's own way to share. The page works without it.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

const copy = document.querySelector("[data-copy]");
if (copy && navigator.clipboard) {
  const link = document.getElementById("share-link");
  const news = document.querySelector("[data-copied]");
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.value);
      news.textContent = news.dataset.copied;
    } catch {
      link.select(); // the reader's own keys copy it
    }
  });
}

const share = document.querySelector("[data-share]");
if (share && navigator.share) {
  share.hidden = false;
  share.addEventListener("click", () => {
    navigator.share({ text: share.dataset.text, url: share.dataset.share }).catch(() => {}); // closed without sharing
  });
}
