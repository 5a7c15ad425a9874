"""Script: answers, each kind as people read it; whatever comes from the server goes in as text."""

CODE = r"""
/* --- answers ------------------------------------------------------------------------------------------------------ */

const MOST_CLASSES = 12, MOST_REASONS = 6;
const barRow = (name, from, to, label, mine, down) => make("div", {class: mine ? "bar-row mine" : "bar-row"},
  make("span", {}, make("bdi", {text: name})),
  make("div", {}, make("i", {class: down ? "down" : null, style: `left:${from}%;width:${Math.max(to - from, 0.4)}%`})),
  make("b", {text: label}));
const probabilities = (answer, place) => {
  const all = Object.entries(answer.probability).sort((a, b) => b[1] - a[1]);
  const rows = all.slice(0, MOST_CLASSES)
    .map(([name, p]) => barRow(name, 0, 100 * p, share(p), name === answer.decision));
  place.append(make("h3", {text: say("probability")}), make("div", {class: "bars"}, ...rows));
};
const reasons = (told_, place) => {
  if (!told_) return;
  const rows = [...told_.columns.map(c => [c.column, c.adds]), [say("all other columns"), told_.others]];
  const size = Math.max(...rows.map(r => Math.abs(r[1])), 1e-12);
  const what = told_.of === "value" ? say("value") : say("{unit} of {what}", {unit: say(told_.unit), what: told_.of});
  const lead = say("Each column with what it adds to the {what}, or takes away; the strongest first.", {what});
  place.append(make("h3", {text: say("Why")}), make("p", {class: "soft", text: lead}),
    make("div", {class: "bars"}, ...rows.map(([name, adds]) => {
      const half = 50 * Math.abs(adds) / size;
      return barRow(name, adds < 0 ? 50 - half : 50, adds < 0 ? 50 : 50 + half, (adds > 0 ? "+" : "") + number(adds),
        adds >= 0, adds < 0);
    })));
};
const interval = answer => Number.isFinite(answer.low) && Number.isFinite(answer.high);
const instead = (said, place) => {
  if (!said.fallback) return;
  place.append(make("p", {class: "soft", text: say("answered by {model} in its place", {model: said.fallback})}));
};
const one = (said, place) => {
  const answer = said.answers[0];
  instead(said, place);
  if (answer.probability) {
    place.append(make("p", {class: "soft", text: say("Decision")}),
      make("p", {class: "big"}, make("bdi", {text: answer.decision})));
    probabilities(answer, place);
  } else if (typeof answer.value === "number") {
    place.append(make("p", {class: "soft", text: say("Answer")}),
      make("p", {class: "big", text: number(answer.value)}));
    if (interval(answer)) {
      const between = {share: share(answer.level), a: number(answer.low), b: number(answer.high)};
      place.append(make("p", {text: say("{share} of such answers lie between {a} and {b}.", between)}));
    }
  } else if (typeof answer.text === "string") {
    place.append(make("p", {class: "text", dir: "auto", text: answer.text}));
  } else {
    const lead = say("The answer has no form that the page can draw; here it is as it came.");
    place.append(make("p", {class: "soft", text: lead}), make("pre", {text: JSON.stringify(answer, null, 1)}));
  }
  reasons(answer.reasons, place);
};
const forecast = (said, asked, place) => {
  const coming = said.answers.map((a, i) => [asked.times[i], a.value, a.low, a.high]);
  const title = say("What comes next"), size = {width: Math.max(place.clientWidth - 34, 250), height: 260};
  const heads = [say("time"), say("forecast"), say("from"), say("to")];
  const rows = coming.map(c => make("tr", {}, make("th", {text: short(c[0])}),
    ...c.slice(1).map(v => make("td", {class: "n", text: number(v)}))));
  const top = heads.map((h, i) => make("th", {class: i ? "n" : null, text: h}));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...top)), make("tbody", {}, ...rows));
  const legend = [["known", say("known")], ["coming", say("forecast")]].map(([kind, name]) => make("li", {},
    make("svg", {viewBox: "0 0 30 14"}, make("polyline", {class: kind, points: "1,7 29,7"})), name));
  place.append(make("h3", {text: title}), make("ul", {class: "legend"}, ...legend.slice(asked.history.length ? 0 : 1)),
    chart(asked.history, coming, title, size),
    make("details", {}, make("summary", {text: say("The figures as a table")}), make("div", {class: "wide"}, table)));
};
const terminal = (path, body, place) => {
  const quoted = "'" + body.replace(/'/g, "'\\''") + "'";
  const key = told.keys ? " -H 'authorization: Bearer KEY'" : "";
  const said = `curl ${location.origin}${path} -H 'content-type: application/json'${key} -d ${quoted}`;
  const title = make("summary", {text: say("The same from a terminal")});
  place.append(make("details", {}, title, make("pre", {text: said})));
};
"""
