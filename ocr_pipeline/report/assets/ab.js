// Documents that two backends read differently. The choice is kept in the URL fragment.
"use strict";
(() => {
  const data = JSON.parse(window.ocrPipelineDifferences);
  const form = document.getElementById("filters");
  const body = document.querySelector("#list tbody");
  const MOST = 500;

  const fill = (name, values, all) => {
    if (all) form.elements[name].add(new Option("all", ""));
    for (const value of values) form.elements[name].add(new Option(value.replaceAll("_", " "), value));
  };
  fill("a", data.backends);
  fill("b", data.backends);
  fill("dataset", [...new Set(data.documents.map((entry) => entry.dataset))], true);
  fill("field", data.fields, true);

  function state() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    const known = (name, fallback) => (data.backends.includes(parameters.get(name)) ? parameters.get(name) : fallback);
    return {
      a: known("a", data.backends[0] ?? ""),
      b: known("b", data.backends[1] ?? data.backends[0] ?? ""),
      dataset: parameters.get("dataset") || "",
      field: parameters.get("field") || "",
    };
  }

  function element(name, text, attributes = {}) {
    const created = document.createElement(name);
    created.textContent = text;
    for (const [key, value] of Object.entries(attributes)) created.setAttribute(key, value);
    return created;
  }

  function show() {
    const chosen = state();
    for (const [name, value] of Object.entries(chosen)) form.elements[name].value = value;
    const [a, b] = [data.backends.indexOf(chosen.a), data.backends.indexOf(chosen.b)];
    const query = new URLSearchParams({ a: chosen.a, b: chosen.b });
    const rows = [];
    for (const entry of data.documents) {
      if (chosen.dataset && entry.dataset !== chosen.dataset) continue;
      const fields = entry.fields
        .filter(([field, classes]) => classes[a] >= 0 && classes[b] >= 0 && classes[a] !== classes[b] && (!chosen.field || data.fields[field] === chosen.field))
        .map(([field]) => data.fields[field]);
      if (fields.length) rows.push([entry, fields]);
    }
    body.replaceChildren(...rows.slice(0, MOST).map(([entry, fields]) => {
      const line = document.createElement("tr");
      const page = `documents/${encodeURIComponent(entry.id)}.html?${query}`;
      const name = element("th", "", { scope: "row" });
      name.append(element("a", entry.id, { href: page }));
      const cell = document.createElement("td");
      for (const field of fields) cell.append(element("a", field.replaceAll("_", " "), { class: "chip", href: `${page}#${encodeURIComponent(`${field}@${chosen.a}`)}` }), " ");
      line.append(name, element("td", entry.dataset), cell);
      return line;
    }));
    document.getElementById("count").textContent = chosen.a === chosen.b
      ? "Choose two backends."
      : `${rows.length} document${rows.length === 1 ? " differs" : "s differ"}${rows.length > MOST ? `; the first ${MOST} are listed` : ""}`;
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...state(), [event.target.name]: event.target.value })) if (value) parameters.set(name, value);
    location.hash = parameters.toString();
  });
  addEventListener("hashchange", show);
  show();
})();
