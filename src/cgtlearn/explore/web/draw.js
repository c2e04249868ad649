/* Panels as SVG: axes that fit the values, curves, a ghost, a guess. */
const DASHES = ["", "8 4", "2 3", "9 3 2 3", "5 2", "1 2"];

function shape(tag, attributes, parent, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.append(made);
  return made;
}

/* Round steps between low and high: 1, 2 or 5 times a power of ten, about `many` of them. */
function stepOf(low, high, many) {
  const rough = (high - low) / many, ten = 10 ** Math.floor(Math.log10(rough));
  return ten * ([1, 2, 5].find((k) => k * ten >= rough) || 10);
}

function linearTicks(low, high, many) {
  const step = stepOf(low, high, many), ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12); i++) {
    const at = Number((i * step).toPrecision(12));
    const size = Math.abs(at);
    ticks.push([at, size >= 1e9 ? said(at) : size >= 1e4 ? at.toLocaleString("en-US") : String(at)]);
  }
  return ticks;
}

function logTicks(low, high, many) {
  const from = Math.ceil(Math.log10(low) - 1e-9), to = Math.floor(Math.log10(high) + 1e-9), ticks = [];
  if (to - from < 2) {
    for (let e = from - 1; e <= to; e++) {
      for (const k of [1, 2, 5]) {
        const at = k * 10 ** e;
        if (at >= low * 0.999 && at <= high * 1.001) ticks.push([at, said(at)]);
      }
    }
    return ticks;
  }
  const step = Math.ceil((to - from) / many);
  for (let e = from; e <= to; e += step) {
    ticks.push([10 ** e, e > 5 || e < -3 ? "10" + raised(e) : said(10 ** e)]);
  }
  return ticks;
}

/* The ends of the y axis for these values; `room` leaves place for a guess. */
function yEnds(panel, sets, room) {
  if (panel.y) return panel.y;
  let low = Infinity, high = 0;
  for (const values of sets) {
    for (const v of values) {
      if (v > high) high = v;
      if (v < low && (v > 0 || !panel.ylog)) low = v;
    }
  }
  if (panel.ylog) {
    if (!(high > 0)) return [0.1, 1];
    const top = Math.ceil(Math.log10(high) - 1e-9);
    let bottom = Math.max(Math.floor(Math.log10(low) + 1e-9), top - 7);
    if (bottom === top) bottom -= 1;
    return room ? [10 ** (bottom - 1), 10 ** (top + 2)] : [10 ** bottom, 10 ** top];
  }
  if (room) high *= 2.5;
  if (low > 0 || low === Infinity) low = 0;
  if (high <= low) high = low + 1;
  const step = stepOf(low, high, 5);
  return [step * Math.floor(low / step + 1e-9), step * Math.ceil(high / step - 1e-9)];
}

function scaleOf([low, high], log, from, to) {
  const f = log ? Math.log : (v) => v, a = f(low), k = (to - from) / (f(high) - a);
  const put = (v) => from + k * (f(v) - a);
  put.back = (place) => { const v = a + (place - from) / k; return log ? Math.exp(v) : v; };
  return put;
}

function pathOf(times, values, x, y, log) {
  let text = "", pen = "M";
  for (let i = 0; i < times.length; i++) {
    if (log && !(values[i] > 0)) { pen = "M"; continue; }
    text += pen + Math.round(x(times[i]) * 10) / 10 + " " + Math.round(y(values[i]) * 10) / 10;
    pen = "L";
  }
  return text;
}

