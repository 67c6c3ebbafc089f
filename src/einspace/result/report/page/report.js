"use strict";
(() => {
  const view = { axis: "by-trial", find: "", outcome: "", column: null, direction: 1, point: null };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const byId = (id) => document.getElementById(id);

  function element(name, text, parent) {
    const made = document.createElement(name);
    made.textContent = text;
    if (parent) parent.append(made);
    return made;
  }

  function drawn(svg, parent) {
    const place = element("div", "", parent);
    place.className = "drawn";
    place.innerHTML = svg;
  }

  // A block of data of the page, which is read once.
  const blocks = new WeakMap();
  function data(name) {
    const place = byId(name);
    if (!blocks.has(place)) blocks.set(place, JSON.parse(place.textContent));
    return blocks.get(place);
  }

  // Charts take the colours of the page's text and lines.
  function coloured(layout) {
    const style = getComputedStyle(document.documentElement);
    const [ink, line, panel] = ["--ink", "--line", "--panel"].map((name) => style.getPropertyValue(name).trim());
    const whole = { ...layout, font: { color: ink, size: 12 }, hoverlabel: { bgcolor: panel, font: { color: ink }, bordercolor: line } };
    for (const axis of ["xaxis", "yaxis"]) whole[axis] = { ...layout[axis], gridcolor: line, linecolor: line };
    return whole;
  }

  function draw() {
    if (!byId("charts")) return;
    const charts = JSON.parse(byId("charts").textContent);
    for (const place of document.querySelectorAll("[data-chart]")) {
      const name = place.dataset.chart;
      if (name.startsWith("by-")) place.hidden = name !== view.axis;
      if (place.hidden || !charts[name]) continue;
      Plotly.react(place, charts[name].data, coloured(charts[name].layout), { displayModeBar: false, responsive: true });
      if (!place.dataset.listens) {
        place.dataset.listens = "1";
        place.on("plotly_click", (event) => {
          const number = event.points[0] && event.points[0].customdata;
          if (number !== undefined && number !== null) open(number);
        });
        reachable(place);
      }
    }
  }

  // The points of a chart that open a trial, each trial once, from left to right; of the bars of one trial the longest.
  function points(place) {
    const found = new Map();
    data("charts")[place.dataset.chart].data.forEach((trace, curveNumber) => {
      (trace.customdata || []).forEach((number, pointNumber) => {
        if (number === null) return;
        const along = trace.base ? trace.base[pointNumber] : trace.x[pointNumber];
        const length = trace.base ? trace.x[pointNumber] : 0;
        const known = found.get(number);
        const from = known ? Math.min(known.along, along) : along;
        if (!known || length > known.length) found.set(number, { curveNumber, pointNumber, number, length, text: trace.text[pointNumber] });
        found.get(number).along = from;
      });
    });
    return [...found.values()].sort((a, b) => a.along - b.along || a.number - b.number);
  }

  // A chart with such points is a stop of Tab: arrows go from point to point, and Enter opens the trial.
  function reachable(place) {
    if (!points(place).length) return;
    place.tabIndex = 0;
    place.setAttribute("role", "application");
    place.setAttribute("aria-roledescription", "chart");
    place.setAttribute("aria-description", "Arrow keys go from trial to trial, Home and End to the first and the last; Enter shows the trial.");
    place.addEventListener("focus", () => mark(place, points(place), view.point));
    place.addEventListener("blur", () => Plotly.Fx.unhover(place));
    place.addEventListener("keydown", (event) => {
      const all = points(place);
      const at = Math.max(0, all.findIndex((point) => point.number === view.point));
      if (event.key === "Enter" && all[at]) open(all[at].number);
      const steps = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: all.length - 1 };
      if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      mark(place, all, all[Math.min(Math.max(steps[event.key], 0), all.length - 1)].number);
    });
  }

  function mark(place, all, number) {
    const point = all.find((other) => other.number === number) || all[0];
    view.point = point.number;
    Plotly.Fx.hover(place, [{ curveNumber: point.curveNumber, pointNumber: point.pointNumber }]);
    byId("point").textContent = new DOMParser().parseFromString(point.text.replaceAll("<br>", ", "), "text/html").body.textContent;
  }

  async function unpacked(letters) {
    const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }

  async function open(number) {
    const letters = data("details")[number];
    if (!letters) return;
    const trial = await unpacked(letters);
    byId("trial-title").textContent = trial.title;
    const body = byId("trial-body");
    body.replaceChildren();
    const facts = element("dl", "", body);
    for (const [name, value] of Object.entries(trial.facts)) {
      const pair = element("div", "", facts);
      element("dt", name, pair);
      element("dd", value, pair);
    }
    if (trial.reason) element("p", trial.reason, body);
    if (trial.traceback) element("pre", trial.traceback, body);
    if (trial.network) drawn(trial.network, body);
    if (trial.tree) {
      element("h3", trial.changed ? "Derivation tree; the red outline holds what changed" : "Derivation tree", body);
      drawn(trial.tree, body);
    }
    if (!trial.network) element("p", `Its picture is not in this page: einspace show RUN --trial ${number} --svg FILE draws it.`, body);
    if (trial.losses.length) element("p", `Training loss by epoch: ${trial.losses.map((loss) => (loss === null ? "not finite" : loss.toPrecision(4))).join(", ")}`, body);
    element("pre", trial.text, body);
    const dialog = byId("trial");
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }

  function arrange() {
    const table = byId("table");
    const rows = [...table.tBodies[0].rows];
    if (view.column !== null) {
      const value = (row) => {
        const cell = row.cells[view.column];
        return "value" in cell.dataset ? cell.dataset.value : cell.textContent;
      };
      const numeric = table.tHead.rows[0].cells[view.column].classList.contains("n");
      rows.sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        return view.direction * (numeric ? Number(x) - Number(y) : x.localeCompare(y)) || Number(a.cells[0].dataset.value) - Number(b.cells[0].dataset.value);
      });
      table.tBodies[0].append(...rows);
    }
    [...table.tHead.rows[0].cells].forEach((cell, i) => {
      cell.setAttribute("aria-sort", i === view.column ? (view.direction > 0 ? "ascending" : "descending") : "none");
    });
    const wanted = view.find.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !((!view.outcome || row.dataset.outcome === view.outcome) && `${row.textContent} ${row.dataset.words}`.toLowerCase().includes(wanted));
      if (!row.hidden) shown += 1;
    }
    byId("shown").textContent = shown === rows.length ? `${shown} trials` : `${shown} of ${rows.length} trials`;
  }

  function start() {
    draw();
    const chosen = document.querySelector(`input[name="axis"][value="${view.axis}"]`);
    if (chosen) chosen.checked = true;
    if (!byId("table")) return;
    byId("find").value = view.find;
    byId("outcome").value = view.outcome;
    arrange();
  }

  byId("main").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.trial !== undefined) open(button.dataset.trial);
    if (button.dataset.column !== undefined) {
      const column = Number(button.dataset.column);
      const best = column === 1 && byId("table").dataset.better === "descending" ? -1 : 1;
      view.direction = view.column === column ? -view.direction : best;
      view.column = column;
      arrange();
    }
  });
  byId("main").addEventListener("input", (event) => {
    if (event.target.id === "find") view.find = event.target.value;
    if (event.target.id === "outcome") view.outcome = event.target.value;
    if (event.target.name === "axis") {
      view.axis = event.target.value;
      draw();
    } else arrange();
  });
  dark.addEventListener("change", draw);

  // A live page asks its server for its main part, which comes only if it has changed.
  let version = "";
  async function follow() {
    try {
      const answer = await fetch("main", { headers: version ? { "If-None-Match": version } : {}, cache: "no-store" });
      if (answer.status === 200) {
        version = answer.headers.get("ETag");
        const text = await answer.text();
        const opened = [...document.querySelectorAll("main details")].map((part) => part.open);
        const scrolled = [...document.querySelectorAll("main .scroll, main .picture")].map((part) => part.scrollTop);
        const focused = document.activeElement && document.activeElement.id;
        byId("main").innerHTML = text;
        document.querySelectorAll("main details").forEach((part, i) => (part.open = opened[i] || false));
        start();
        document.querySelectorAll("main .scroll, main .picture").forEach((part, i) => (part.scrollTop = scrolled[i] || 0));
        if (focused && byId(focused)) byId(focused).focus();
      }
      const lines = await (await fetch("now", { cache: "no-store" })).json();
      byId("now").replaceChildren(...lines.map((line) => element("li", line)));
      byId("following").textContent = `This page follows the search. Looked for news at ${new Date().toLocaleTimeString()}.`;
    } catch (error) {
      byId("now").replaceChildren();
      byId("following").textContent = "The search or its server has ended. This page shows the last state; report.html in the run's folder has all of it.";
    }
    setTimeout(follow, 2000);
  }

  start();
  if (document.documentElement.dataset.live) setTimeout(follow, 500);
})();
