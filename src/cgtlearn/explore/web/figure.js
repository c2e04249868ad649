/* The figure: sliders, prediction, words, table, downloads. */
const SLIDER_STEPS = 200;
let figures = 0;

function make(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  made.append(...inside);
  return made;
}
const NO_SHORTCUTS = { "data-lm-suppress-shortcuts": "true" };
const button = (text, click, type = "button") => {
  const made = make("button", { type, ...NO_SHORTCUTS }, text);
  if (click) made.addEventListener("click", click);
  return made;
};

/* The model of a spec: solve(values) -> {times, curves, steps, failed}; `wrong` says what does not
 * agree with Python. */
function modelOf(spec) {
  const model = new Function("M", "return " + spec.script)(Math);
  const start = spec.p.map(Number), n = spec.points;
  const base = [...new Set(spec.panels.flatMap(({ x: [low, high], xlog }) =>
    Array.from({ length: n }, (_, i) => i === n - 1 ? high
      : xlog ? low * (high / low) ** (i / (n - 1)) : low + ((high - low) * i) / (n - 1))))].sort((a, b) => a - b);
  const first = base[0], end = base[base.length - 1], near = 1e-9 * (end - first);

  function timesFor(p) {
    const set = model.s(p);
    const edges = [...set.w, ...set.d.flatMap((d) => [d[0], d[0] + d[3]]), ...spec.stops].filter((t) => t >= first && t <= end);
    const free = base.filter((t) => !edges.some((e) => Math.abs(t - e) <= near));
    return Float64Array.from(new Set([...free, ...edges])).sort();
  }

  function solve(values) {
    const p = start.slice();
    for (const s of spec.sliders) p[s.i] = values[s.name];
    const times = timesFor(p);
    const found = solveModel(model, p, times, spec.logs, spec.m, spec.events);
    const curves = spec.curves.map(({ from, factor }) => {
      const state = from - spec.m, [source, wide, at] = state < 0 ? [found.outputs, spec.m, from] : [found.z, model.n, state];
      const curve = new Float64Array(times.length), log = state >= 0 && spec.logs[state];
      for (let i = 0; i < curve.length; i++) {
        const v = source[i * wide + at];
        curve[i] = factor * (log ? Math.exp(v) : v);
      }
      return curve;
    });
    return { times, curves, steps: found.steps, failed: found.failed };
  }

  const agree = (mine, theirs) => theirs.every((v, i) => mine[i] === Number(v) || Math.abs(mine[i] - v) <= 1e-8 * Math.abs(v));
  const wrong = spec.probes.every(([p, y0, w, d, t, z, phase, slopes, outputs]) => {
    const set = model.s(p.map(Number)), f = [], g = [];
    model.f(t, z, set.c, phase, new Float64Array(model.n), f);
    model.g(t, z, set.c, phase, g);
    return agree(set.y0, y0) && agree(set.w, w) && agree(set.d.flatMap((one) => [one[0], one[2], one[3]]), d) && agree(f, slopes) && agree(g, outputs);
  }) ? "" : "this browser computes something else than Python did";
  return { solve, wrong };
}

