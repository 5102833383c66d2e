// Document list. Filters and order are kept in the URL fragment, so that a view can be bookmarked and shared.
"use strict";
(() => {
  const data = JSON.parse(window.ocrPipelineDocuments);
  const SIZE = 100;
  const form = document.getElementById("filters");
  const body = document.querySelector("#list tbody");
  const signs = { correct: "✓", wrong: "✗", missing: "∅", spurious: "+" };
  const sums = { agree: ["✓", "adds up"], differ: ["✗", "does not add up"], unknown: ["–", "cannot be checked"] };
  const only = {
    "no label": (listed) => !listed.labelled,
    labelled: (listed) => listed.labelled,
    disagreement: (listed) => listed.disputed.length > 0,
    "sum does not add up": (listed) => listed.sums === "differ",
  };
  const options = {
    dataset: [...new Set(data.documents.map((listed) => listed.dataset))],
    backend: data.backends,
    field: data.fields,
    outcome: ["not correct", ...data.outcomes],
    source: data.sources,
    attribution: data.attributions,
    only: Object.keys(only),
  };
  const total = data.shown.findIndex((field) => data.fields[field] === "total_amount");
  // The columns that can be sorted: key in the address, heading, value to sort by.
  const columns = [
    ["id", "Document", (listed) => listed.id],
    ["dataset", "Data set", (listed) => listed.dataset],
    ["pages", "Pages", (listed) => listed.pages],
    ...data.shown.map((field, index) => [data.fields[field], titled(data.fields[field]), (listed) => value(listed, index)]),
    ["sum", "Sum", (listed) => Object.keys(sums).indexOf(listed.sums)],
    ["agreement", "Agreement", (listed) => listed.agreement],
    ["confidence", "Confidence", (listed) => listed.confidence],
    ["outcomes", "Outcomes", (listed, hits) => -hits.filter((hit) => hit[2] !== 0).length],
  ];

  for (const [name, values] of Object.entries(options)) {
    const select = form.elements[name];
    select.add(new Option("all", ""));
    for (const entry of values) select.add(new Option(entry.replaceAll("_", " "), entry));
  }

  function titled(field) {
    const words = field.replaceAll("_", " ");
    return words[0].toUpperCase() + words.slice(1);
  }

  function value(listed, index) {
    const text = listed.values[index];
    return text !== null && index === total ? Number(text) : text;
  }

  // Of very many documents, the list is in parts: documents with most errors first.
  const parts = data.parts || 1;
  const loaded = { 1: data.documents };
  if (parts > 1) {
    const select = document.createElement("select");
    select.name = "part";
    const size = data.documents.length;
    for (let number = 1; number <= parts; number++) {
      select.add(new Option(`${(number - 1) * size + 1} to ${Math.min(number * size, data.total)} of ${data.total}`, number === 1 ? "" : number));
    }
    const label = document.createElement("label");
    label.append("Documents ", select);
    form.prepend(label);
  }

  // Loads a part as a script: a page that opened from a file cannot load JSON.
  function load(part) {
    const script = document.createElement("script");
    script.src = `assets/list-data-${part}.js`;
    script.onload = () => {
      loaded[part] = JSON.parse(window.ocrPipelineMoreDocuments);
      show();
    };
    document.body.append(script);
    document.getElementById("count").textContent = "Loading …";
  }

  function state() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    return Object.fromEntries([...Object.keys(options), "name", "page", "sort", "part"].map((name) => [name, parameters.get(name) || ""]));
  }

  function write(changes) {
    const parameters = new URLSearchParams();
    for (const [name, entry] of Object.entries({ ...state(), ...changes })) if (entry) parameters.set(name, entry);
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

  function isNamed(listed, text) {
    return [listed.id, ...listed.values].some((entry) => entry !== null && entry.toLowerCase().includes(text));
  }

  // Empty values come last in both directions.
  function compared(a, b) {
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? 1 : -1;
    return typeof a === "number" ? a - b : a.localeCompare(b);
  }

  function sorted(matches, sort) {
    const key = sort.replace(/^-/, "");
    const column = columns.find(([name]) => name === key);
    if (!column) return matches;
    const sign = sort.startsWith("-") ? -1 : 1;
    const keyed = matches.map((match) => [column[2](...match), match]);
    keyed.sort(([a], [b]) => (a === null || b === null ? compared(a, b) : sign * compared(a, b)));
    return keyed.map(([, match]) => match);
  }

  function element(name, text, attributes = {}) {
    const created = document.createElement(name);
    created.textContent = text;
    for (const [key, entry] of Object.entries(attributes)) created.setAttribute(key, entry);
    return created;
  }

  function heading(sort) {
    const cells = columns.map(([key, title]) => {
      const order = sort === key ? "ascending" : sort === `-${key}` ? "descending" : "";
      const cell = element("th", "", { scope: "col", ...(order && { "aria-sort": order }) });
      const button = element("button", title, { type: "button", class: "quiet sort" });
      if (order) button.append(element("span", order === "ascending" ? " ▲" : " ▼", { "aria-hidden": "true" }));
      button.onclick = () => {
        write({ sort: sort === key ? `-${key}` : key, page: "" });
      };
      cell.append(button);
      return cell;
    });
    document.querySelector("#list thead tr").replaceChildren(element("td", ""), ...cells);
  }

  function valueCell(listed, index) {
    const field = data.shown[index];
    const isDisputed = listed.disputed.includes(field);
    const cell = element("td", "", { class: [index === total ? "number" : "", isDisputed ? "disputed" : "", "value"].join(" ").trim() });
    cell.append(element("bdi", listed.values[index] ?? "–"));
    if (isDisputed) {
      cell.title = "Backends disagree";
      cell.append(element("span", " (backends disagree)", { class: "hidden" }));
    }
    return cell;
  }

  function outcomeCell(listed, hits) {
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
    return outcomes;
  }

  function row(listed, hits, filter) {
    const line = document.createElement("tr");
    const name = element("th", "", { scope: "row" });
    const first = hits.find(([, , outcome]) => outcome !== 0) || hits[0];
    const anchor = first && (filter.backend || filter.field || filter.outcome || filter.attribution)
      ? `#${data.fields[first[1]]}@${data.backends[first[0]]}` : "";
    name.append(element("a", listed.id, { href: `documents/${encodeURIComponent(listed.id)}.html${anchor}` }));
    const picture = element("td", "", { class: "thumbnail" });
    if (listed.thumbnail) picture.append(element("img", "", { src: `images/${listed.thumbnail}`, alt: "", loading: "lazy" }));
    const [sign, meaning] = sums[listed.sums];
    const sum = element("td", "", { title: meaning, class: listed.sums === "differ" ? "disputed" : "" });
    sum.append(element("span", sign, { "aria-hidden": "true" }), element("span", meaning, { class: "hidden" }));
    const percent = (share) => element("td", share === null ? "–" : `${share} %`, { class: "number" });
    line.append(picture, name, element("td", listed.dataset), element("td", listed.pages ?? "", { class: "number" }),
      ...listed.values.map((_, index) => valueCell(listed, index)), sum, percent(listed.agreement), percent(listed.confidence),
      outcomeCell(listed, hits));
    return line;
  }

  function show() {
    const filter = state();
    const part = Math.min(Math.max(1, Math.trunc(Number(filter.part)) || 1), parts);
    if (!loaded[part]) return load(part);
    data.documents = loaded[part];
    for (const name of [...Object.keys(options), "name", ...(parts > 1 ? ["part"] : [])]) {
      if (form.elements[name].value !== filter[name]) form.elements[name].value = filter[name];
    }
    const filtered = filter.backend || filter.field || filter.outcome || filter.attribution;
    const found = [];
    for (const listed of data.documents) {
      if (filter.dataset && listed.dataset !== filter.dataset) continue;
      if (!isReadFrom(listed, filter)) continue;
      if (only[filter.only] && !only[filter.only](listed)) continue;
      if (filter.name && !isNamed(listed, filter.name.toLowerCase())) continue;
      const hits = matching(listed, filter);
      if (!filtered || hits.length) found.push([listed, hits]);
    }
    const matches = sorted(found, filter.sort);
    heading(filter.sort);
    const pages = Math.max(1, Math.ceil(matches.length / SIZE));
    const page = Math.min(Math.max(1, Number(filter.page) || 1), pages);
    body.replaceChildren(...matches.slice((page - 1) * SIZE, page * SIZE).map(([listed, hits]) => row(listed, hits, filter)));
    document.getElementById("count").textContent = `${matches.length} of ${data.documents.length} documents${parts > 1 ? `, part ${part} of ${parts}; most errors first` : ""}`;
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
