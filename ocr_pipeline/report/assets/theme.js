// Light or dark: what the system says, until somebody chooses. Loaded in the head, so that no page flashes.
"use strict";
(() => {
  const root = document.documentElement;
  let chosen = null;
  try { chosen = localStorage.getItem("ocr-pipeline-theme"); } catch { /* opened from disk, storage can be closed */ }
  if (chosen) root.dataset.theme = chosen;
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("ocr-pipeline-theme", root.dataset.theme); } catch { /* it holds for this page */ }
    });
  });
})();
