/* A figure in words: the template of words.py, once more, because it is said anew at each change. */
const TRACE = 1e-9; // of the peak: below it stands a solver's noise
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const raised = (power) => String(power).replace(/-/, "⁻").replace(/\d/g, (d) => RAISED[d]);

/* Three digits: 24,000, 0.16, 3.5 × 10¹³. */
function said(value) {
  if (!value) return "0";
  const [digits, tens] = value.toExponential(2).split("e"), power = Number(tens);
  if (power >= 9 || power < -3) return `${Number(digits)} × 10${raised(power)}`;
  const rounded = Number(value.toPrecision(3));
  return power >= 4 ? rounded.toLocaleString("en-US") : String(rounded);
}
const amount = (value, unit) => said(value) + (unit ? " " + unit : "");

/* The first place where the rising times have reached t. */
const placeOf = (times, t) => Math.max(0, times.findIndex((one) => one >= t));
const topOf = (values) => values.reduce((best, v, i) => (v > values[best] ? i : best), 0);

function sentence(spec, { name, unit, span: [low, high] }, allTimes, allValues) {
  const within = (_, i) => allTimes[i] >= low && allTimes[i] <= high;
  const times = allTimes.filter(within), values = allValues.filter(within);
  const last = times.length - 1, top = topOf(values);
  const moment = (i) => `${spec.clock} ${times[i] < 1000 ? said(times[i]) : Math.round(times[i])}`;
  if (values.every((v) => v === values[0])) return `${name}: ${amount(values[0], unit)} throughout.`;
  const on = spec.clock === "day" ? "on" : "at";
  const place = !top ? "highest at the start, " : top === last ? "highest at the end, " : "peak ";
  let text = `${name}: ${place}${amount(values[top], unit)} ${on} ${moment(top)}`;
  const { reference } = spec, asked = reference !== null && reference >= low && reference <= high;
  const where = asked ? placeOf(times, reference) : top === last ? 0 : last;
  if (where !== top && values[where] > TRACE * values[top]) {
    text += `, ${said(values[top] / values[where])}-fold above ${moment(where)}`;
    if (where === last) return `${text} (${amount(values[last], unit)}).`;
  }
  if (top !== last) {
    const small = values[last] && Math.abs(values[last]) < TRACE * values[top];
    text += `; ${small ? "next to nothing" : amount(values[last], unit)} ${on} ${moment(last)}`;
  }
  return text + ".";
}

function answerOf({ kind, curve, time }, times, curves) {
  const values = curves[curve];
  if (kind === "at") return values[placeOf(times, time)];
  return kind === "time" ? times[topOf(values)] : values[topOf(values)];
}

function verdict(guess, model, unit) {
  const text = `Your guess: ${amount(guess, unit)}. The model: ${amount(model, unit)}.`;
  if (!(guess > 0 && model > 0)) return text;
  const ratio = Math.max(guess / model, model / guess);
  if (ratio < 1.05) return text + " You are within 5 %.";
  if (ratio === Infinity) return text;
  return `${text} Your guess is ${said(ratio)}-fold too ${guess > model ? "high" : "low"}.`;
}