/* Make a figure inside `root`. `link` is the kernel's side, or null on a plain page. */
function mountFigure(root, spec, link) {
  const uid = `cgt-${spec.id}-${++figures}`, asked = spec.predict;
  const starts = Object.fromEntries(spec.sliders.map((s) => [s.name, s.at]));
  let values = { ...starts }, guess = null, hidden = Boolean(asked), now = null, ghost = null, settled = null;
  let frame = 0, timer = 0, width = 0, told = "";

  const clip = (s, v) => Math.min(s.high, Math.max(s.low, v));
  const valueAt = (s, place) => {
    if (place <= 0) return s.low;
    if (place >= SLIDER_STEPS) return s.high;
    const share = place / SLIDER_STEPS;
    const v = s.log ? s.low * (s.high / s.low) ** share : s.low + (s.high - s.low) * share;
    return clip(s, Number(v.toPrecision(3)));
  };
  const placeAt = (s, v) => Math.round(SLIDER_STEPS * (s.log ? Math.log(v / s.low) / Math.log(s.high / s.low) : (v - s.low) / (s.high - s.low)));

  /* --- the parts --- */
  const panels = make("div", { class: "cgt-panels" });
  const words = make("p", { class: "cgt-words", role: "status", "aria-live": "polite" });
  const judged = make("p", { class: "cgt-judged", tabindex: "-1" });
  const note = make("span", { class: "cgt-note", role: "status" });
  const rows = make("div", { class: "cgt-table", tabindex: "0", role: "region", "aria-label": "Data of the figure: " + spec.title });
  const data = make("details", {}, make("summary", NO_SHORTCUTS, "Data table"), rows);
  const controls = make("fieldset", { class: "cgt-sliders" }, make("legend", {}, "Move and see"));
  const inputs = spec.sliders.map((s, i) => {
    const id = `${uid}-${i}`;
    const number = make("input", { type: "number", id, min: s.low, max: s.high, step: "any", ...NO_SHORTCUTS });
    const range = make("input", { type: "range", min: 0, max: SLIDER_STEPS, step: 1, "aria-labelledby": id + "l", ...NO_SHORTCUTS });
    const label = make("label", { for: id, id: id + "l" }, `${s.label}${s.unit ? ` (${s.unit})` : ""}`);
    controls.append(make("div", { class: "cgt-slider" }, label, number, range));
    range.addEventListener("input", () => set(s.name, valueAt(s, Number(range.value))));
    number.addEventListener("input", () => {
      const v = number.valueAsNumber;
      if (v >= s.low && v <= s.high) set(s.name, v, number);
    });
    number.addEventListener("change", () => {
      const v = number.valueAsNumber;
      if (!(v >= s.low && v <= s.high)) note.textContent = `${s.label}: from ${said(s.low)} to ${said(s.high)}.`;
      set(s.name, Number.isFinite(v) ? clip(s, v) : values[s.name]);
    });
    return { s, number, range };
  });
  const buttons = make("div", { class: "cgt-buttons" },
    button("Reset", () => { ghost = null; settled = null; take(starts); note.textContent = "The sliders are back where they started."; }));
  if (!link) buttons.append(button("Share", share));
  buttons.append(button("Data (CSV)", saveData), button("Picture (SVG)", savePicture), note);
  const form = asked && questionOf();
  root.replaceChildren(make("p", { class: "cgt-title" }, spec.title), ...(form ? [form] : []), panels, judged, words, controls, buttons, data);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Live figure: " + spec.title);
  root.classList.add("cgt-live");
  root.classList.remove("cgt-still");

  const stop = (why) => { root.replaceChildren(make("p", { class: "cgt-words cgt-bad", role: "alert" }, "This figure cannot be drawn: " + why)); };
  let model;
  try {
    model = modelOf(spec);
  } catch (error) {
    stop(error.message);
    return { stop() {}, take() {} };
  }
  if (model.wrong) {
    stop(model.wrong + ".");
    return { stop() {}, take() {} };
  }
  const drawn = spec.panels.map((panel) => panelOf(spec, panel, panels));

  /* --- a prediction first --- */
  function questionOf() {
    const id = uid + "-guess", unit = asked.unit ? ` (${asked.unit})` : "";
    const input = make("input", { type: "number", id, step: "any", ...NO_SHORTCUTS });
    const made = make("form", { class: "cgt-question" }, make("p", {}, asked.question),
      make("label", { for: id }, "Your guess" + unit), input, button("Show the curve", null, "submit"),
      button("Show without a guess", () => reveal()),
      make("p", { class: "cgt-hint" }, "Type a number, or drag in the picture."));
    input.addEventListener("input", () => { guess = Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : null; soon(); });
    // JupyterLab keeps Enter from submitting a form, so it is heard on the input itself.
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") answered(event); });
    made.addEventListener("submit", answered);
    function answered(event) {
      event.preventDefault();
      if (guess === null) { input.focus(); note.textContent = "Type a number first."; } else reveal();
    }
    made.put = (v) => { guess = Number(v.toPrecision(2)); input.value = guess; soon(); };
    return made;
  }
  function reveal(quiet) {
    if (!hidden) return;
    hidden = false;
    form.hidden = true;
    controls.disabled = false;
    data.hidden = false;
    if (Object.keys(asked.at).length) { ghost = now; values = { ...values, ...asked.at }; }
    now = model.solve(values);
    if (!now.failed) judged.textContent = guess === null ? `The model: ${amount(answerOf(asked, now.times, now.curves), asked.unit)}.` : verdict(guess, answerOf(asked, now.times, now.curves), asked.unit);
    if (!quiet) judged.focus();
    show();
    settle();
  }
  if (form) {
    controls.disabled = true;
    data.hidden = true;
    let held = false;
    for (const panel of drawn.filter((one) => one.shows(asked.curve))) {
      const put = (event) => {
        const [t, v] = panel.at(event);
        if (held && hidden) form.put(asked.kind === "time" ? t : v);
      };
      panel.svg.classList.add("cgt-asks");
      panel.svg.addEventListener("pointerdown", (event) => { held = hidden; if (held) panel.svg.setPointerCapture(event.pointerId); put(event); });
      panel.svg.addEventListener("pointermove", put);
      panel.svg.addEventListener("pointerup", () => { held = false; });
    }
  }

  /* --- moving --- */
  function set(name, value, typed) {
    if (values[name] === value) { show(typed, true); return; }
    ghost = settled;
    values = { ...values, [name]: value };
    soon(typed);
  }
  function take(wanted) {
    const next = { ...values };
    for (const s of spec.sliders) {
      const v = wanted[s.name];
      if (typeof v === "number" && Number.isFinite(v)) next[s.name] = clip(s, v);
    }
    if (spec.sliders.every((s) => next[s.name] === values[s.name])) return;
    ghost = settled;
    values = next;
    soon();
  }
  /* Many events, one frame. */
  function soon(typed) {
    if (!frame) {
      frame = requestAnimationFrame(() => {
        frame = 0;
        now = model.solve(values);
        show(typed);
      });
    }
    clearTimeout(timer);
    timer = setTimeout(settle, 400);
  }
  function show(typed, again) {
    for (const one of inputs) {
      const { s, number, range } = one, v = values[s.name];
      if (v === one.v && !again) continue;
      one.v = v;
      const short = Number(v.toPrecision(5));
      if (number !== typed) number.value = short >= 1e7 ? short.toExponential() : short;
      range.value = placeAt(s, v);
      range.setAttribute("aria-valuetext", amount(v, s.unit));
    }
    if (!width || !now) return;
    const gap = 16, many = drawn.length > 1 && width >= 600 ? 2 : 1;
    const each = Math.floor((width - gap * (many - 1)) / many);
    const failed = Boolean(now.failed);
    root.classList.toggle("cgt-failed", failed);
    drawn.forEach((panel) => {
      const before = hidden ? (Object.keys(asked.at).length ? now : null) : ghost;
      panel.draw(each, failed ? null : now, failed ? null : before, hidden, guess);
      if (failed) panel.say("no curve: " + now.failed);
    });
    if (failed) words.textContent = `The solver stopped here: ${now.failed}. Move a slider back, or press Reset.`;
  }
  /* What need not happen in every frame: words, table, the kernel, the next ghost. */
  function settle() {
    if (!now) return;
    const text = hidden ? `The ${Object.keys(asked.at).length ? "changed " : ""}curve is hidden until you have guessed.`
      : now.failed ? words.textContent : spec.curves.map((c, k) => sentence(spec, c, now.times, now.curves[k])).join(" ");
    if (text !== told) words.textContent = told = text;
    if (!hidden && !now.failed) settled = now;
    if (data.open) tabulate();
    if (link) link.push({ values, guess, shown: hidden ? {} : { failed: now.failed, words: text, times: Array.from(now.times), curves: now.failed ? {} : Object.fromEntries(spec.curves.map((c, k) => [c.key, Array.from(now.curves[k])])) } });
  }

  /* --- taking it along --- */
  const heads = () => [`time (${spec.time})`, ...spec.curves.map((c) => c.name + (c.unit ? ` (${c.unit})` : ""))];
  function tabulate() {
    const body = make("tbody", {}), last = now.times.length - 1, many = 24;
    for (let k = 0; k <= many; k++) {
      const i = Math.round((k * last) / many);
      body.append(make("tr", {}, ...[now.times, ...now.curves].map((v) => make("td", {}, said(v[i])))));
    }
    rows.replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...heads().map((h) => make("th", { scope: "col" }, h)))), body));
  }
  data.addEventListener("toggle", () => { if (data.open && now && !now.failed) tabulate(); });
  function save(text, kind, ending) {
    const url = URL.createObjectURL(new Blob([text], { type: kind }));
    make("a", { href: url, download: `${spec.model}-${spec.id}.${ending}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1e4);
  }
  function saveData() {
    if (hidden || now.failed) { note.textContent = "There is no curve to save yet."; return; }
    const lines = [`# ${spec.title}; ${inputs.map(({ s }) => `${s.name} = ${values[s.name]} ${s.unit}`).join("; ")}`, heads().join(",")];
    now.times.forEach((t, i) => lines.push([t, ...now.curves.map((c) => c[i])].join(",")));
    save(lines.join("\n") + "\n", "text/csv", "csv");
  }
  function savePicture() {
    const look = getComputedStyle(root), whole = shape("svg", { xmlns: "http://www.w3.org/2000/svg", "font-family": "sans-serif", "font-size": 12 });
    const color = (name) => look.getPropertyValue("--cgt-" + name).trim();
    const lines = [0, 1, 2, 3, 4, 5].map((i) => `.c${i}{stroke:${color(i)}}`).join("");
    shape("style", {}, whole, `text{fill:${color("ink")}}.cgt-line,.cgt-ghost,.cgt-axis{fill:none}.cgt-line{stroke-width:2}${lines}.cgt-ghost{stroke:${color("ghost")};stroke-width:2}.cgt-axis{stroke:${color("ink")}}.cgt-grid{stroke:${color("grid")}}.cgt-guess{stroke:${color("guess")};fill:none;stroke-dasharray:6 3}`);
    let high = 0;
    shape("rect", { width: "100%", height: "100%", fill: color("paper") }, whole);
    for (const { svg } of drawn) {
      const copy = svg.cloneNode(true);
      copy.setAttribute("y", high);
      high += Number(svg.getAttribute("height"));
      whole.append(copy);
    }
    whole.setAttribute("width", drawn[0].svg.getAttribute("width"));
    whole.setAttribute("height", high);
    save(new XMLSerializer().serializeToString(whole), "image/svg+xml", "svg");
  }
  function share() {
    const state = new URLSearchParams({ live: spec.id, ...values });
    location.replace("#" + state);
    note.textContent = "The address of this page now holds the sliders.";
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(() => { note.textContent = "The address, with the sliders in it, is copied."; }, () => {});
  }
  function fromAddress() {
    const state = new URLSearchParams(location.hash.slice(1));
    if (state.get("live") !== spec.id) return;
    take(Object.fromEntries(spec.sliders.filter((s) => state.get(s.name)).map((s) => [s.name, Number(state.get(s.name))])));
    root.scrollIntoView();
  }

  /* --- the start --- */
  now = model.solve(values);
  settled = hidden ? null : now;
  const resized = new ResizeObserver(() => {
    const wide = Math.floor(panels.clientWidth);
    if (wide && wide !== width) { width = wide; show(); }
  });
  resized.observe(panels);
  width = Math.floor(panels.clientWidth);
  show();
  if (link) {
    if (link.guess !== null) { guess = link.guess; }
    take(link.values);
  } else {
    addEventListener("hashchange", fromAddress);
    fromAddress();
  }
  settle();
  // The first solves of a script are slow: make them while the reader reads.
  const idle = window.requestIdleCallback || ((work) => setTimeout(work, 200));
  [0.25, 0.5, 0.75].forEach((share) => idle(() => {
    model.solve(Object.fromEntries(spec.sliders.map((s) => [s.name, valueAt(s, share * SLIDER_STEPS)])));
  }));
  const figure = {
    spec,
    solve: model.solve,
    take(wanted, newGuess) {
      take(wanted);
      if (typeof newGuess === "number" && newGuess !== guess) { guess = newGuess; soon(); }
    },
    state: () => ({ values, guess, hidden, words: told, failed: now.failed, steps: now.steps }),
    stop() { resized.disconnect(); clearTimeout(timer); cancelAnimationFrame(frame); removeEventListener("hashchange", fromAddress); },
  };
  root.cgtLive = figure;
  return figure;
}

/* Every figure of a plain page. */
function mountPage() {
  for (const root of document.querySelectorAll(".cgt-still")) {
    mountFigure(root, JSON.parse(root.querySelector("script[type='application/json']").textContent), null);
  }
}

/* The widget's view. */
function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  let live = null;
  const figure = mountFigure(root, model.get("_spec"), {
    values: model.get("values"),
    guess: model.get("guess"),
    push(state) {
      if (!live) return;
      for (const name in state) model.set(name, state[name]);
      model.save_changes();
    },
  });
  live = figure;
  const changed = () => figure.take(model.get("values"), model.get("guess"));
  model.on("change:values", changed);
  model.on("change:guess", changed);
  return () => { model.off("change:values", changed); model.off("change:guess", changed); figure.stop(); };
}
