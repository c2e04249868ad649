/* Exercises answered on the page: the rules of cgtlearn.exercises.judging, forms, and what was done so far.
   `judge` and Python's judge give the same verdicts and the same words; a test compares the two. */
"use strict";
(() => {

  // --- numbers in Python's words -----------------------------------------------------------------

  /* The digits and the power of ten of a number, rounded half to even on its exact value. */
  function rounded(value, digits) {
    const exact = Math.abs(value).toExponential(60).split("e");
    const all = exact[0].replace(".", "");
    const head = all.slice(0, digits);
    if (/^50*$/.test(all.slice(digits)) && Number(head[digits - 1]) % 2 === 0) return [head, Number(exact[1])];
    const [text, power] = Math.abs(value).toExponential(digits - 1).split("e");
    return [text.replace(".", ""), Number(power)];
  }

  /* A number in plain notation, as digits times a power of ten. */
  function plain(digits, power) {
    const whole = power < 0 ? "0" : digits.slice(0, power + 1).padEnd(power + 1, "0");
    const part = power < 0 ? "0".repeat(-power - 1) + digits : digits.slice(power + 1);
    return [whole, part.replace(/0+$/, "")];
  }

  const scientific = (digits, power) =>
    (digits.length > 1 ? digits[0] + "." + digits.slice(1) : digits) +
    (power < 0 ? "e-" : "e+") + String(Math.abs(power)).padStart(2, "0");

  function unusual(value) {
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    return value === 0 ? (Object.is(value, -0) ? "-0" : "0") : "";
  }

  /* Four significant digits, thousands with a comma. */
  function formatNumber(value) {
    if (unusual(value)) return unusual(value);
    const sign = value < 0 ? "-" : "";
    const size = Number(Math.abs(value).toExponential(60).split("e")[1]);
    const [digits, power] = rounded(value, 4);
    if (size < -4 || size > 9) return sign + scientific(digits, power);
    const [whole, part] = plain(digits, power);
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ",") + (part ? "." + part : "");
  }

  /* Python's "%g". */
  function general(value) {
    if (unusual(value)) return unusual(value);
    const [digits, power] = rounded(value, 6);
    const sign = value < 0 ? "-" : "";
    if (power < -4 || power > 5) return sign + scientific(digits.replace(/0+$/, "") || "0", power);
    const [whole, part] = plain(digits, power);
    return sign + whole + (part ? "." + part : "");
  }

  // --- judging -----------------------------------------------------------------------------------

  const flat = (value) => (Array.isArray(value) ? value.flatMap(flat) : [Number(String(value).replace("inf", "Infinity"))]);

  /* Largest relative error, beyond `slack`; infinite where one of the two is not finite. */
  function errorOf(given, expected, slack) {
    let worst = 0;
    for (let i = 0; i < given.length; i++) {
      const one = given[i], other = expected[i];
      if (one === other || (Number.isNaN(one) && Number.isNaN(other))) continue;
      if (!Number.isFinite(one) || !Number.isFinite(other)) return Infinity;
      const gap = Math.max(Math.abs(one - other) - slack, 0);
      worst = Math.max(worst, other !== 0 ? gap / Math.abs(other) : gap > 0 ? Infinity : 0);
    }
    return worst;
  }

  const TRANSFORMS = {
    "multiply": (value, constant) => value * constant,
    "power": (value, constant) => Math.pow(value, constant),
    "log": (value, constant) => Math.log(value) / Math.log(constant),
    "complement": (value, constant) => constant - value,
    "cv-of-sd": (value) => Math.sqrt(Math.exp(value ** 2) - 1),
    "sd-of-cv": (value) => Math.sqrt(Math.log(1 + value ** 2)),
  };
  const TINY = 2.2250738585072014e-308;
  const farthest = (given, wanted) => Math.max(...given.map((x, i) => Math.abs(x - wanted[i]) / Math.max(Math.abs(wanted[i]), TINY)));

  /* Relative distance of what was given from what a slip gives; infinite where that says nothing. */
  function distance(given, made, right, apart) {
    const gap = Math.max(...made.map((x, i) => Math.abs(x - right[i]) / Math.max(Math.abs(right[i]), TINY)));
    return made.every(Number.isFinite) && !(gap < apart) ? farthest(given, made) : Infinity;
  }

  /* Every shared transform that may be tried, in the table's order: [key, operation, constant]. */
  function transforms(right, unit, slips) {
    const plain = !unit || unit === "1";
    const share = plain && right.every((x) => x >= 0 && x <= 1);
    const spread = plain && right.every((x) => x > 0 && x <= 3);
    const allowed = {"complement": share, "cv-of-sd": spread, "sd-of-cv": spread};
    return Object.keys(slips.slips).flatMap((key) => (slips.slips[key].transforms || [])
      .filter((one) => allowed[one.operation] !== false)
      .map((one) => [key, one.operation, one.constant]));
  }

  const comparable = (given, right) => [...given, ...right].every(Number.isFinite) &&
    !given.every((x) => x === 0) && !right.every((x) => x === 0);

  /* The key of the shared slip that turns every right number into the given one, or null. */
  function explain(given, right, unit, slips) {
    let best = null, least = slips.tolerances.single;
    if (!comparable(given, right)) return best;
    for (const [key, operation, constant] of transforms(right, unit, slips)) {
      const error = distance(given, right.map((x) => TRANSFORMS[operation](x, constant)), right, slips.tolerances.apart);
      if (error < least) { best = key; least = error; }
    }
    return best;
  }

  /* The two slips behind an answer, [place of a listed one or key, key], or null. */
  function explainPair(given, right, unit, slips, listed) {
    let best = null, least = slips.tolerances.pair;
    if (!comparable(given, right)) return best;
    const every = transforms(right, unit, slips);
    const starts = listed.map((one, i) => [i, one.slip, flat(one.answer)]).filter((one) => one[2].every(Number.isFinite));
    for (const [key, operation, constant] of every) starts.push([key, key, right.map((x) => TRANSFORMS[operation](x, constant))]);
    for (const [start, key, made] of starts)
      for (const [second, operation, factor] of every) {
        const family = slips.slips[key].family || "", other = slips.slips[second].family || "";
        if (operation !== "multiply" || !["time", "size", "sign"].includes(other)) continue;
        if (second === key || (family === other && family !== "time")) continue;
        const error = distance(given, made.map((x) => x * factor), right, slips.tolerances.apart);
        if (error < least) { best = [start, second]; least = error; }
      }
    return best;
  }

  function direction(given, right) {
    if (given * right < 0) return "It has the opposite sign.";
    if (right === 0) return given > 0 ? "It is too large." : "It is too small.";
    const ratio = Math.abs(given / right);
    const size = ratio > 1 ? "large" : "small";
    if (ratio > 10 || ratio < 0.1) return `It is more than ten times too ${size}.`;
    if (ratio > 2) return `It is more than twice too ${size}.`;
    if (ratio < 0.5) return "It is less than half.";
    return ratio > 0.95 && ratio < 1.05 ? `It is a little too ${size}, by less than 5 %.` : `It is somewhat too ${size}.`;
  }

  function expected(spec) {
    const keys = (texts) => Object.keys(texts).map((key) => `"${key}"`).join(", ");
    const unit = spec.unit && spec.unit !== "1" ? ` in ${spec.unit}` : "";
    if (spec.type === "number") return `Expected: one plain number${unit}.`;
    if (spec.type === "array") return `Expected: a list or array of ${spec.value.length} numbers${unit}.`;
    if (spec.type === "choice") return `Expected: one of ${keys(spec.options)}.`;
    return `Expected: a list of the keys ${keys(spec.lines)} in your order` +
      (Object.keys(spec.lines).length === spec.right.length ? "." : "; not all of them belong.");
  }

  /* The verdict on an answer: a number, an array of numbers, a key, or an array of keys. */
  function judge(exercise, answer, slips) {
    const spec = exercise.answer;
    const next = `Ask hint("${exercise.id}") for a first step.`;
    const told = (status, message, ...misconceptions) => ({status, message: message.trim(), misconceptions});
    const right = (given) => told("right", `${given} ${spec.when_right || ""}`);
    const advice = (key) => slips.slips[key].advice;
    const listed = (given, entry) => told("wrong", `${given} ${entry.message} ${entry.try || advice(entry.slip)}`, entry.slip);

    if (spec.type === "text") return judgeText(exercise, answer, told, advice, next, slips.words);

    if (spec.type === "choice") {
      const given = `You chose "${answer}".`;
      return answer === spec.right ? right(given) : listed(given, exercise.wrong.find((entry) => entry.answer === answer));
    }

    if (spec.type === "order") {
      const same = (keys) => keys.join("\n") === answer.join("\n");
      const missing = Object.keys(spec.lines).find((key) => spec.right.includes(key) && !answer.includes(key));
      if (missing) return told("invalid", `"${missing}" is missing. ${expected(spec)}`);
      const given = `You gave ${answer.join(", ")}.`;
      const orders = [spec.right, ...spec.also];
      if (orders.some(same)) return right(given);
      const entry = exercise.wrong.find((one) => same(one.answer));
      if (entry) return listed(given, entry);
      const fitting = Math.max(...orders.map((keys) => answer.findIndex((key, i) => key !== keys[i])));
      const placed = fitting ? `${fitting} of ${spec.right.length} stand` : "Nothing stands";
      return told("wrong", `${given} ${placed} in place; look at "${answer[fitting]}". Ask of each line what it needs before it can run or happen. ${next}`);
    }

    const one = spec.type === "number";
    const numbers = one ? [answer] : answer;
    const values = flat(spec.value);
    const bad = numbers.findIndex((x) => !Number.isFinite(x));
    if (one && Number.isNaN(answer)) return told("invalid", "You gave NaN, not a number. Look for 0/0, the logarithm of a negative number, or a NaN in the data.");
    if (one && bad >= 0) return told("invalid", "You gave an infinite number. Look for a division by zero or an overflow.");
    if (spec.untouched !== undefined && errorOf(numbers, flat(spec.untouched), 0) <= 1e-9)
      return told("not attempted", "The code is as it was given. Change it, then run the cell again.");
    const unit = spec.unit !== "1" && spec.unit ? " " + spec.unit : "";
    const given = one ? `You gave ${formatNumber(answer)}${unit}.`
      : `You gave ${numbers.slice(0, 6).map(formatNumber).join(", ")}${numbers.length > 6 ? ", ..." : ""}.`;
    const error = errorOf(numbers, values, spec.atol);
    if (error <= spec.rtol) return right(given);

    const named = (numbers) => {
      const [low, high] = slips.tolerances.listed;
      let best = null, least = Math.min(Math.max(spec.rtol, low), high);
      for (const entry of exercise.wrong) {
        const off = errorOf(numbers, flat(entry.answer), 0);
        if (best ? off < least : off <= least) { best = entry; least = off; }
      }
      return best;
    };
    let entry = named(numbers);
    if (entry) return listed(given, entry);
    if (bad >= 0) return told("invalid", `Element ${bad} (counted from 0) is not a finite number. Look for 0/0, a division by zero or the logarithm of a negative number.`);
    const key = spec.shared_slips ? explain(numbers, values, spec.unit, slips) : null;
    if (key) return told("wrong", `${given} ${slips.slips[key].comes_about} ${advice(key)}`, key);
    if (one && !unit && spec.shared_slips) {
      entry = named([answer / 100]);
      if (entry) return listed(`${given} A fraction is asked for: read as a percent, this is ${general(answer / 100)}.`, entry);
    }
    const two = spec.shared_slips ? explainPair(numbers, values, spec.unit, slips, exercise.wrong) : null;
    if (two) {
      const entry = exercise.wrong[two[0]], first = entry ? entry.slip : two[0], second = slips.slips[two[1]];
      const help = (entry && entry.try) || advice(first);
      return told("wrong", `${given} Two slips together lead to this. One: ${entry ? entry.message : slips.slips[first].name + "."} ` +
        `The other: ${second.name}. ${help}${help === second.advice ? "" : " " + second.advice}`, first, two[1]);
    }
    if (!one) {
      const off = numbers.map((x, i) => errorOf([x], [values[i]], spec.atol) > spec.rtol);
      const first = off.indexOf(true);
      return told("wrong", `${given} ${off.filter((x) => !x).length} of ${values.length} elements fit. Element ${first} (from 0): ` +
        `${direction(numbers[first], values[first])} Work that one out by hand. ${next}`);
    }
    return told("wrong", `${given} ${direction(answer, values[0])} ${error < 0.03 ? "Was a number rounded too early? " : ""}No usual slip leads to this number. ` +
      `${unit ? "Write down each factor with its unit and cancel the units." : "Write the formula down and put the numbers in one by one."} ${next}`);
  }

  // --- texts: ideas in a learner's own words -----------------------------------------------------

  function sentences(text) {
    const plain = text.replace(/\u2019/g, "'").normalize("NFKD").toLowerCase().replace(/\p{Mn}/gu, "")
      .replace(/n't/g, " not").replace(/cannot/g, "can not");
    return plain.split(/[.!?;:](?=\s|$)|\n[ \t]*\n/).map((part) => part.match(/[a-z0-9]+|%/g)).filter(Boolean);
  }

  const fits = (word, term) => term.split("|").some((one) => (one.endsWith("*") ? word.startsWith(one.slice(0, -1)) : word === one));

  /* The place of the last term when the terms from `term` on stand in order after `last`, or -1. */
  function reach(words, terms, term, last, gap) {
    if (term === terms.length) return last;
    for (let place = last + 1; place < Math.min(last + gap + 2, words.length); place++)
      if (fits(words[place], terms[term])) {
        const end = reach(words, terms, term + 1, place, gap);
        if (end >= 0) return end;
      }
    return -1;
  }

  /* Is the pattern in one of the sentences, and not denied there? */
  function present(pattern, text, rules) {
    const terms = pattern.split(/\s+/).filter(Boolean);
    const negative = terms.some((term) => term.split("|").some((one) => rules.negations.includes(one)));
    return text.some((words) => words.some((word, start) => {
      const end = fits(word, terms[0]) ? reach(words, terms, 1, start, rules.gap) : -1;
      return end >= 0 && (negative || !words.slice(Math.max(start - rules.reach, 0), end).some((one) => rules.negations.includes(one)));
    }));
  }

  function judgeText(exercise, answer, told, advice, next, rules) {
    const spec = exercise.answer, honest = "This check looks for ideas; it cannot judge your prose.";
    if ([...answer].length > rules.longest) return told("invalid", `Your text has ${[...answer].length.toLocaleString("en")} characters. A few sentences will do.`);
    const text = sentences(answer), words = text.flat();
    if (words.length < spec.least_words)
      return told("invalid", `You wrote ${words.length} words. Write a sentence or two, ${spec.least_words} words or more. ${honest}`);
    if (rules.function_words.filter((word) => words.includes(word)).length < rules.least_function_words)
      return told("invalid", `This reads like a list of key words. Say in whole sentences how they hang together. ${honest}`);
    const there = (one) => one.patterns.some((pattern) => present(pattern, text, rules));
    const found = spec.ideas.filter(there), lost = spec.ideas.filter((idea) => !there(idea));
    const given = found.length ? `Found in your words: ${found.map((idea) => idea.name).join("; ")}.` : "None of the ideas looked for was found in your words.";
    const held = exercise.wrong.filter(there);
    if (held.length) return told("wrong", `${given} ${held[0].message} ${held[0].try || advice(held[0].slip)} ${honest}`, ...new Set(held.map((one) => one.slip)));
    if (found.length >= spec.needed)
      return told("right", `${`${given} ${spec.when_right || ""}`.trim()} ${honest} Set it beside a model answer: ${spec.model}`);
    return told("wrong", `${given} ${found.length} of the ${spec.needed} ideas that are needed. ${lost[0].missing} ${honest} ` +
      `If you did say it, set your words beside the model answer, solution("${exercise.id}"), and judge for yourself. ${next}`);
  }

  /* What is said in a notebook, as it is said on a page. */
  const onPage = (message) => message
    .replace(/model answer, solution\("[^"]*"\), and/, "model answer, in the worked solution, and")
    .replace(/Ask hint\("[^"]*"\) for a first step\./, "Open hint 1 below for a first step.")
    .replace("The code is as it was given. Change it, then run the cell again.", "This is what the code gives as it stands. Find the bug first.");

  // --- reading what is typed ---------------------------------------------------------------------

  /* {value}, {ask: what is unclear}, or {} for nothing. Never a guess: a comma has two meanings. */
  function readNumber(typed, unit) {
    const text = typed.trim().replace(/\u2212/g, "-");
    if (!text || text === "?" || text === "...") return {};
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
      const value = Number(text);
      return Number.isFinite(value) ? {value} : {ask: `"${text}" is too large to compute with. Check the exponent.`};
    }
    const either = /^([+-]?\d{1,3}),(\d{3})$/.exec(text);
    if (either) return {ask: `"${text}" can mean ${either[1]}${either[2]} or ${either[1]}.${either[2]}. Which one? Type it without the comma.`};
    if (/^[+-]?[\d.,\s'_]+$/.test(text) && /\d/.test(text))
      return {ask: `"${text}" can be read in more than one way. Type a point before decimals and nothing between thousands, as in 0.73 or 12000.`};
    if (/^[+-]?[\d.]+\s*\D/.test(text) && !/^[+-]?[\d.]+e/i.test(text))
      return {ask: `"${text}" is more than a number. Type the number alone${unit ? "; it is read in " + unit : ""}.`};
    return {ask: `"${text}" is not a number. Type digits, with a point before decimals, as in 0.73, 12000 or 1e-3.`};
  }

  // --- what was done so far ----------------------------------------------------------------------

  const KEY = "cgtlearn.exercises";
  const MOST = 100; // attempts that are kept of one exercise
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const listOf = (value) => (Array.isArray(value) ? value : []);
  let memory = {schema: 1, exercises: {}, removed: {}};
  let kept = true; // whether the browser keeps it

  function tidy(book) {
    const clean = {schema: 1, exercises: {}, removed: {}};
    for (const part of ["exercises", "removed"])
      for (const [id, entry] of Object.entries(isObject(book[part]) ? book[part] : {}))
        if (isObject(entry)) clean[part][id] = entry;
    return clean;
  }

  function load() {
    if (!kept) return memory;
    let text = null;
    try {
      text = localStorage.getItem(KEY);
    } catch (error) {
      kept = false;
      return memory;
    }
    try {
      return text === null ? tidy({}) : tidy(JSON.parse(text));
    } catch (error) { // what cannot be read is put aside, not thrown away
      try { localStorage.setItem(KEY + ".damaged", text); } catch (again) { kept = false; }
      return tidy({});
    }
  }

  const listeners = [];
  const tellAll = () => listeners.forEach((listener) => listener());

  function save(book) {
    memory = book;
    try {
      localStorage.setItem(KEY, JSON.stringify(book));
    } catch (error) {
      kept = false;
    }
    tellAll();
  }

  function change(id, update) {
    const book = load();
    const entry = book.exercises[id] || {};
    book.exercises[id] = entry;
    update(entry, book);
    save(book);
  }

  function record(id, answer, verdict) {
    change(id, (entry, book) => {
      delete book.removed[id];
      entry.attempts = (entry.attempts || 0) + 1;
      entry.status = entry.status === "right" ? "right" : verdict.status;
      entry.misconceptions = [...new Set([...listOf(entry.misconceptions), ...verdict.misconceptions])];
      entry.tries = [...listOf(entry.tries), {time: new Date().toISOString(), answer, status: verdict.status, misconceptions: verdict.misconceptions}].slice(-MOST);
    });
  }

  /* Entries leave one part of the book for the other; returns how many. */
  function move(ids, from, to) {
    const book = load();
    const there = ids.filter((id) => book[from][id]);
    for (const id of there) {
      book[to][id] = book[from][id];
      delete book[from][id];
    }
    save(book);
    return there.length;
  }
  const reset = (ids) => move(ids, "exercises", "removed");
  const undo = (ids) => move(ids, "removed", "exercises");

  /* A file's entries beside those that are there; nothing is lost. */
  function bring(text) {
    const file = JSON.parse(text);
    if (!isObject(file) || !isObject(file.exercises)) throw new Error("no exercises");
    const book = load(), more = tidy(file).exercises;
    for (const [id, two] of Object.entries(more)) {
      const one = book.exercises[id] || {};
      const tries = [...listOf(one.tries)];
      for (const attempt of listOf(two.tries)) if (isObject(attempt) && !tries.some((old) => old.time === attempt.time)) tries.push(attempt);
      tries.sort((a, b) => (a.time < b.time ? -1 : 1));
      book.exercises[id] = {
        ...two, ...one,
        attempts: Math.max(one.attempts || 0, two.attempts || 0),
        status: [one.status, two.status].includes("right") ? "right" : one.status || two.status,
        misconceptions: [...new Set([...listOf(one.misconceptions), ...listOf(two.misconceptions)])],
        tries: tries.slice(-MOST),
      };
    }
    save(book);
    return Object.keys(more).length;
  }

  function download(said) {
    const made = new Date().toISOString();
    const name = `cgtlearn-attempts-${made.slice(0, 10)}.json`;
    const text = JSON.stringify({schema: 1, learner: "", made, exercises: load().exercises}, null, 1);
    const address = URL.createObjectURL(new Blob([text], {type: "application/json"}));
    const link = make("a", {href: address, download: name});
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    said(`${name} is in your downloads.`);
  }

  // --- the page ----------------------------------------------------------------------------------

  function make(tag, attributes, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {}))
      if (name === "onclick") on(element, "click", value);
      else if (value !== false) element.setAttribute(name, value === true ? "" : value);
    element.append(...inside);
    return element;
  }

  const on = (target, event, act) => target.addEventListener(event, act);
  const button = (text, onclick, attributes) => make("button", {type: "button", onclick, ...attributes}, text);

  /* Words for a region that is read aloud; the same words twice are said twice. `code` stands out. */
  function sayIn(region) {
    let timer = 0;
    return (text, kind) => {
      clearTimeout(timer);
      region.replaceChildren();
      region.className = "cgt-said" + (kind ? " cgt-" + kind.replace(" ", "-") : "");
      timer = setTimeout(() => {
        const parts = text.split("`");
        region.append(...(parts.length % 2 ? parts.map((part, i) => (i % 2 ? make("code", {}, part) : part)) : [text]));
        if (kind && kind !== "note") region.prepend(make("strong", {}, kind[0].toUpperCase() + kind.slice(1) + "."), " ");
      }, 30);
    };
  }

  const state = (entry) => (!entry || !entry.attempts ? "open" : entry.status === "right" ? "right" : "tried");
  const SIGNS = {right: "\u25a0", tried: "\u25aa", open: "\u25a1"};
  const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;
  const LOST = "This browser does not keep what you do on this page: it is gone when you leave. Take your attempts away before.";

  // Each field gives: element; read() -> {value}, {ask} or {}; write(answer); first, for the focus.

  function numbersField(spec, name, id) {
    const unit = spec.unit && spec.unit !== "1" ? spec.unit : "";
    const size = spec.type === "number" ? 1 : spec.value.length;
    const inputs = [];
    const element = make(size > 1 ? "fieldset" : "div", {class: "cgt-field"});
    if (size > 1) element.append(make("legend", {}, name));
    for (let i = 0; i < size; i++) {
      const here = `${id}-${i}`;
      const input = make("input", {
        id: here, type: "text", inputmode: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
        "aria-labelledby": `${here}-name${unit ? ` ${here}-unit` : ""}`, "aria-describedby": `${id}-said`,
      });
      inputs.push(input);
      element.append(make("span", {class: "cgt-one"}, make("label", {for: here, id: here + "-name"}, size > 1 ? `Number ${i + 1}` : name), 
        make("span", {}, input, ...(unit ? [" ", make("span", {id: here + "-unit"}, unit)] : []))));
    }
    return {
      element, first: inputs[0],
      read() {
        const found = inputs.map((input) => readNumber(input.value, unit));
        inputs.forEach((input, i) => input.setAttribute("aria-invalid", String(Boolean(found[i].ask))));
        const wrong = found.findIndex((one) => one.ask);
        if (wrong >= 0) { inputs[wrong].focus(); return found[wrong]; }
        const empty = found.findIndex((one) => one.value === undefined);
        if (found.every((one) => one.value === undefined)) return {};
        if (empty >= 0) { inputs[empty].focus(); return {ask: `Number ${empty + 1} is missing. Fill every place.`}; }
        return {value: size > 1 || spec.type === "array" ? found.map((one) => one.value) : found[0].value};
      },
      write(answer) {
        const values = answer === null ? [] : [answer].flat();
        inputs.forEach((input, i) => { input.value = values[i] === undefined ? "" : String(values[i]); input.removeAttribute("aria-invalid"); });
      },
    };
  }

  /* The page's own list of options or lines, with its formulas; it becomes the field. */
  function takeList(section, texts) {
    const keys = Object.keys(texts);
    const found = {};
    for (const list of section ? section.querySelectorAll("ul") : []) {
      const items = [...list.children];
      const names = items.map((item) => { const strong = item.querySelector("strong"); return strong ? strong.textContent.trim() : ""; });
      if (items.length !== keys.length || !keys.every((key) => names.includes(key))) continue;
      items.forEach((item, i) => {
        const strong = item.querySelector("strong"), inside = strong.parentElement;
        strong.remove();
        const first = inside.firstChild;
        if (first && first.nodeType === 3) first.textContent = first.textContent.replace(/^\s*\u00b7\s*/, "");
        found[names[i]] = [...inside.childNodes];
      });
      list.remove();
      return found;
    }
    for (const key of keys) found[key] = [texts[key]];
    return found;
  }

  function choiceField(spec, name, id, section) {
    const texts = takeList(section, spec.options);
    const inputs = Object.keys(spec.options).map((key, i) => make("input", {type: "radio", name: id, id: `${id}-${i}`, value: key}));
    const element = make("fieldset", {class: "cgt-field"}, make("legend", {}, name),
      ...inputs.map((input) => make("div", {class: "cgt-option"}, input,
        make("label", {for: input.id}, make("strong", {}, input.value), " \u00b7 ", ...texts[input.value]))));
    return {
      element, first: inputs[0],
      read() { const chosen = inputs.find((input) => input.checked); return chosen ? {value: chosen.value} : {}; },
      write(answer) { for (const input of inputs) input.checked = input.value === answer; },
    };
  }

  function orderField(spec, name, id, section, say) {
    const keys = Object.keys(spec.lines);
    const texts = takeList(section, spec.lines);
    const list = make("ol", {class: "cgt-lines", "aria-label": name});
    const out = new Set();
    let moved = false;
    const items = {};
    const order = () => [...list.children].map((item) => item.dataset.key).filter((key) => !out.has(key));
    function told(key) {
      moved = true;
      const place = order().indexOf(key);
      say(place < 0 ? `${key} is left out.` : `${key} is now ${place + 1} of ${order().length}.`, "note");
      show();
    }
    function show() {
      for (const key of keys) {
        items[key].classList.toggle("cgt-out", out.has(key));
        const away = items[key].querySelector(".cgt-away");
        if (away) away.setAttribute("aria-pressed", String(out.has(key)));
      }
    }
    function shift(key, step, event) {
      const item = items[key];
      const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
      if (!other) { say(`${key} is ${step < 0 ? "first" : "last"} already.`, "note"); return; }
      list.insertBefore(item, step < 0 ? other : other.nextElementSibling);
      event.currentTarget.focus();
      told(key);
    }
    for (const key of keys) {
      const buttons = [
        button("\u2191", (event) => shift(key, -1, event), {"aria-label": `Move ${key} up`}),
        button("\u2193", (event) => shift(key, 1, event), {"aria-label": `Move ${key} down`}),
      ];
      if (spec.right.length < keys.length)
        buttons.push(button("leave out", () => { if (!out.delete(key)) out.add(key); told(key); }, {"class": "cgt-away", "aria-pressed": "false", "aria-label": `leave out ${key}`}));
      items[key] = make("li", {"data-key": key}, make("div", {}, make("span", {class: "cgt-keys"}, ...buttons), make("span", {}, make("strong", {}, key), " \u00b7 ", ...texts[key])));
      list.append(items[key]);
    }
    return {
      element: make("div", {class: "cgt-field"}, make("p", {class: "cgt-name"}, name), list), first: list.querySelector("button"),
      read: () => (moved ? {value: order()} : {}),
      write(answer) {
        moved = answer !== null;
        out.clear();
        const wanted = listOf(answer).filter((key) => items[key]);
        if (moved) for (const key of keys) if (!wanted.includes(key)) out.add(key);
        for (const key of [...wanted, ...keys.filter((one) => !wanted.includes(one))]) list.append(items[key]);
        show();
      },
    };
  }

  function textField(spec, name, id) {
    const area = make("textarea", {id: id + "-0", rows: "5", "aria-describedby": id + "-said"});
    return {
      element: make("div", {class: "cgt-field"}, make("label", {for: area.id, class: "cgt-name"}, name), area), first: area,
      read: () => (["", "...", "?"].includes(area.value.trim()) ? {} : {value: area.value}),
      write(answer) { area.value = answer === null ? "" : String(answer); },
    };
  }

  const FIELDS = {number: numbersField, array: numbersField, choice: choiceField, order: orderField, text: textField};
  const NAMES = {predict: "Your prediction", decide: "Your decision", choose: "Your choice", order: "Your order"};

  function mount(box, slips) {
    const id = box.dataset.exercise;
    const section = box.closest("section");
    const data = box.querySelector("script");
    watchFolds(section, id, Boolean(data), box);
    if (!data) return;
    const exercise = JSON.parse(data.textContent);
    const here = "cgt-" + id.replace(".", "-");
    const region = make("div", {id: here + "-said", role: "status", class: "cgt-said"});
    const say = sayIn(region);
    const name = NAMES[exercise.kind] || "Your answer";
    const field = FIELDS[exercise.answer.type](exercise.answer, name, here, section, say);
    const mark = make("span", {});
    const entry = () => load().exercises[id];
    const again = button("Start again", () => {
      const tries = (entry() || {}).attempts || 0;
      reset([id]);
      field.write(null);
      back.focus();
      say(`${id} is open again. Undo brings ${count(tries, "try", "tries")} back.`, "note");
    }, {"aria-label": `Start again: ${id}`});
    const back = button("Undo", () => {
      undo([id]);
      restore();
      field.first.focus();
    }, {"aria-label": `Undo: bring the tries of ${id} back`});
    const form = make("form", {"aria-label": `Answer ${id}`, novalidate: true}, field.element,
      make("p", {class: "cgt-buttons"}, make("button", {type: "submit"}, "Check"), again, back, mark), region);
    on(form, "submit", (event) => {
      event.preventDefault();
      const found = field.read();
      if (found.ask) { say(found.ask, "unclear"); return; }
      if (found.value === undefined) { say(exercise.answer.type === "order" ? "Move the lines first, then press Check." : "Give an answer first, then press Check.", "not attempted"); return; }
      const verdict = judge(exercise, found.value, slips);
      if (verdict.status !== "not attempted") record(id, found.value, verdict);
      say(onPage(verdict.message), verdict.status);
    });
    function restore() {
      const last = listOf((entry() || {}).tries).slice(-1)[0];
      if (!last) return;
      try {
        field.write(last.answer);
        const verdict = judge(exercise, last.answer, slips);
        say(onPage(verdict.message), verdict.status);
      } catch (error) { // an answer to an older form of this exercise
        field.write(null);
      }
    }
    function show() {
      const now = entry(), what = state(now);
      mark.replaceChildren(make("span", {"aria-hidden": "true"}, SIGNS[what]), what === "open" ? " open" : ` ${what} \u00b7 ${count(now.attempts, "try", "tries")}`);
      mark.className = "cgt-mark cgt-is-" + what;
      again.hidden = what === "open";
      back.hidden = !load().removed[id];
    }
    listeners.push(show);
    box.replaceChildren(form);
    show();
    restore();
    box.cgtSay = say;
  }

  /* Hints and solutions are folds that need no script. With one, a solution first asks for a try. */
  function watchFolds(section, id, answered, box) {
    for (const fold of section ? section.querySelectorAll("details") : []) {
      const summary = fold.querySelector("summary");
      const hint = /^Hint (\d)/.exec(summary.textContent);
      if (hint) on(fold, "toggle", () => {
        if (fold.open) change(id, (entry) => { entry.hints = Math.max(entry.hints || 0, Number(hint[1])); });
      });
      if (!summary.textContent.startsWith("Worked solution")) continue;
      let asked = !answered;
      on(summary, "click", (event) => {
        const entry = load().exercises[id];
        if (fold.open || asked || (entry && entry.attempts)) return;
        event.preventDefault();
        asked = true;
        summary.textContent = "Worked solution (press again to open it without a try)";
        box.cgtSay("Try it first. A wrong try teaches more than a copied answer. The hints give a first step.", "note");
      });
      on(fold, "toggle", () => {
        if (fold.open) change(id, (entry) => { entry.solution_seen = true; });
      });
    }
  }

  /* How far am I: a square for each exercise, and what is next. */
  function mountFar(box) {
    const data = JSON.parse(box.querySelector("script").textContent);
    const words = make("p", {}), squares = make("ul", {class: "cgt-squares", "aria-label": data.title});
    const open = make("p", {class: "cgt-lost", hidden: true}, LOST);
    function show() {
      const entries = load().exercises;
      const what = data.exercises.map(([id]) => state(entries[id]));
      const right = what.filter((one) => one === "right").length, tried = what.filter((one) => one === "tried").length;
      const next = data.exercises.find((_, i) => what[i] !== "right");
      words.replaceChildren(make("strong", {}, data.title), `: ${right} of ${what.length} right`, tried ? `, ${tried} tried` : "", ". ",
        ...(next ? ["Next: ", make("a", {href: next[1]}, next[0]), "."] : ["All done."]));
      squares.replaceChildren(...data.exercises.map(([id, place], i) => make("li", {}, make("a", {href: place, class: "cgt-is-" + what[i]},
        make("span", {"aria-hidden": "true"}, SIGNS[what[i]]), " " + id, make("span", {class: "cgt-hidden"}, ", " + what[i])))));
      open.hidden = kept;
    }
    listeners.push(show);
    box.replaceChildren(words, ...(data.squares ? [squares] : []), open);
    show();
  }

  function mountTools(box) {
    const region = make("div", {role: "status", class: "cgt-said"}), say = sayIn(region);
    const file = make("input", {type: "file", accept: ".json,application/json", id: "cgt-file"});
    on(file, "change", () => {
      if (!file.files.length) return;
      file.files[0].text().then((text) => say(`${count(bring(text), "exercise", "exercises")} came with the file.`, "note"))
        .catch(() => say("This file holds no attempts. Choose one that this page, or the notebook's progress, has written.", "note"))
        .finally(() => { file.value = ""; });
    });
    const all = button("Start all over", () => {
      const gone = reset(Object.keys(load().exercises));
      back.focus();
      say(`${count(gone, "exercise is", "exercises are")} open again. Undo brings everything back.`, "note");
    });
    const back = button("Undo", () => {
      say(`${count(undo(Object.keys(load().removed)), "exercise is", "exercises are")} as before.`, "note");
      out.focus();
    }, {"aria-label": "Undo: bring everything back"});
    const out = button("Save my attempts as a file", () => download((text) => say(text, "note")));
    const row = make("p", {class: "cgt-buttons"}, out);
    if ("all" in box.dataset) row.append(all, back);
    box.replaceChildren(row, ...("all" in box.dataset ? [make("p", {}, make("label", {for: "cgt-file"}, "Add the attempts of a file: "), file)] : []), region);
    function show() {
      const book = load();
      all.hidden = !Object.keys(book.exercises).length;
      back.hidden = !Object.keys(book.removed).length;
    }
    listeners.push(show);
    show();
  }

  function mountPage() {
    const table = document.querySelector("script.cgt-slips");
    const slips = table ? JSON.parse(table.textContent) : {slips: {}};
    for (const box of document.querySelectorAll(".cgt-exercise")) mount(box, slips);
    for (const box of document.querySelectorAll(".cgt-far")) mountFar(box);
    for (const box of document.querySelectorAll(".cgt-tools")) mountTools(box);
    addEventListener("storage", (event) => { if (event.key === KEY) tellAll(); });
  }

  window.cgtExercises = {judge, onPage, readNumber, explain, explainPair, formatNumber};
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", mountPage);
  else mountPage();
})();
