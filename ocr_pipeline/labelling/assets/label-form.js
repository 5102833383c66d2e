// The form of the label page: its content, changes with undo, rows of lists. It knows no field by name: what there is, is drawn
// by the server from the schema.
"use strict";
window.ocrPipelineForm = (form, changed) => {
  const ABSENT = { none: "not on the document", unlabelled: "not labelled" };
  const fields = new Map([...form.querySelectorAll(".label-field")].map((row) => [row.dataset.field, { row, input: row.querySelector("input, select"), state: row.querySelector(".state"), said: row.querySelector("[data-said]") }]));
  const lists = new Map([...form.querySelectorAll(".label-list")].map((section) => [section.dataset.list, { section, labelled: section.querySelector(".labelled"), body: section.querySelector("tbody"), empty: section.querySelector("template") }]));
  const past = [];
  const future = [];

  const rowsOf = (body) => [...body.rows].map((row) => Object.fromEntries([...row.querySelectorAll("input")].map((input) => [input.dataset.column, input.value])));

  function state() {
    return {
      values: Object.fromEntries([...fields].map(([name, { input }]) => [name, [input.value, input.dataset.state === "value" ? "none" : input.dataset.state]])),
      lists: Object.fromEntries([...lists].map(([name, { labelled, body }]) => [name, { labelled: labelled.checked, rows: rowsOf(body) }])),
    };
  }

  // What is written: absent fields are left out, null is "not on the document".
  function content() {
    const now = state();
    return {
      values: Object.fromEntries(Object.entries(now.values).filter(([, [value, absent]]) => value.trim() || absent !== "unlabelled").map(([name, [value]]) => [name, value.trim() || null])),
      lists: Object.fromEntries(Object.entries(now.lists).filter(([, list]) => list.labelled).map(([name, list]) => [name, list.rows.map((row) => Object.fromEntries(Object.entries(row).map(([column, value]) => [column, value.trim() || null])))])),
    };
  }

  function addRow(name, values = {}, before = null) {
    const { body, empty } = lists.get(name);
    const row = empty.content.firstElementChild.cloneNode(true);
    for (const input of row.querySelectorAll("input")) input.value = values[input.dataset.column] ?? "";
    body.insertBefore(row, before);
    return row;
  }

  function show() {
    for (const { row, input, state: button } of fields.values()) {
      const absent = input.dataset.state === "value" ? "none" : input.dataset.state;
      row.dataset.state = input.value.trim() ? "value" : absent;
      button.textContent = input.value.trim() ? "×" : ABSENT[absent];
      button.setAttribute("aria-label", input.value.trim() ? `${row.dataset.field.replaceAll("_", " ")}: not on the document` : `${row.dataset.field.replaceAll("_", " ")} is ${ABSENT[absent]}; change`);
    }
    for (const { section, labelled, body } of lists.values()) {
      section.classList.toggle("off", !labelled.checked);
      section.querySelector(".count").textContent = `${body.rows.length} ${body.rows.length === 1 ? "row" : "rows"}`;
    }
  }

  function apply(wanted) {
    for (const [name, [value, absent]] of Object.entries(wanted.values)) {
      const field = fields.get(name);
      if (!field) continue;
      field.input.value = value;
      field.input.dataset.state = absent;
    }
    for (const [name, list] of Object.entries(wanted.lists)) {
      const own = lists.get(name);
      if (!own) continue;
      own.labelled.checked = list.labelled;
      if (JSON.stringify(rowsOf(own.body)) === JSON.stringify(list.rows)) continue; // building rows takes long
      own.body.replaceChildren();
      for (const row of list.rows) addRow(name, row);
    }
    show();
  }

  let current = JSON.stringify(state());
  const initial = current;

  // Call after a change of the form: one step of undo.
  function commit() {
    show();
    const now = JSON.stringify(state());
    if (now === current) return;
    past.push(current);
    future.length = 0;
    current = now;
    changed();
  }

  function travel(from, to) {
    if (!from.length) return false;
    to.push(current);
    current = from.pop();
    apply(JSON.parse(current));
    changed();
    return true;
  }

  function set(name, value, absent = null) {
    const { input } = fields.get(name);
    input.value = value;
    if (absent) input.dataset.state = absent;
    commit();
  }

  function restore(text) {
    past.push(current);
    apply(JSON.parse(text));
    current = JSON.stringify(state());
    changed();
  }

  show();
  return {
    fields, lists, content, commit, set, addRow, restore, initial,
    text: () => current,
    isChanged: () => current !== initial,
    undo: () => travel(past, future),
    redo: () => travel(future, past),
  };
};