/* One panel. draw(...) moves the curves, and makes the axes anew only where they changed. */
function panelOf(spec, panel, box) {
  const svg = shape("svg", { role: "img", class: "cgt-panel" });
  const shown = panel.show.map((k) => spec.curves[k]), many = shown.length > 1;
  const what = many ? shown.map((c) => c.name).join(", ") : shown[0].label;
  const unit = shown[0].unit ? ` (${shown[0].unit})` : "";
  const label = (panel.title ? panel.title + ": " : "") + what + unit;
  svg.setAttribute("aria-label", label + " over time; described in words below");
  box.append(svg);
  let drawn = "", haunted = null, plot, lines, ghosts, mark, x, y, left, top, W;
  /* Times and curves of this panel's window. */
  function cut(set) {
    if (!set) return null;
    const { times } = set, from = placeOf(times, panel.x[0]);
    let to = times.length;
    while (times[to - 1] > panel.x[1]) to--;
    return [times, ...panel.show.map((k) => set.curves[k])].map((v) => v.subarray(from, to));
  }

  function axes(width, ends) {
    svg.replaceChildren();
    W = width;
    const H = Math.round(Math.max(230, Math.min(300, width * 0.62)));
    const yTicks = (panel.ylog ? logTicks : linearTicks)(ends[0], ends[1], 6);
    const xTicks = (panel.xlog ? logTicks : linearTicks)(panel.x[0], panel.x[1], width < 420 ? 4 : 6);
    left = 16 + 6.6 * Math.max(...yTicks.map((t) => t[1].length));
    const rows = [], room = Math.floor((width - 8) / 6.5);
    for (const word of (many ? (panel.title ? panel.title + ": " : "") + "levels" + unit : label).split(" ")) {
      const row = rows[rows.length - 1];
      if (row !== undefined && (row + word).length < room) rows[rows.length - 1] += " " + word;
      else rows.push(word);
    }
    rows.forEach((row, i) => shape("text", { x: 2, y: 14 + 16 * i }, svg, row));
    top = 8 + 16 * rows.length;
    if (many) {
      let at = 2;
      shown.forEach((c, i) => {
        const length = 44 + 7 * c.name.length;
        if (at > 2 && at + length > width) { at = 2; top += 18; }
        shape("line", { x1: at, x2: at + 26, y1: top + 6, y2: top + 6, class: "cgt-line c" + i, "stroke-dasharray": DASHES[i % 6] }, svg);
        shape("text", { x: at + 31, y: top + 10 }, svg, c.name);
        at += length;
      });
      top += 20;
    }
    const right = width - 14, bottom = H - 40;
    svg.setAttribute("viewBox", `0 0 ${width} ${H}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", H);
    x = scaleOf(panel.x, panel.xlog, 0, right - left);
    y = scaleOf(ends, panel.ylog, bottom - top, 0);
    for (const [v, text] of yTicks) {
      const at = top + y(v);
      shape("line", { x1: left, x2: right, y1: at, y2: at, class: "cgt-grid" }, svg);
      shape("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, svg, text);
    }
    for (const [v, text] of xTicks) {
      const at = left + x(v);
      shape("line", { x1: at, x2: at, y1: top, y2: bottom, class: "cgt-grid" }, svg);
      shape("text", { x: at, y: bottom + 17, "text-anchor": "middle" }, svg, text);
    }
    shape("path", { d: `M${left} ${top}V${bottom}H${right}`, class: "cgt-axis" }, svg);
    shape("text", { x: (left + right) / 2, y: H - 5, "text-anchor": "middle" }, svg, `time (${spec.time})`);
    // An inner svg clips what leaves the axes.
    plot = shape("svg", { x: left, y: top, width: right - left, height: bottom - top, overflow: "hidden" }, svg);
    ghosts = shown.map(() => shape("path", { class: "cgt-ghost" }, plot));
    lines = shown.map((_, i) => shape("path", { class: "cgt-line c" + i, "stroke-dasharray": DASHES[i % 6] }, plot));
    mark = shape("g", {}, plot);
  }

  return {
    svg,
    shows: (curve) => panel.show.includes(curve),
    /* Where a pointer is, as [time, value]. */
    at(event) {
      const frame = svg.getBoundingClientRect(), k = W / frame.width;
      return [x.back((event.clientX - frame.left) * k - left), y.back((event.clientY - frame.top) * k - top)];
    },
    draw(width, now, before, hidden, guess) {
      const mine = cut(now), old = cut(before);
      const ends = yEnds(panel, [mine, old].flatMap((one) => (one ? one.slice(1) : [])), hidden);
      const wanted = width + ":" + ends;
      if (wanted !== drawn) { axes(width, ends); drawn = wanted; haunted = null; }
      const put = (paths, set) => paths.forEach((path, i) => path.setAttribute("d", set ? pathOf(set[0], set[i + 1], x, y, panel.ylog) : ""));
      put(lines, hidden ? null : mine);
      if (haunted !== before) { put(ghosts, old); haunted = before; }
      mark.replaceChildren();
      const asked = spec.predict;
      if (guess === null || !asked || !panel.show.includes(asked.curve)) return;
      const far = 1e4, gx = asked.kind === "peak" ? 0 : x(asked.kind === "at" ? asked.time : guess);
      const gy = asked.kind === "time" ? 14 : y(guess);
      if (!Number.isFinite(gx + gy)) return;
      const line = asked.kind === "time" ? { x1: gx, x2: gx, y1: 0, y2: far } : { x1: 0, x2: far, y1: gy, y2: gy };
      shape("line", { ...line, class: "cgt-guess" }, mark);
      if (asked.kind === "at") shape("circle", { cx: gx, cy: gy, r: 5, class: "cgt-guess" }, mark);
      shape("text", { x: asked.kind === "time" ? gx + 5 : 5, y: gy < 18 ? gy + 14 : gy - 5 }, mark, "your guess");
    },
    say(text) {
      lines.forEach((line) => line.removeAttribute("d"));
      drawn = "";
      mark.replaceChildren();
      shape("text", { x: 10, y: 24 }, mark, text);
    },
  };
}
