"""Script: charts. A line of what is known, and of what is forecast with its interval, in the forms of the report's."""

CODE = r"""
/* --- charts ------------------------------------------------------------------------------------------------------- */

const EDGE = {left: 52, right: 8, top: 10, bottom: 26};
const nice = (low, high, most) => {
  const power = 10 ** Math.floor(Math.log10((high - low) / Math.max(most - 1, 1)));
  for (const times of [1, 2, 5, 10, 20]) {
    const step = times * power, first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
    if (last - first < most || times === 20) {
      return Array.from({length: Math.min(last - first + 1, 12)}, (_, i) => (first + i) * step);
    }
  }
};
const short = label => typeof label === "number" ? number(label)
  : label.replace(/T00:00:00$/, "").replace("T", " ").replace(/:00$/, "");
/* known: [[label, value or null]]; coming: [[label, value, low, high]]; places go by order, as steps are even;
   size: in pixels of the screen, so that letters are as large as they are set */
const chart = (known, coming, title, size) => {
  const BOX = {...EDGE, ...size};
  const all = [...known.map(k => k[1]), ...coming.flatMap(c => c.slice(1))].filter(v => Number.isFinite(v));
  const svg = make("svg", {class: "chart", viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img",
    "aria-label": title});
  if (!all.length) return svg;
  let low = Math.min(...all), high = Math.max(...all);
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  low = low >= 0 && low - room < 0 ? 0 : low - room;
  high += room;
  const labels = [...known.map(k => k[0]), ...coming.map(c => c[0])], n = Math.max(labels.length - 1, 1);
  const x = i => BOX.left + i / n * (BOX.width - BOX.left - BOX.right);
  const y = v => BOX.height - BOX.bottom - (v - low) / (high - low) * (BOX.height - BOX.top - BOX.bottom);
  const points = pairs => pairs.map(([i, v]) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
  for (const tick of nice(low, high, 5)) {
    svg.append(make("line", {class: "grid", x1: BOX.left, x2: BOX.width - BOX.right, y1: y(tick), y2: y(tick)}),
      make("text", {x: BOX.left - 6, y: y(tick) + 4, "text-anchor": "end", text: number(tick)}));
  }
  const bottom = BOX.height - BOX.bottom;
  const most = Math.min(Math.max(Math.floor(BOX.width / 120), 2), 4);
  const shown = new Set(Array.from({length: most}, (_, i) => Math.round(i / (most - 1) * (labels.length - 1))));
  for (const i of labels.length > 1 ? shown : [0]) {
    const anchor = i === 0 ? "start" : i === labels.length - 1 ? "end" : "middle";
    svg.append(make("line", {class: "tick", x1: x(i), x2: x(i), y1: bottom, y2: bottom + 4}),
      make("text", {x: x(i), y: BOX.height - 8, "text-anchor": anchor, text: short(labels[i])}));
  }
  svg.append(make("line", {class: "axis", x1: BOX.left, x2: BOX.width - BOX.right, y1: bottom, y2: bottom}));
  const line = (name, some) => {
    let run = [];
    const end = () => {
      if (run.length > 1) svg.append(make("polyline", {class: name, points: points(run)}));
      else if (run.length) svg.append(make("circle", {class: name, cx: x(run[0][0]), cy: y(run[0][1]), r: 2.5}));
      run = [];
    };
    some.forEach(([i, v]) => Number.isFinite(v) ? run.push([i, v]) : end());
    end();
  };
  const start = known.length, fan = coming.map((c, i) => [start + i, c[2], c[3]])
    .filter(f => Number.isFinite(f[1]) && Number.isFinite(f[2]));
  if (known.length && coming.length) {
    const now = (x(start - 1) + x(start)) / 2;
    svg.append(make("line", {class: "now", x1: now, x2: now, y1: BOX.top, y2: bottom}));
  }
  if (fan.length > 1) {
    svg.append(make("polygon", {class: "coming",
      points: points([...fan.map(f => [f[0], f[2]]), ...fan.slice().reverse().map(f => [f[0], f[1]])])}));
  }
  line("known", known.map((k, i) => [i, k[1]]));
  line("coming", coming.map((c, i) => [start + i, c[1]]));
  return svg;
};
"""
