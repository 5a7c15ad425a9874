"""Script: what a page runs, and nothing else: plotly's own file once, and some lines of ours that draw and sort."""

import base64
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

from mintmark.base.need import need

ENDS = re.compile(r"<(?=(/script|!--))", re.IGNORECASE)
"""what would end a script inside a page, or begin a comment; a backslash more changes nothing of it in a text"""

OURS = """
"use strict";
(() => {
  const root = document.documentElement;
  const style = getComputedStyle(root);
  const paper = {"--ink": "#000000", "--soft": "#444444", "--line": "#bbbbbb", "--paper": "#ffffff",
    "--card": "#ffffff", "--known": "#222222", "--coming": "#1763b6", "--tested": "#b4540a", "--good": "#1f7a4d",
    "--bad": "#b3261e"};
  const colour = (name, print) => {
    const [key, alpha] = name.split(" ");
    const hex = (print ? paper[key] : style.getPropertyValue(key).trim()) || "#888888";
    if (!alpha) return hex;
    const part = i => parseInt(hex.slice(i, i + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${alpha})`;
  };
  const dyed = (thing, print, key) => {
    if (Array.isArray(thing)) return thing.map(x => dyed(x, print, key));
    if (thing && typeof thing === "object") {
      return Object.fromEntries(Object.entries(thing).map(([k, v]) => [k, dyed(v, print, k)]));
    }
    const isColour = typeof thing === "string" && thing.startsWith("--") && /colou?r|scale$/i.test(key || "");
    return isColour ? colour(thing, print) : thing;
  };
  const axis = (given, print) => ({gridcolor: colour("--line", print), zerolinecolor: colour("--line", print),
    linecolor: colour("--soft", print), fixedrange: true, automargin: true, exponentformat: "none",
    separatethousands: true, ...dyed(given || {}, print)});
  const draw = (place, print) => {
    const figure = JSON.parse(place.dataset.figure);
    const layout = dyed(figure.layout || {}, print);
    const font = {family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--ink", print)};
    const base = {font, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", dragmode: false,
      margin: {l: 8, r: 14, t: 10, b: 8, pad: 2}, hovermode: "closest", showlegend: figure.data.length > 1,
      legend: {orientation: "h", y: -0.28, yanchor: "top", x: 0, font: {size: 11}},
      hoverlabel: {font: {size: 12}, align: "left"}, height: 300};
    const axes = {xaxis: axis(figure.layout.xaxis, print), yaxis: axis(figure.layout.yaxis, print)};
    const whole = {...base, ...layout, ...axes};
    const slim = place.clientWidth < 420;
    if (print) whole.width = place.closest(".charts:not(.one)") ? 310 : 640;
    if (slim && whole.xaxis.nticks === undefined) whole.xaxis.nticks = 5;
    const config = {displayModeBar: false, responsive: !print, displaylogo: false, staticPlot: print};
    if (print) Plotly.purge(place);
    Plotly.react(place, dyed(figure.data, print), whole, config);
  };
  const places = () => document.querySelectorAll("[data-figure]");
  const all = print => { if (window.Plotly) places().forEach(place => draw(place, print)); };
  if (window.Plotly) {
    root.classList.add("drawn");
    all(false);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => all(false));
    addEventListener("beforeprint", () => all(true));
    addEventListener("afterprint", () => places().forEach(place => { Plotly.purge(place); draw(place, false); }));
  }
  const opened = [];
  addEventListener("beforeprint", () => document.querySelectorAll("details.paper:not([open])").forEach(one => {
    one.open = true;
    opened.push(one);
  }));
  addEventListener("afterprint", () => opened.splice(0).forEach(one => { one.open = false; }));
  const worth = cell => {
    const data = cell && cell.querySelector("data");
    return data ? parseFloat(data.value) : NaN;
  };
  const sort = head => {
    const table = head.closest("table");
    const at = [...head.parentNode.children].indexOf(head);
    const up = head.getAttribute("aria-sort") === "descending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter(row => row.cells.length > at && !row.classList.contains("group"));
      const order = rows.map((row, i) => [row, worth(row.cells[at]), row.cells[at].textContent.trim(), i]);
      order.sort((a, b) => {
        const none = Number.isNaN(a[1]) - Number.isNaN(b[1]);
        if (none) return none;
        const more = Number.isNaN(a[1]) ? a[2].localeCompare(b[2]) : b[1] - a[1];
        return (up ? -more : more) || a[3] - b[3];
      });
      order.forEach(([row]) => body.append(row));
    }
  };
  for (const head of document.querySelectorAll("table.sort thead th")) {
    head.tabIndex = 0;
    head.addEventListener("click", () => sort(head));
    head.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      sort(head);
    });
  }
})();
"""


def plotly() -> str:
    """The script that draws, as the installed plotly carries it, so that it can stand inside a page.

    Raises: MissingExtra: plotly is not installed.
    """
    found = find_spec("plotly")  # found, not imported: the file is all that is wanted of it
    if found is None or not found.submodule_search_locations:
        need("plotly")
        raise FileNotFoundError("plotly")
    path = Path(found.submodule_search_locations[0], "package_data", "plotly.min.js")
    made = path.read_text(encoding="utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return ENDS.sub(r"<\\", made)


def digest(script: str) -> str:
    """As a content security policy names it: this script may run, and none that differs by a letter."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def policy(scripts: list[str]) -> str:
    """No script but these, and nothing from anywhere: should an escape ever be forgotten, it still does nothing."""
    allowed = f"script-src {' '.join(map(digest, scripts))}; " if scripts else ""
    return f"default-src 'none'; {allowed}style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
