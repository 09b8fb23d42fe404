// SPDX-License-Identifier: MIT
"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const unique = (values) => [...new Set(values)];
  const byId = (id) => document.getElementById(id);

  // Charts: one view for each figure; the controls set the views' parameters.

  const data = read("data");
  const views = new Map();

  const chosen = () => ({
    result: byId("result").value,
    isa: byId("isa").value,
    threads: Number(byId("threads").value),
    kernel: byId("kernel").value,
    which: byId("which")?.value ?? "",
    channels: Number(byId("channels").value),
  });

  // Keeps what was chosen where it can still be chosen.
  const offer = (select, values, fallback) => {
    const before = select.value;
    select.replaceChildren(...values.map((value) => new Option(value, value)));
    select.value = values.map(String).includes(before) ? before : fallback;
    select.disabled = values.length < 2;
  };

  const offerWhatWasMeasured = () => {
    const cells = data.datasets.cells.filter((cell) => cell.result === byId("result").value);
    const isas = unique(cells.map((cell) => cell.isa));
    const threads = unique(cells.map((cell) => cell.threads)).sort((a, b) => a - b);
    offer(byId("isa"), isas, isas.at(-1));
    offer(byId("threads"), threads, threads[0]);
  };

  const show = async (figure, view) => {
    for (const [name, value] of Object.entries(chosen())) view.signal(name, value);
    await view.runAsync();
    const drawn = figure.querySelectorAll(".points_marks path").length;
    figure.querySelector(".empty").hidden = drawn > 0;
    figure.querySelector(".chart").classList.toggle("nothing", drawn === 0);
  };

  const showAll = () => Promise.all([...views].map(([figure, view]) => show(figure, view)));

  const draw = async (figure) => {
    const spec = data.charts[figure.id];
    spec.datasets = { ...spec.datasets, ...data.datasets };
    for (const parameter of spec.params) parameter.value = chosen()[parameter.name];
    const tooltip = { theme: "custom", disableDefaultStyle: true };
    const options = { actions: false, renderer: "svg", tooltip };
    const { view } = await vegaEmbed(figure.querySelector(".chart"), spec, options);
    views.set(figure, view);
    await show(figure, view);
  };

  const start = async () => {
    offerWhatWasMeasured();
    for (const select of document.querySelectorAll("select"))
      select.addEventListener("change", async () => {
        if (select.id === "result") offerWhatWasMeasured();
        await showAll();
        document.body.dataset.shown = `${select.id}=${select.value}`;
      });
    for (const figure of document.querySelectorAll("figure[id]")) await draw(figure);
    document.body.dataset.drawn = "true";
  };

  // Tables: sorted by the buttons of their heads, filtered by words that a row must all have.

  const sortKey = (row, column) => {
    const cell = row.cells[column];
    if (cell.classList.contains("number")) return Number(cell.dataset.value ?? NaN);
    return cell.textContent === "" ? NaN : cell.textContent;
  };

  const missing = (key) => typeof key === "number" && Number.isNaN(key);

  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });

  const sort = (table, column) => {
    const head = table.tHead.rows[0].cells[column];
    const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
    const keyed = [...table.tBodies[0].rows].map((row) => [sortKey(row, column), row]);
    const known = keyed.filter(([key]) => !missing(key)).sort(([a], [b]) => sign * compare(a, b));
    // Rows without a value come last either way.
    table.tBodies[0].append(...[...known, ...keyed.filter(([key]) => missing(key))].map(([, row]) => row));
  };

  for (const table of document.querySelectorAll("table.sortable"))
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, column));
      head.append(button);
    });

  for (const filter of document.querySelectorAll("input[data-table]")) {
    const rows = [...byId(filter.dataset.table).tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase()]);
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
      const shown = rows.filter(([row]) => !row.hidden).length;
      byId(filter.getAttribute("aria-describedby")).textContent = `${shown} of ${rows.length} rows`;
    };
    filter.addEventListener("input", apply);
    apply();
  }

  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details")) fold.open = true;
  });

  document.documentElement.classList.add("live");
  start();
})();
