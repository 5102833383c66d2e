// Light or dark theme: the system setting unless the user chose one. Loaded in the head to avoid a flash.
"use strict";
(() => {
  const root = document.documentElement;
  let chosen = null;
  try { chosen = localStorage.getItem("ocr-pipeline-theme"); } catch { /* storage may be unavailable for files */ }
  if (chosen) root.dataset.theme = chosen;
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("ocr-pipeline-theme", root.dataset.theme); } catch { /* applies to this page only */ }
    });
  });
})();
