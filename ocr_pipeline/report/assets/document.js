// Document page: the values of each backend, and their places on the page.
"use strict";
(() => {
  const source = document.getElementById("data");
  const data = JSON.parse(source.textContent);
  const viewer = window.ocrPipelineViewer(data);
  const pages = document.getElementById("pages");
  const details = document.getElementById("details");
  const idle = details.firstElementChild;

  // Confidences are in a file beside the pages, because one label changes those of all documents.
  for (const [key, text] of Object.entries(window.ocrPipelineConfidences?.[source.dataset.document] ?? {})) {
    const list = document.getElementById(`detail-${key}`)?.querySelector("dl");
    if (!list) continue;
    const [name, value] = ["dt", "dd"].map((tag) => document.createElement(tag));
    [name.textContent, value.textContent] = ["Confidence", text];
    for (const element of [name, value]) list.insertBefore(element, list.querySelector("[data-place]"));
  }

  function choose(key, { write = true } = {}) {
    const place = data.boxes[key];
    const button = document.querySelector(`[data-cell="${CSS.escape(key)}"]`);
    if (!place || !button) return;
    for (const pressed of document.querySelectorAll("[data-cell][aria-pressed=true]")) pressed.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", "true");
    if (place.engine && place.engine !== viewer.engine && data.engines[place.engine] && viewer.engine !== null) viewer.showWords(place.engine);
    viewer.mark(place.box, place.label);
    details.replaceChildren(document.getElementById(`detail-${key}`)?.cloneNode(true) ?? idle);
    if (write) location.hash = encodeURIComponent(key);
  }

  for (const button of document.querySelectorAll("[data-cell]")) button.addEventListener("click", () => choose(button.dataset.cell));
  for (const button of document.querySelectorAll("[data-box]")) button.addEventListener("click", () => viewer.mark(JSON.parse(button.dataset.box), JSON.parse(button.dataset.label ?? "null")));

  function fromHash() {
    const key = decodeURIComponent(location.hash.slice(1));
    if (key && document.querySelector(`[data-cell="${CSS.escape(key)}"]`)?.getAttribute("aria-pressed") !== "true") choose(key, { write: false });
  }

  // ---- keyboard ----
  const help = document.getElementById("help");
  document.getElementById("help-button").addEventListener("click", () => help.showModal());

  function step(by) {
    const incorrect = [...document.querySelectorAll(".fields td.wrong button, .fields td.missing button, .fields td.spurious button")];
    if (!incorrect.length) return;
    const at = incorrect.findIndex((button) => button.getAttribute("aria-pressed") === "true");
    const next = incorrect[at < 0 ? (by > 0 ? 0 : incorrect.length - 1) : (at + by + incorrect.length) % incorrect.length];
    next.focus();
    choose(next.dataset.cell);
  }

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const onPages = event.target === pages;
    const action = {
      j: () => step(1),
      k: () => step(-1),
      n: () => document.getElementById("next")?.click(),
      p: () => document.getElementById("previous")?.click(),
      e: viewer.nextEngine,
      "+": viewer.larger,
      "-": viewer.smaller,
      0: viewer.fit,
      "?": () => help.showModal(),
      ArrowRight: () => onPages && viewer.step(1),
      ArrowLeft: () => onPages && viewer.step(-1),
    }[event.key];
    if (action && (!event.key.startsWith("Arrow") || onPages)) {
      event.preventDefault();
      action();
    }
  });

  addEventListener("hashchange", fromHash);
  fromHash();
})();
