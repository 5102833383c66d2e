// The label page: from words and keys to values, and from values to the label file.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.getElementById("labelling");
  const id = root.dataset.document;
  const draftKey = `ocr-pipeline-label:${root.dataset.project}:${id}`;
  const viewer = window.ocrPipelineViewer(data);
  const message = document.getElementById("message");
  const scores = document.getElementById("scores");
  const channel = "BroadcastChannel" in window ? new BroadcastChannel(`ocr-pipeline-label:${root.dataset.project}`) : null;
  let base = root.dataset.base;
  let active = null; // a field's row, or the input of a cell
  let busy = false;
  let selection = null; // words chosen by keys: [first, last]

  const stored = (store, action) => { try { return action(store); } catch { return null; } };

  function say(text, kind = "") {
    message.hidden = !text;
    message.textContent = text;
    message.dataset.kind = kind;
  }

  async function ask(path, body) {
    try {
      const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });
      const answer = await response.json().catch(() => ({ error: `The server refused this (${response.status}): reload the page.` }));
      return answer;
    } catch {
      return { error: "The server does not answer: is `ocr-pipeline label` still running? What you filled in is kept as a draft." };
    }
  }
  const here = (command, body) => ask(`/documents/${encodeURIComponent(id)}/${command}`, body);

  // ---- drafts and scores ----
  let checking = 0;
  let timer = null;
  function changed() {
    if (form.isChanged()) stored(localStorage, (store) => store.setItem(draftKey, JSON.stringify({ base, state: form.text(), boxes: boxes() })));
    else stored(localStorage, (store) => store.removeItem(draftKey));
    clearTimeout(timer);
    timer = setTimeout(check, 60);
  }

  async function check() {
    const number = ++checking;
    const answer = await here("check", { base, ...form.content() });
    if (number !== checking) return;
    if (answer.scores) {
      scores.classList.remove("invalid");
      const parts = Object.entries(answer.scores).map(([backend, [right, all]]) => `${backend} ${right} of ${all}`);
      scores.textContent = parts.length ? `Right by this label: ${parts.join(", ")}` : "";
    } else {
      scores.classList.add("invalid");
      scores.textContent = answer.error;
    }
  }

  const form = window.ocrPipelineForm(document.getElementById("form"), changed);

  // ---- the places of values: the words that were clicked or dragged over ----
  const places = new Map(); // by field's row, or input of a cell: { value, box }

  function boxes() {
    const drawn = {};
    for (const [target, { value, box }] of places) {
      if (!target.isConnected || inputOf(target).value.trim() !== value) continue;
      drawn[isCell(target) ? cellPath(target) : target.dataset.field] = box;
    }
    return drawn;
  }

  // Rows without any cell are not written.
  function cellPath(input) {
    const filled = [...input.closest("tbody").rows].filter((row) => [...row.querySelectorAll("input")].some((cell) => cell.value.trim()));
    return `${input.closest(".label-list").dataset.list}.${filled.indexOf(input.closest("tr"))}.${input.dataset.column}`;
  }

  // ---- the chosen field ----
  const rows = () => [...form.fields.values()].map((field) => field.row);
  const isCell = (target) => target?.matches?.("[data-column]");
  const inputOf = (target) => (isCell(target) ? target : target?.querySelector("input, select"));

  function choose(target, { scroll = true } = {}) {
    for (const chosen of document.querySelectorAll(".chosen")) chosen.classList.remove("chosen");
    active = target;
    if (!target) return;
    target.classList.add("chosen");
    if (scroll) target.scrollIntoView({ block: "nearest" });
    if (isCell(target)) return;
    target.closest("details")?.setAttribute("open", "");
    const known = data.fields[target.dataset.field];
    const own = known.others.find((other) => other.value === inputOf(target).value);
    const drawn = places.get(target);
    const unchanged = inputOf(target).value === inputOf(target).dataset.value;
    viewer.mark(own ? own.box : unchanged ? known.box : null, drawn?.value === inputOf(target).value ? drawn.box : unchanged ? known.marked : null);
  }

  function doubtful(by) {
    const open = rows().filter((row) => ["doubtful", "unsure"].includes(row.dataset.level) || row.querySelector(".issue"));
    const among = open.length ? open : rows();
    const at = among.indexOf(active);
    choose(among[at < 0 ? (by > 0 ? 0 : among.length - 1) : (at + by + among.length) % among.length]);
  }

  function pathOf(target) {
    return isCell(target) ? `${target.closest(".label-list").dataset.list}.${target.dataset.column}` : target.dataset.field;
  }

  function note(target, text, bad = false) {
    const said = isCell(target) ? null : target.querySelector("[data-said]");
    if (said) {
      said.textContent = text;
      said.classList.toggle("invalid", bad);
    } else say(text, bad ? "bad" : "");
    inputOf(target).setAttribute("aria-invalid", String(bad));
  }

  // A value from printed or typed text. The last one asked for wins.
  const asking = new WeakMap();
  let pending = Promise.resolve();
  function read(...asked) {
    const answered = readNow(...asked);
    pending = Promise.allSettled([pending, answered]);
    return answered;
  }

  async function readNow(target, text, box = null) {
    const number = (asking.get(target) ?? 0) + 1;
    asking.set(target, number);
    const known = isCell(target) ? [] : data.fields[target.dataset.field].others.map((other) => other.value).concat(inputOf(target).dataset.value || []);
    const answer = await here("read", { field: pathOf(target), text, known });
    if (asking.get(target) !== number) return;
    if (answer.value === null || answer.value === undefined) {
      note(target, answer.error, true);
      return;
    }
    if (box) places.set(target, { value: answer.value, box });
    put(target, answer.value);
    note(target, answer.note || "");
    if (box) viewer.mark(box, null);
  }

  function put(target, value) {
    if (isCell(target)) {
      target.value = value;
      target.closest(".label-list").querySelector(".labelled").checked = true;
      form.commit();
    } else {
      form.set(target.dataset.field, value, value ? null : "none");
    }
  }

  // ---- words and boxes ----
  function textOf(indices) {
    return indices.map((index) => viewer.words[index][5]).join(" ");
  }

  function around(indices) {
    const words = indices.map((index) => viewer.words[index]);
    const page = words[0][0];
    const own = words.filter((word) => word[0] === page);
    return [page, Math.min(...own.map((word) => word[1])), Math.min(...own.map((word) => word[2])), Math.max(...own.map((word) => word[3])), Math.max(...own.map((word) => word[4]))];
  }

  let taken = [];
  function take(indices, add = false) {
    if (!indices.length) return;
    if (!active) {
      say("Choose a field first: by its key, or by a click on it.");
      return;
    }
    say("");
    taken = add ? [...new Set([...taken, ...indices])].sort((first, second) => first - second) : indices;
    read(active, textOf(taken), around(taken));
  }

  for (const { figure, svg, marks, ratio } of viewer.overlays.values()) {
    const page = Number(figure.dataset.page);
    let start = null;
    let band = null;
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return [Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)), Math.min(1, Math.max(0, (event.clientY - box.top) / box.height))];
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = [...at(event), event.clientX, event.clientY];
      svg.setPointerCapture(event.pointerId);
      event.preventDefault();
      document.activeElement?.blur?.();
    });
    svg.addEventListener("pointermove", (event) => {
      if (!start || Math.hypot(event.clientX - start[2], event.clientY - start[3]) < 5) return;
      const [x, y] = at(event);
      band?.remove();
      band = viewer.rectangle([page, Math.min(x, start[0]), Math.min(y, start[1]), Math.max(x, start[0]), Math.max(y, start[1])], "band");
      marks.append(band);
    });
    const end = (event) => {
      if (!start) return;
      const [x, y] = at(event);
      const dragged = band !== null;
      const [left, right] = [Math.min(x, start[0]), Math.max(x, start[0])];
      const [top, bottom] = [Math.min(y, start[1]), Math.max(y, start[1])];
      start = null;
      band?.remove();
      band = null;
      if (event.type === "pointercancel") return;
      const inside = (word) => (dragged ? (word[1] + word[3]) / 2 >= left && (word[1] + word[3]) / 2 <= right && (word[2] + word[4]) / 2 >= top && (word[2] + word[4]) / 2 <= bottom : x >= word[1] && x <= word[3] && y >= word[2] && y <= word[4]);
      const found = viewer.words.flatMap((word, index) => (word[0] === page && inside(word) ? [index] : []));
      if (!found.length && dragged) say(viewer.words.length ? "There are no words in this box." : "No engine has found words on this page: type the value.");
      take(dragged ? found : found.slice(0, 1), event.shiftKey);
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
    svg.dataset.ratio = ratio;
  }

  function walk(by, extend) {
    const before = viewer.current;
    viewer.step(by);
    const now = viewer.current;
    if (now < 0) return;
    selection = extend && selection ? [selection[0], now] : extend && before >= 0 ? [before, now] : [now, now];
    const [first, last] = [Math.min(...selection), Math.max(...selection)];
    viewer.words.forEach((word, index) => word.rect.classList.toggle("picked", index >= first && index <= last));
  }

  function takeSelection() {
    if (!selection) return;
    const [first, last] = [Math.min(...selection), Math.max(...selection)];
    take(viewer.words.map((_, index) => index).slice(first, last + 1));
  }

  // ---- actions ----
  const go = (next) => location.assign(next ? `/documents/${encodeURIComponent(next)}` : "/");

  async function save() {
    if (busy) return;
    busy = true;
    document.activeElement?.matches?.("input") && (await leave(document.activeElement));
    await pending; // what was typed or clicked just before belongs to the label
    const answer = await here("save", { base, ...form.content(), boxes: boxes() });
    busy = false;
    if (answer.error) {
      say(answer.error, "bad");
      if (answer.base !== undefined) {
        base = answer.base; // saving once more replaces it, knowingly
        changed();
      }
      return;
    }
    stored(localStorage, (store) => store.removeItem(draftKey));
    channel?.postMessage({ id, base: answer.base });
    const shown = (value) => (value === null || value === undefined ? "–" : (100 * value).toFixed(1));
    const effect = Object.entries(answer.f1).filter(([, [before, after]]) => before !== after).map(([backend, [before, after]]) => `${backend} F1 ${shown(before)} → ${shown(after)}`);
    stored(sessionStorage, (store) => store.setItem("ocr-pipeline-saved", `Saved ${id}. ${effect.join(", ")}${effect.length ? "." : ""} u takes it back.`));
    root.dataset.inIssues ? location.assign("/issues") : go(answer.next);
  }

  async function undo() {
    if (form.undo()) return;
    const answer = await ask("/undo");
    if (answer.error) say(answer.error, "bad");
    else go(answer.document);
  }

  async function skip() {
    go((await here("skip")).next);
  }

  function cycle(row) {
    const others = data.fields[row.dataset.field].others.map((other) => other.value);
    const values = [...new Set([inputOf(row).dataset.value, ...others].filter(Boolean))];
    if (!values.length) return;
    form.set(row.dataset.field, values[(values.indexOf(inputOf(row).value) + 1) % values.length]);
    choose(row);
    const from = data.fields[row.dataset.field].others.find((other) => other.value === inputOf(row).value);
    note(row, from ? `by ${from.by}` : "");
  }

  function absent(row) {
    const input = inputOf(row);
    const next = input.value.trim() || input.dataset.state === "unlabelled" ? "none" : "unlabelled";
    form.set(row.dataset.field, "", next);
    note(row, "");
  }

  // Typed text becomes a value when its input is left.
  async function leave(input) {
    const target = isCell(input) ? input : input.closest(".label-field");
    if (!target) return;
    if (input.matches("input") && input.value.trim() && input.value !== input.dataset.seen) await read(target, input.value);
    else {
      note(target, "");
      form.commit();
    }
    input.dataset.seen = input.value;
  }

  async function decide(box, choice) {
    const name = box.dataset.issue;
    const button = box.querySelector(`[data-choice="${choice}"]`);
    if (!button || busy) return;
    if (choice === "other") {
      choose(form.fields.get(name).row);
      inputOf(active).focus();
      inputOf(active).select?.();
      return;
    }
    busy = true;
    const answer = await here("decide", { field: name, choice, value: button.dataset.value ?? null });
    busy = false;
    if (answer.error) say(answer.error, "bad");
    else location.assign(answer.next ? `/documents/${encodeURIComponent(answer.next)}?issues` : "/");
  }

  // ---- rows of lists ----
  function change(row, action) {
    const body = row.parentElement;
    const column = document.activeElement?.dataset?.column ?? row.querySelector("input").dataset.column;
    let next = row;
    if (action === "up") row.previousElementSibling?.before(row);
    if (action === "down") row.nextElementSibling?.after(row);
    if (action === "delete") {
      next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
    }
    if (action === "add") next = form.addRow(body.closest(".label-list").dataset.list, {}, row.nextElementSibling);
    body.closest(".label-list").querySelector(".labelled").checked = true;
    form.commit();
    next?.querySelector(`[data-column="${column}"]`)?.focus();
  }

  // ---- events ----
  const section = document.getElementById("form");
  section.addEventListener("submit", (event) => event.preventDefault());
  section.addEventListener("focusin", (event) => {
    const target = isCell(event.target) ? event.target : event.target.closest(".label-field");
    if (target && target !== active) choose(target, { scroll: false });
    if (event.target.matches("input")) event.target.dataset.seen = event.target.value;
  });
  section.addEventListener("change", (event) => {
    if (event.target.matches("select, [type=checkbox]")) form.commit();
    else leave(event.target);
  });
  section.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const row = event.target.closest(".label-field");
    if (row && !button) choose(row, { scroll: false });
    if (!button) return;
    if (button.dataset.cycle) cycle(row);
    if (button.dataset.absent) absent(row);
    if (button.dataset.row) change(button.closest("tr"), button.dataset.row);
    if (button.hasAttribute("data-add")) {
      const list = button.closest(".label-list");
      list.querySelector(".labelled").checked = true;
      const added = form.addRow(list.dataset.list);
      form.commit();
      added.querySelector("input").focus();
    }
  });
  for (const [name, action] of [["save", save], ["skip", skip], ["undo", undo], ["redo", form.redo]]) document.getElementById(name).addEventListener("click", action);
  for (const box of document.querySelectorAll(".decide")) for (const button of box.querySelectorAll("button")) button.addEventListener("click", () => decide(box, button.dataset.choice));
  const help = document.getElementById("help");
  document.getElementById("help-button").addEventListener("click", () => help.showModal());

  const issueBox = () => [...document.querySelectorAll(".decide")].find((box) => active && box.dataset.issue === active.dataset.field) ?? document.querySelector(".decide");
  const onField = (action) => () => active && !isCell(active) && action(active);
  const keys = {
    Enter: save,
    n: skip,
    p: () => history.back(),
    u: undo,
    U: form.redo,
    j: () => doubtful(1),
    k: () => doubtful(-1),
    i: () => { inputOf(active)?.focus(); inputOf(active)?.select?.(); },
    c: onField(cycle),
    x: onField(absent),
    e: viewer.nextEngine,
    f: viewer.fit,
    "+": viewer.larger,
    "-": viewer.smaller,
    m: () => { const more = document.getElementById("more"); if (more) more.open = !more.open; },
    t: () => {
      const list = document.querySelector(".label-list");
      if (!list) return;
      list.open = true;
      (list.querySelector("tbody input") ?? list.querySelector("[data-add]")).focus();
    },
    "?": () => help.showModal(),
    " ": takeSelection,
    ArrowRight: (event) => walk(1, event.shiftKey),
    ArrowLeft: (event) => walk(-1, event.shiftKey),
    l: () => issueBox() && decide(issueBox(), "label"),
    v: () => issueBox() && decide(issueBox(), "value"),
    b: () => issueBox() && decide(issueBox(), "both"),
    o: () => issueBox() && decide(issueBox(), "other"),
  };

  addEventListener("keydown", async (event) => {
    if (help.open) return;
    const target = event.target;
    const typing = target.matches("input:not([type=checkbox]), select, textarea");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save();
      return;
    }
    if (event.altKey && isCell(target)) {
      const action = { ArrowUp: "up", ArrowDown: "down", Insert: "add", Delete: "delete" }[event.key];
      if (action) {
        event.preventDefault();
        change(target.closest("tr"), action);
      }
      return;
    }
    if (typing) {
      if (event.key === "Escape" || (event.key === "Enter" && !target.matches("select"))) {
        event.preventDefault();
        const left = target;
        left.blur();
        choose(isCell(left) ? left : left.closest(".label-field"));
      }
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") {
      event.preventDefault();
      event.shiftKey ? form.redo() : undo();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (["Enter", " "].includes(event.key) && target.matches("button, a, summary, [type=checkbox]")) return;
    const chosen = event.key.length === 1 ? rows().find((row) => row.dataset.shortcut === event.key) : null;
    const action = chosen ? () => choose(chosen) : Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (!action) return;
    event.preventDefault();
    action(event);
  });

  // ---- what happened before ----
  const saved = stored(sessionStorage, (store) => { const text = store.getItem("ocr-pipeline-saved"); store.removeItem("ocr-pipeline-saved"); return text; });
  if (saved) say(saved);
  const draft = stored(localStorage, (store) => JSON.parse(store.getItem(draftKey)));
  if (draft && draft.state) {
    form.restore(draft.state);
    for (const [path, box] of Object.entries(draft.boxes ?? {})) {
      const row = form.fields.get(path)?.row;
      if (row) places.set(row, { value: inputOf(row).value.trim(), box });
    }
    say(draft.base === base ? "Your unsaved draft is back; u discards it." : "Your unsaved draft is back, but the label file was changed since; u shows what is in the file. Saving replaces it.", draft.base === base ? "" : "bad");
  }
  channel?.addEventListener("message", (event) => {
    if (event.data.id === id && event.data.base !== base) say("This document was saved in another tab: reload before you go on.", "bad");
  });

  const issue = document.querySelector(".decide");
  choose((root.dataset.inIssues && issue && form.fields.get(issue.dataset.issue)?.row) || rows().find((row) => row.dataset.level === "doubtful") || rows().find((row) => row.dataset.level === "unsure") || null, { scroll: false });
  if (!document.querySelector(".label-field")) say("There are no fields to label.");
  check();
})();
