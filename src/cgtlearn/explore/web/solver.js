/* Solve a traced model in the browser: Rodas5P, one method for stiff and non-stiff courses.
 *
 * G. Steinebach, Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within
 * the Julia Differential Equations package, BIT Numer. Math. 63, 27 (2023). Order 5, stiffly
 * accurate, with a continuous extension of order 4. A model is the object that
 * cgtlearn.trace.javascript writes.
 */
/* The method's coefficients, GAMMA, A (the first six rows), C, WHEN, D and H, stand once, in
 * cgtlearn.solve.stiff; cgtlearn.explore.web writes them above this line. */
const STAGES = 8;
const SLIVER = 1e-8;
const MOST_STEPS = 4000;
const MOST_EVENTS = 1000;

/* LU factors of the n x n matrix m, in place, with the rows exchanged for the largest pivot. */
function factor(m, n, order) {
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(m[i * n + k]) > Math.abs(m[best * n + k])) best = i;
    }
    order[k] = best;
    if (best !== k) {
      for (let j = 0; j < n; j++) {
        const kept = m[k * n + j];
        m[k * n + j] = m[best * n + j];
        m[best * n + j] = kept;
      }
    }
    const pivot = m[k * n + k];
    if (!pivot) return false; // zero or NaN
    for (let i = k + 1; i < n; i++) {
      const weight = (m[i * n + k] /= pivot);
      if (weight) for (let j = k + 1; j < n; j++) m[i * n + j] -= weight * m[k * n + j];
    }
  }
  return true;
}

/* x += a y */
function add(x, a, y) {
  for (let i = 0; i < x.length; i++) x[i] += a * y[i];
}

function substitute(m, n, order, x) {
  for (let k = 0; k < n; k++) {
    const kept = x[order[k]];
    x[order[k]] = x[k];
    x[k] = kept;
  }
  for (let i = 1; i < n; i++) for (let j = 0; j < i; j++) x[i] -= m[i * n + j] * x[j];
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) x[i] -= m[i * n + j] * x[j];
    x[i] /= m[i * n + i];
  }
}

/* Solve `model` for the parameter values p at the rising times, from time 0 on.
 *
 * logs[i] says that state i is solved as its logarithm. Returns {z, outputs, steps, failed}: the
 * states as solved (T x n), the outputs (T x m), the steps taken, and why it failed ("" if it did
 * not). At a switch or a dose the value is the one just after it.
 */
