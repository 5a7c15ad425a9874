"""Script of the page: plain JavaScript without any library, put together from pieces that each do one thing.

It speaks to nothing but this server. Texts of others go into the page as text; the one place where HTML is put in takes
it from this server's parts, which escape what is not theirs.
"""

from mintmark.serving.page import script_answer, script_chart, script_form, script_view

START = """
"use strict";
(() => {
const told = JSON.parse(document.getElementById("words").textContent);
const main = document.getElementById("main");
const HELD = "mintmark.key";
const policy = window.trustedTypes ? trustedTypes.createPolicy("mintmark", {createHTML: html => html})
  : {createHTML: html => html};
const say = (text, values) => (told.texts[text] || text).replace(/\\{(\\w+)\\}/g,
  (all, name) => values && name in values ? String(values[name]) : all);
const plain = new Intl.NumberFormat(told.lang, {maximumSignificantDigits: 4});
const whole = new Intl.NumberFormat(told.lang, {maximumFractionDigits: 0});
const number = value => typeof value !== "number" || !Number.isFinite(value) ? "–"
  : (Math.abs(value) >= 1e4 && Math.abs(value) < 1e15 ? whole : plain).format(value).replace("-", "−");
const share = value => plain.format(100 * value) + (told.lang === "en" ? "\\u00a0%" : "%");

const make = (tag, facts, ...inside) => {
  const svg = ["svg", "line", "text", "polyline", "polygon", "circle"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(facts || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name === "style") made.style.cssText = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside.filter(one => one !== null && one !== undefined));
  return made;
};

/* --- the server -------------------------------------------------------------------------------------------------- */

class Wrong extends Error {
  constructor(said, status, wait) {
    super(said.what);
    Object.assign(this, {kind: said.kind, where: said.where || "", what: said.what, fix: said.try || "",
      request: said.request || "", status, wait});
  }
}
const head = more => {
  const key = sessionStorage.getItem(HELD);
  return {"accept-language": told.lang, ...(key ? {authorization: `Bearer ${key}`} : {}), ...more};
};
const ask = async (path, options) => {
  const given = options || {};
  let answer;
  try {
    answer = await fetch(path, {method: given.method || "GET", body: given.body, signal: given.signal,
      cache: "no-store", credentials: "omit", redirect: "error", headers: head(given.headers)});
  } catch (broken) {
    if (broken.name === "AbortError") throw broken;
    throw new Wrong({kind: "Unreachable", what: say("The server cannot be reached."),
      try: say("See whether it still runs, then try again.")}, 0);
  }
  if (answer.ok) return answer;
  let said = null;
  try { said = (await answer.json()).error; } catch (broken) { said = null; }
  throw new Wrong(said || {kind: "Unknown", what: `HTTP ${answer.status}`}, answer.status,
    Number(answer.headers.get("retry-after")) || 0);
};
const explain = (place, wrong) => {
  const lines = [make("b", {text: wrong.what || String(wrong)})];
  if (wrong.where && wrong.where !== "path") lines.unshift(make("code", {text: `${wrong.where}: `}));
  const gap = told.lang === "en" ? " " : "";
  if (wrong.fix) lines.push(`${gap}${say("Try this:")}${gap}${wrong.fix}`);
  if (wrong.wait) lines.push(make("small", {text: say("Retry in {n} s.", {n: wrong.wait})}));
  if (wrong.request) lines.push(make("small", {text: say("request {id}", {id: wrong.request})}));
  place.replaceChildren(...lines);
  place.hidden = false;
};
"""
END = """
})();
"""

CODE = "".join([START, script_chart.CODE, script_answer.CODE, script_form.CODE, script_view.CODE, END])
