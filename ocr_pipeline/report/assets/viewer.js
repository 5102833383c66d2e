// Pages with an overlay: words of an engine, marked places, zoom. Used by the document page and the label page.
//   data.pages, data.engines: as in `DocumentPage.viewer`; boxes are [page, left, top, right, bottom], 0..1.
"use strict";
window.ocrPipelineViewer = (data) => {
  const SVG = "http://www.w3.org/2000/svg";
  const overlays = new Map();
  const status = document.getElementById("word");
  const engines = Object.keys(data.engines);
  const viewer = { engine: null, engines, words: [], current: -1, overlays };
  let zoom = 0; // 0: fit

  for (const figure of document.querySelectorAll("#pages figure")) {
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
    const [, , , , , text, confidence] = viewer.words[index];
    viewer.words[viewer.current]?.rect.classList.remove("now");
    viewer.words[index].rect.classList.add("now");
    viewer.current = index;
    status.textContent = `${viewer.engine}: “${text}”` + (confidence === null ? "" : `, confidence ${confidence.toFixed(3)}`);
  }

  function showWords(name) {
    viewer.engine = name;
    viewer.current = -1;
    for (const { boxes } of overlays.values()) boxes.replaceChildren();
    const words = name ? data.engines[name].map((word) => word.slice()) : [];
    viewer.words = words.filter((word) => (word.rect = rectangle(word, "word")) !== null);
    viewer.words.forEach((word, index) => {
      if (word[6] !== null && word[6] < 0.8) word.rect.classList.add("unsure");
      word.rect.addEventListener("pointerenter", () => describe(index));
      overlays.get(word[0]).boxes.append(word.rect);
    });
    status.textContent = name ? `${viewer.words.length} words of ${name}. Hover over one, or use the arrow keys.` : "Words are hidden.";
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

  function step(by) {
    if (!viewer.words.length) return;
    describe((viewer.current + by + viewer.words.length) % viewer.words.length);
    viewer.words[viewer.current].rect.scrollIntoView({ block: "nearest", inline: "nearest" });
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

  // ---- zoom ----
  function setZoom(value) {
    zoom = value && Math.min(4, Math.max(0.5, value));
    for (const { figure } of overlays.values()) figure.style.width = zoom ? `${100 * zoom}%` : "";
    document.getElementById("zoom").textContent = zoom ? `${Math.round(100 * zoom)} %` : "fit";
  }
  const larger = () => setZoom((zoom || 1) * 1.25);
  const smaller = () => setZoom((zoom || 1) / 1.25);
  const fit = () => setZoom(0);
  for (const [id, action] of [["in", larger], ["out", smaller], ["fit", fit]]) document.getElementById(id).addEventListener("click", action);

  const nextEngine = () => showWords([...engines, null][([...engines, null].indexOf(viewer.engine) + 1) % (engines.length + 1)]);
  showWords(engines[0] ?? null);
  return Object.assign(viewer, { rectangle, describe, showWords, nextEngine, step, mark, larger, smaller, fit });
};