function solveModel(model, p, times, logs, m, events = [], rtol = 3e-7, logTol = 2e-8) {
  const n = model.n, many = times.length, set = model.s(p);
  const z = new Float64Array(n), next = new Float64Array(n), stage = new Float64Array(n);
  const at = new Float64Array(n), slope = new Float64Array(n), byTime = new Float64Array(n);
  const J = new Float64Array(n * n), W = new Float64Array(n * n), order = new Int32Array(n);
  const u = new Float64Array(n), peak = new Float64Array(n);
  const rows = (many) => Array.from({ length: many }, () => new Float64Array(n));
  const k = rows(STAGES), bend = rows(3);
  const out = new Float64Array(many * n), outputs = new Float64Array(many * m);
  const natural = (i) => (logs[i] ? Math.exp(z[i]) : z[i]);
  const put = (i, y) => { z[i] = logs[i] ? Math.log(y) : y; };
  const result = { z: out, outputs, steps: 0, failed: "" };
  const end = times[many - 1];
  const edges = [0, end, ...set.w, ...set.d.flatMap(([t, , , length]) => [t, t + length])];
  const stops = [...new Set(edges.filter((t) => t >= 0 && t <= end))].sort((a, b) => a - b);
  const phaseAt = (t) => set.w.reduce((passed, moment) => passed + (moment <= t), 0);
  const row = new Float64Array(Math.max(m, events.length, n));
  let written = 0;

  const write = (t, state, phase) => {
    for (let i = 0; i < n; i++) out[written * n + i] = state[i];
    model.g(t, state, set.c, phase, row);
    for (let i = 0; i < m; i++) outputs[written * m + i] = row[i];
    written += 1;
  };
  const fail = (why) => {
    result.failed = why;
    out.fill(NaN);
    outputs.fill(NaN);
    return result;
  };
  const crossings = (t, state, phase) => {
    model.e(t, state, set.c, phase, row);
    return Array.from(row.subarray(0, events.length));
  };

  // The state inside the step just made; the weights of its curve are summed once a step.
  let bent = false;
  const inside = (share) => {
    const rest = 1 - share;
    for (let i = 0; i < n; i++) {
      if (!bent) {
        for (let w = 0; w < 3; w++) {
          let sum = 0;
          for (let q = 0; q < STAGES; q++) sum += H[w][q] * k[q][i];
          bend[w][i] = sum;
        }
      }
      const curved = bend[0][i] + share * (bend[1][i] + share * bend[2][i]);
      stage[i] = rest * z[i] + share * (next[i] + rest * curved);
    }
    bent = true;
    return stage;
  };

  set.y0.forEach((y, i) => put(i, y));
  for (let s = 0; s < stops.length; s++) {
    let t = stops[s];
    const stop = s + 1 < stops.length ? stops[s + 1] : t, phase = phaseAt(t);
    u.fill(0);
    for (const [when, i, amount, length] of set.d) {
      if (length === 0 && when === t) put(i, natural(i) + amount);
      if (length > 0 && when <= t && t < when + length) u[i] += amount / length;
    }
    for (let i = 0; i < n; i++) if (!logs[i]) peak[i] = Math.max(peak[i], Math.abs(z[i]));
    if (!z.every(Number.isFinite)) return fail("a state left the range of numbers");
    while (written < many && times[written] <= t) write(t, z, phase);

    let h = (stop - t) / 100, rejected = false, fired = 0;
    model.f(t, z, set.c, phase, u, slope);
    for (let i = 0; i < n; i++) {
      // A first step in which no state changes by more than about a thousandth.
      const size = logs[i] ? 1 : Math.max(Math.abs(z[i]), peak[i]);
      if (slope[i] && size) h = Math.min(h, (1e-3 * size) / Math.abs(slope[i]));
    }
    while (t < stop) {
      if (++result.steps > MOST_STEPS) return fail("it needs too many steps");
      const last = t + h >= stop * (1 - 1e-14);
      if (last) h = stop - t;
      model.f(t, z, set.c, phase, u, slope);
      const asleep = slope.map((v, i) => !(v || z[i] || peak[i] || logs[i]));
      J.fill(0);
      byTime.fill(0);
      model.j(t, z, set.c, phase, u, J, byTime);
      for (let i = 0; i < n * n; i++) W[i] = -J[i];
      for (let i = 0; i < n; i++) W[i * n + i] += 1 / (h * GAMMA);
      let error = factor(W, n, order) ? 0 : NaN;
      for (let q = 0; q < STAGES && error === 0; q++) {
        if (q) {
          // The last two stages only add the stage before.
          if (q < 6) at.set(z);
          for (let r = q < 6 ? 0 : q - 1; r < q; r++) add(at, q < 6 ? A[q][r] : 1, k[r]);
          model.f(t + WHEN[q] * h, at, set.c, phase, u, slope);
        }
        stage.set(slope);
        add(stage, h * D[q], byTime);
        for (let r = 0; r < q; r++) add(stage, C[q][r] / h, k[r]);
        substitute(W, n, order, stage);
        k[q].set(stage);
      }
      for (let i = 0; i < n && error === error; i++) {
        next[i] = at[i] + k[7][i];
        const size = Math.max(Math.abs(z[i]), Math.abs(next[i]));
        const allowed = logs[i] ? logTol * (1 + size)
          : rtol * size + 1e-15 * Math.max(peak[i], size) + 1e-300;
        // A state that was zero so far has no size to compare with in its first, tiny step. One
        // that leaves zero within the step, behind a threshold, may do so in a very short step only.
        const share = z[i] || logs[i] || peak[i] ? Math.abs(k[7][i]) / allowed
          : asleep[i] && next[i] && h > SLIVER * end ? Infinity : 0;
        error = share > error || share !== share ? share : error;
      }
      if (!(error <= 1)) {
        h *= error > 1 && error < Infinity ? Math.max(0.2, 0.9 * error ** -0.2) : 0.2;
        rejected = true;
        if (t + h === t || h < 1e-14 * end) return fail("its steps became too small");
        continue;
      }
      const after = last ? stop : t + h;
      bent = false;
      let reach = 1, which = -1;
      if (events.length) {
        const before = crossings(t, z, phase), later = crossings(after, next, phase);
        events.forEach((direction, e) => {
          const up = before[e] < 0 && later[e] >= 0, down = before[e] > 0 && later[e] <= 0;
          if (!(up && direction >= 0) && !(down && direction <= 0)) return;
          let low = 0, high = reach;
          if ((crossings(t + high * h, inside(high), phase)[e] < 0) === before[e] < 0) return;
          for (let i = 0; i < 60; i++) {
            const middle = (low + high) / 2;
            const value = crossings(t + middle * h, inside(middle), phase)[e];
            if (value < 0 === before[e] < 0 && value !== 0) low = middle;
            else high = middle;
          }
          reach = high;
          which = e;
        });
      }
      const reached = which < 0 ? after : t + reach * h;
      while (written < many && times[written] < reached) {
        write(times[written], inside((times[written] - t) / h), phase);
      }
      if (which < 0) z.set(next);
      else {
        z.set(inside(reach));
        model.x(which, reached, z, set.c, phase, row);
        for (let i = 0; i < n; i++) put(i, row[i]);
        if (++fired > MOST_EVENTS) return fail("too many events follow each other");
      }
      t = reached;
      for (let i = 0; i < n; i++) if (!logs[i]) peak[i] = Math.max(peak[i], Math.abs(z[i]));
      const growth = error > 0 ? 0.9 * error ** -0.2 : 6;
      h *= Math.min(rejected ? 1 : 6, Math.max(0.2, growth));
      rejected = false;
      if (which >= 0) h = Math.min(h, (stop - t) / 100 || h);
    }
  }
  if (!outputs.every(Number.isFinite)) return fail("an output is not a number");
  return result;
}
