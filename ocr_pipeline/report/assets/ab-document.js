// Document page with two backends only, and only what differs between them: documents/ID.html?a=BACKEND&b=BACKEND
"use strict";
(() => {
  const parameters = new URLSearchParams(location.search);
  const pair = [parameters.get("a"), parameters.get("b")];
  const table = document.getElementById("fields");
  const heads = [...table.querySelectorAll("thead th")].slice(2);
  const columns = pair.map((name) => heads.findIndex((head) => head.textContent === name));
  if (columns.includes(-1) || columns[0] === columns[1]) return;

  let shown = 0;
  heads.forEach((head, index) => { head.hidden = !columns.includes(index); });
  for (const row of table.querySelectorAll("tbody tr")) {
    const cells = [...row.querySelectorAll("td")].slice(1);
    const [first, second] = columns.map((index) => cells[index].dataset.class ?? "");
    row.hidden = first === second;
    shown += row.hidden ? 0 : 1;
    cells.forEach((cell, index) => { cell.hidden = !columns.includes(index); });
  }
  for (const list of document.querySelectorAll("details[data-backend]")) list.hidden = !pair.includes(list.dataset.backend);
  const note = document.getElementById("ab");
  note.firstElementChild.textContent = `Only what differs between ${pair[0]} and ${pair[1]}: ${shown} field${shown === 1 ? "" : "s"}. `;
  note.querySelector("a").href = location.pathname.split("/").pop();
  note.hidden = false;

  // The neighbours are the documents that differ, too.
  const script = document.createElement("script");
  script.src = "../assets/ab-data.js";
  script.onload = () => {
    const data = JSON.parse(window.ocrPipelineDifferences);
    const [a, b] = pair.map((name) => data.backends.indexOf(name));
    const differs = ({ fields }) => fields.some(([, classes]) => classes[a] >= 0 && classes[b] >= 0 && classes[a] !== classes[b]);
    const ids = data.documents.filter(differs).map((entry) => entry.id);
    const here = decodeURIComponent(location.pathname.split("/").pop().replace(/\.html$/, ""));
    const at = ids.indexOf(here);
    for (const [name, id] of [["previous", ids[at - 1]], ["next", ids[at + 1]]]) {
      const link = document.getElementById(name);
      if (!link || at < 0) continue;
      if (id === undefined) link.remove();
      else {
        link.href = `${encodeURIComponent(id)}.html${location.search}`;
        link.textContent = name === "next" ? `${id} →` : `← ${id}`;
      }
    }
  };
  document.head.append(script);
})();
