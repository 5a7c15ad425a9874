"""Style of a page: readable wide, on a phone, on paper, by day and by night; no font or file from elsewhere."""

CSS = """
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6675; --line: #d9dee5; --paper: #ffffff; --card: #f6f8fa;
  --known: #3b4654; --coming: #1763b6; --tested: #b4540a; --good: #1f7a4d; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #333d4a; --paper: #12171e;
  --card: #1a212b; --known: #c3ccd8; --coming: #6cb2ff; --tested: #f2a25c; --good: #5bc08d; --bad: #f28b82; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 1240px; padding: 24px 20px 48px; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "PingFang SC",
  "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei",
  sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 40px 0 8px; padding-top: 8px; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 20px 0 6px; overflow-wrap: anywhere; }
p { margin: 8px 0; max-width: 75ch; }
.lead { font-size: 1.15rem; max-width: 70ch; }
.soft, small { color: var(--soft); font-size: .85rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr)); gap: 12px;
  margin: 20px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile small { display: block; line-height: 1.4; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)); gap: 16px; }
.charts.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.charts > div { min-width: 0; }
.charts.one { grid-template-columns: minmax(0, 640px); }
figure { margin: 0; padding: 10px 12px 12px; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  break-inside: avoid; min-width: 0; }
figcaption { font-size: .85rem; color: var(--soft); line-height: 1.4; margin-top: 8px; }
figure h3 { margin: 0 0 4px; }
svg.chart { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--soft); font-family: inherit; font-variant-numeric: tabular-nums; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis, svg .tick { stroke: var(--soft); stroke-width: 1; }
svg .now { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 3; }
svg polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg polyline.known { stroke: var(--known); }
svg polyline.tested { stroke: var(--tested); stroke-dasharray: 5 3; }
svg polyline.coming { stroke: var(--coming); stroke-width: 2; }
svg polygon.tested, svg circle.tested { fill: var(--tested); }
svg polygon.coming, svg circle.coming { fill: var(--coming); }
svg polygon.tested, svg polygon.coming { fill-opacity: .2; }
svg circle.known { fill: var(--known); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: .85rem; color: var(--soft); margin: 8px 0 12px;
  padding: 0; list-style: none; }
.legend svg { width: 30px; height: 14px; vertical-align: -2px; margin-right: 6px; }
.draw { display: none; min-height: 300px; }
.drawn .draw { display: block; }
header .soft { margin-top: 0; }
nav { border-top: 1px solid var(--line); margin: 28px 0 0; padding-top: 12px; font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; padding: 0; margin: 0; }
nav li { margin: 0; }
a { color: var(--coming); text-underline-offset: 3px; }
section > h2 { scroll-margin-top: 8px; }
.source { font-size: .8rem; color: var(--soft); margin-top: 6px; }
.source summary { font-size: .8rem; margin: 2px 0; }
.source p { margin: 2px 0; overflow-wrap: anywhere; }
.looks { margin: -8px 0 0; }
figure.money, figure.first, .lone figure { max-width: 720px; margin: 18px 0; }
figure.money h3 { margin-bottom: 10px; }
.bars { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; gap: 8px 12px; }
.bar-row { display: grid; grid-column: 1 / -1; grid-template-columns: 10.5rem 1fr minmax(6.5rem, auto);
  grid-template-columns: subgrid; gap: 12px; align-items: center; font-size: .95rem; }
.bar-row > div { position: relative; height: 22px; }
.bar-row i { position: absolute; top: 3px; bottom: 3px; border-radius: 3px; background: var(--line); }
.bar-row.mine i { background: var(--coming); }
.bar-row.mine span, .bar-row.mine b { font-weight: 700; }
.bar-row i.cut::after { content: ""; position: absolute; top: -3px; bottom: -3px; left: 14%; width: 5px;
  transform: skewX(-20deg); background: var(--card); border: solid var(--soft); border-width: 0 1.5px; }
.bar-row s { position: absolute; top: 50%; height: 2px; margin-top: -1px; background: var(--ink); }
.bar-row s::before, .bar-row s::after { content: ""; position: absolute; top: -4px; height: 10px; width: 2px;
  background: var(--ink); }
.bar-row s::after { right: 0; }
.bar-row b { text-align: right; font-weight: 500; font-variant-numeric: tabular-nums; white-space: nowrap; }
.ends { white-space: nowrap; }
.barred i.bar { display: block; height: 12px; min-width: 1px; border-radius: 2px; background: var(--coming);
  opacity: .8; }
.barred td:nth-child(2) { width: 34%; min-width: 5rem; vertical-align: middle; }
.barred { width: 100%; max-width: 760px; }
.barred.right td:nth-child(n+3), .barred.right th:nth-child(n+3) { text-align: right; white-space: nowrap; }
.costs td:nth-child(2), .costs th:nth-child(2) { text-align: right; white-space: nowrap; }
.costs td:last-child { font-size: .85em; overflow-wrap: anywhere; }
td summary { margin: 0; white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: break-word; min-width: 6rem; }
.profile td:nth-child(2) { white-space: nowrap; } .profile td:last-child { min-width: 22rem; }
tbody th small { display: block; font-weight: 400; }
.facts th { color: var(--soft); font-weight: 400; white-space: nowrap; }
table.sort thead th { cursor: pointer; }
table.sort thead th:focus-visible { outline: 2px solid var(--coming); }
th[aria-sort="descending"]::after { content: " ↓"; } th[aria-sort="ascending"]::after { content: " ↑"; }
svg.spread { width: 120px; height: 24px; fill: var(--coming); opacity: .75; }
svg.tree { max-width: none; height: auto; } svg.tree .soft { font-size: 12px; }
svg.tree .branch { fill: none; stroke: var(--line); stroke-width: 1.5; }
svg.tree rect.split { fill: var(--card); stroke: var(--line); }
svg.tree rect.leaf { fill: var(--paper); stroke: var(--coming); }
svg.tree rect.fill { fill: var(--coming); } svg.tree .strong { font-size: 12px; fill: var(--ink); font-weight: 600; }
.matrix { margin: 4px 0; font-size: 1rem; width: 100%; max-width: 34rem; }
.matrix thead th, .matrix thead tr:first-child th { text-align: center; border: 0; padding: 2px 8px; font-weight: 400; }
.matrix tbody th { border: 0; padding: 8px 10px 8px 0; font-weight: 600; vertical-align: middle; }
.matrix td { text-align: center; min-width: 4rem; height: 4.2rem; padding: 6px 10px; vertical-align: middle;
  border: 3px solid var(--card); border-radius: 6px;
  background: color-mix(in srgb, var(--tone) var(--s), transparent); }
.matrix .share { --tone: var(--coming); } .matrix .gain { --tone: var(--good); } .matrix .loss { --tone: var(--bad); }
.matrix td.strong { color: var(--paper); }
.samples { display: grid; gap: 14px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); }
blockquote { margin: 0; padding: 10px 14px; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
blockquote p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
blockquote .asked { color: var(--soft); }
mark { background: none; color: inherit; box-shadow: inset 0 -2px 0 var(--coming); }
.wide { overflow-x: auto; margin: 8px 0 16px; --under: var(--paper); background:
  linear-gradient(to right, var(--under) 40%, transparent) local 0 0 / 48px 100% no-repeat,
  linear-gradient(to left, var(--under) 40%, transparent) local 100% 0 / 48px 100% no-repeat,
  linear-gradient(to right, var(--line), transparent) scroll 0 0 / 14px 100% no-repeat,
  linear-gradient(to left, var(--line), transparent) scroll 100% 0 / 14px 100% no-repeat; }
figure .wide { --under: var(--card); }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
td.n, th.n { text-align: right; white-space: nowrap; }
td.n small { display: block; white-space: nowrap; }
td small, th small { font-size: .85em; }
.forecast th { font-weight: 600; max-width: 13rem; overflow-wrap: anywhere; }
.forecast thead th { max-width: 11rem; white-space: normal; }
.forecast th small { display: block; font-weight: 400; }
.forecast th:first-child { position: sticky; left: 0; background: var(--paper); min-width: 6rem; }
.trials tbody th { font-weight: 600; min-width: 9rem; max-width: 22rem; overflow-wrap: anywhere; }
.trials tbody th small { display: block; font-weight: 400; }
summary { cursor: pointer; color: var(--soft); font-size: .9rem; margin: 8px 0; }
.measures { width: 100%; }
.measures td { white-space: nowrap; }
.measures td:first-child { white-space: normal; min-width: 7rem; }
.measures td:last-child { color: var(--soft); white-space: normal; min-width: 16rem; overflow-wrap: anywhere; }
.measures tbody th { padding-top: 18px; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; font-size: .85rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
code, .hash { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .85em; overflow-wrap: anywhere; }
ul { padding-left: 1.2em; } li { margin: 4px 0; max-width: 85ch; overflow-wrap: anywhere; }
@media (min-width: 700px) { .charts.one svg text, .charts.two svg text { font-size: 8px; }
  .first svg text { font-size: 7px; } .first svg polyline { stroke-width: 1.1; } }
@media (max-width: 600px) { body { padding: 16px 12px 32px; } h1 { font-size: 1.35rem; } .lead { font-size: 1.05rem; }
  th, td { padding-right: 10px; } .forecast th:first-child { max-width: 7.5rem; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; } .tile { padding: 8px 10px; } .tile b { font-size: 1.2rem; }
  .bars { grid-template-columns: 1fr auto; } .bar-row { gap: 0 12px; }
  .bar-row > div { grid-row: 2; grid-column: 1 / 3; }
  .barred td:nth-child(2) { width: 24%; min-width: 3rem; } }
@media print {
  :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --card: #fff; --known: #222; --coming: #1763b6;
    --tested: #b4540a; --good: #1f7a4d; --bad: #b3261e; }
  @page { margin: 14mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3 { break-after: avoid; } tr, .tile { break-inside: avoid; } thead { display: table-header-group; }
  .charts { grid-template-columns: 1fr 1fr; gap: 8px; } .tiles { grid-template-columns: repeat(4, 1fr); }
  nav, .source, details:not([open]) { display: none; } .draw { min-height: 0; }
  .wide { overflow: visible; background: none; } svg.tree { width: 100%; }
  .forecast th:first-child { position: static; }
  th, td { padding: 2px 8px 2px 0; } table { font-size: 8.5pt; }
}
"""
