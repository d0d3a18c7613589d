// Gives the frame of a preview the height that the appeal in it asks for, as cta.js does on an article.
addEventListener("message", ({ source, data }) => {
  if (data?.readerfund !== "height" || !(data.height > 0)) return;
  for (const frame of document.querySelectorAll(".appeal-frame")) {
    if (frame.contentWindow === source) frame.height = Math.ceil(data.height);
  }
});
