// Document list. Filters are kept in the URL fragment, so that a view can be bookmarked and shared.
"use strict";
(() => {
  const data = JSON.parse(window.ocrPipelineDocuments);
  const SIZE = 100;
  const form = document.getElementById("filters");
  const body = document.querySelector("#list tbody");
  const signs = { correct: "✓", wrong: "✗", missing: "∅", spurious: "+" };
  const options = {
    dataset: [...new Set(data.documents.map((listed) => listed.dataset))],
    backend: data.backends,
    field: data.fields,
    outcome: ["not correct", ...data.outcomes],
    source: data.sources,
    attribution: data.attributions,
  };

  for (const [name, values] of Object.entries(options)) {
    const select = form.elements[name];
    select.add(new Option("all", ""));
    for (const value of values) select.add(new Option(value.replaceAll("_", " "), value));
  }

  function state() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    return Object.fromEntries(["dataset", "backend", "field", "outcome", "source", "attribution", "name", "page"].map((name) => [name, parameters.get(name) || ""]));
  }

  function write(changes) {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...state(), ...changes })) if (value) parameters.set(name, value);
    location.hash = parameters.toString();
  }

  // The outcomes of a document that match the filters.
  function matching(listed, filter) {
    return listed.outcomes.filter(([backend, field, outcome, attribution]) =>
      (!filter.backend || data.backends[backend] === filter.backend) &&
      (!filter.field || data.fields[field] === filter.field) &&
      (!filter.attribution || data.attributions[attribution] === filter.attribution) &&
      (!filter.outcome || (filter.outcome === "not correct" ? outcome !== 0 : data.outcomes[outcome] === filter.outcome)));
  }

  // Whether a backend (or the chosen one) read a value of the document from the chosen source.
  function isReadFrom(listed, filter) {
    return !filter.source || listed.sources.some(([backend, source]) =>
      data.sources[source] === filter.source && (!filter.backend || data.backends[backend] === filter.backend));
  }

  function element(name, text, attributes = {}) {
    const created = document.createElement(name);
    created.textContent = text;
    for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
    return created;
  }

  function row(listed, hits, filter) {
    const line = document.createElement("tr");
    const name = element("th", "", { scope: "row" });
    const first = hits.find(([, , outcome]) => outcome !== 0) || hits[0];
    const anchor = first && (filter.backend || filter.field || filter.outcome || filter.attribution)
      ? `#${data.fields[first[1]]}@${data.backends[first[0]]}` : "";
    name.append(element("a", listed.id, { href: `documents/${encodeURIComponent(listed.id)}.html${anchor}` }));
    const outcomes = element("td", listed.labelled ? "" : "no label");
    if (listed.status === "failed") outcomes.append(element("span", "cannot be opened ", { class: "chip" }));
    const counts = data.outcomes.map((outcome, index) => [outcome, hits.filter((hit) => hit[2] === index).length]);
    for (const [outcome, count] of counts) {
      if (count) {
        const chip = element("span", "", { class: `outcome ${outcome}`, title: `${count} ${outcome}` });
        chip.append(element("span", signs[outcome], { "aria-hidden": "true" }), ` ${count}`, element("span", ` ${outcome} `, { class: "hidden" }));
        outcomes.append(chip);
      }
    }
    line.append(name, element("td", listed.dataset), element("td", listed.pages ?? "", { class: "number" }), outcomes);
    return line;
  }

  function show() {
    const filter = state();
    for (const name of [...Object.keys(options), "name"]) {
      if (form.elements[name].value !== filter[name]) form.elements[name].value = filter[name];
    }
    const filtered = filter.backend || filter.field || filter.outcome || filter.attribution;
    const matches = [];
    for (const listed of data.documents) {
      if (filter.dataset && listed.dataset !== filter.dataset) continue;
      if (!isReadFrom(listed, filter)) continue;
      if (filter.name && !listed.id.includes(filter.name.toLowerCase())) continue;
      const hits = matching(listed, filter);
      if (!filtered || hits.length) matches.push([listed, hits]);
    }
    const pages = Math.max(1, Math.ceil(matches.length / SIZE));
    const page = Math.min(Math.max(1, Number(filter.page) || 1), pages);
    body.replaceChildren(...matches.slice((page - 1) * SIZE, page * SIZE).map(([listed, hits]) => row(listed, hits, filter)));
    document.getElementById("count").textContent = `${matches.length} of ${data.documents.length} documents`;
    document.getElementById("where").textContent = `Page ${page} of ${pages}`;
    document.getElementById("previous").disabled = page === 1;
    document.getElementById("next").disabled = page === pages;
    document.getElementById("previous").onclick = () => write({ page: page - 1 > 1 ? page - 1 : "" });
    document.getElementById("next").onclick = () => write({ page: page + 1 });
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => write({ [event.target.name]: event.target.value, page: "" }));
  form.addEventListener("reset", () => { location.hash = ""; });
  addEventListener("hashchange", show);
  show();
})();
