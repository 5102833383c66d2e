// Document page: words over the page image, and the place of each value.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const pages = document.getElementById("pages");
  const overlays = new Map();
  const status = document.getElementById("word");
  const details = document.getElementById("details");
  const idle = details.firstElementChild;
  const engines = Object.keys(data.engines);
  let engine = null;
  let zoom = 0; // 0: fit
  let words = [];
  let current = -1;

  for (const figure of pages.querySelectorAll("figure")) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 1 ${figure.dataset.ratio}`);
    svg.setAttribute("aria-hidden", "true");
    const marks = document.createElementNS(SVG, "g");
    const boxes = document.createElementNS(SVG, "g");
    svg.append(boxes, marks);
    figure.append(svg);
    overlays.set(Number(figure.dataset.page), { figure, svg, boxes, marks, ratio: Number(figure.dataset.ratio) });
  }

  function rectangle([page, left, top, right, bottom], kind) {
    const overlay = overlays.get(page);
    if (!overlay) return null;
    const rect = document.createElementNS(SVG, "rect");
    const values = { x: left, y: top * overlay.ratio, width: right - left, height: (bottom - top) * overlay.ratio };
    for (const [name, value] of Object.entries(values)) rect.setAttribute(name, value);
    rect.setAttribute("class", kind);
    return rect;
  }

  // ---- words ----
  function describe(index) {
    const [, , , , , text, confidence] = words[index];
    for (const { boxes } of overlays.values()) for (const box of boxes.querySelectorAll(".now")) box.classList.remove("now");
    words[index].rect.classList.add("now");
    current = index;
    status.textContent = `${engine}: “${text}”` + (confidence === null ? "" : `, confidence ${confidence.toFixed(3)}`);
  }

  function showWords(name) {
    engine = name;
    words = name ? data.engines[name].slice() : [];
    current = -1;
    for (const { boxes } of overlays.values()) boxes.replaceChildren();
    words.forEach((word, index) => {
      const rect = rectangle(word, "word");
      if (!rect) return;
      word.rect = rect;
      if (word[6] !== null && word[6] < 0.8) rect.classList.add("unsure");
      rect.addEventListener("pointerenter", () => describe(index));
      overlays.get(word[0]).boxes.append(rect);
    });
    words = words.filter((word) => word.rect);
    status.textContent = name ? `${words.length} words of ${name}. Hover over one, or use the arrow keys.` : "Words are hidden.";
    for (const button of document.querySelectorAll("#engines button")) button.setAttribute("aria-pressed", String(button.value === (name || "")));
  }

  for (const name of [...engines, ""]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.value = name;
    button.textContent = name || "no words";
    button.addEventListener("click", () => showWords(name || null));
    document.getElementById("engines").append(button);
  }

  // ---- the place of a value ----
  function mark(box, labelBox) {
    for (const { marks } of overlays.values()) marks.replaceChildren();
    let target = null;
    for (const [place, kind] of [[labelBox, "truth"], [box, "value"]]) {
      const rect = place && rectangle(place, kind);
      if (rect) {
        overlays.get(place[0]).marks.append(rect);
        target = rect;
      }
    }
    if (target) target.scrollIntoView({ block: "center", inline: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  function choose(key, { write = true } = {}) {
    const place = data.boxes[key];
    const button = document.querySelector(`[data-cell="${CSS.escape(key)}"]`);
    if (!place || !button) return;
    for (const pressed of document.querySelectorAll("[data-cell][aria-pressed=true]")) pressed.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", "true");
    if (place.engine && place.engine !== engine && data.engines[place.engine] && engine !== null) showWords(place.engine);
    mark(place.box, place.label);
    details.replaceChildren(document.getElementById(`detail-${key}`)?.cloneNode(true) ?? idle);
    if (write) location.hash = encodeURIComponent(key);
  }

  for (const button of document.querySelectorAll("[data-cell]")) button.addEventListener("click", () => choose(button.dataset.cell));
  for (const button of document.querySelectorAll("[data-box]")) button.addEventListener("click", () => mark(JSON.parse(button.dataset.box), null));

  function fromHash() {
    const key = decodeURIComponent(location.hash.slice(1));
    if (key && document.querySelector(`[data-cell="${CSS.escape(key)}"]`)?.getAttribute("aria-pressed") !== "true") choose(key, { write: false });
  }

  // ---- zoom ----
  function setZoom(value) {
    zoom = value && Math.min(4, Math.max(0.5, value));
    for (const { figure } of overlays.values()) figure.style.width = zoom ? `${100 * zoom}%` : "";
    document.getElementById("zoom").textContent = zoom ? `${Math.round(100 * zoom)} %` : "fit";
  }
  document.getElementById("in").addEventListener("click", () => setZoom((zoom || 1) * 1.25));
  document.getElementById("out").addEventListener("click", () => setZoom((zoom || 1) / 1.25));
  document.getElementById("fit").addEventListener("click", () => setZoom(0));

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

  function word(by) {
    if (!words.length) return;
    describe((current + by + words.length) % words.length);
    words[current].rect.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const onPages = event.target === pages;
    const action = {
      j: () => step(1),
      k: () => step(-1),
      n: () => document.getElementById("next")?.click(),
      p: () => document.getElementById("previous")?.click(),
      e: () => showWords([...engines, null][([...engines, null].indexOf(engine) + 1) % (engines.length + 1)]),
      "+": () => setZoom((zoom || 1) * 1.25),
      "-": () => setZoom((zoom || 1) / 1.25),
      0: () => setZoom(0),
      "?": () => help.showModal(),
      ArrowRight: () => onPages && word(1),
      ArrowLeft: () => onPages && word(-1),
    }[event.key];
    if (action && (!event.key.startsWith("Arrow") || onPages)) {
      event.preventDefault();
      action();
    }
  });

  addEventListener("hashchange", fromHash);
  showWords(engines[0] ?? null);
  fromHash();
})();
