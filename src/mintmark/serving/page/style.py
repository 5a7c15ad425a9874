"""Style of the page: that of the reports, and what a page has besides: a bar, cards, forms, answers."""

from mintmark.report.style import CSS

OURS = """
body { padding-top: 0; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 12px; top: 8px; z-index: 2; }
header.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 20px; margin: 0 0 24px; padding: 12px 0;
  border-bottom: 1px solid var(--line); }
.bar nav { display: flex; gap: 4px 18px; border: 0; margin: 0; padding: 0; font-size: 1rem; }
.bar a { color: var(--ink); text-decoration: none; padding: 6px 2px; }
.bar nav a[aria-current] { border-bottom: 2px solid var(--coming); font-weight: 600; }
.bar a:hover { text-decoration: underline; }
.brand { display: flex; align-items: center; gap: 8px; font-weight: 700; font-size: 1.1rem; }
.tools { margin-left: auto; display: flex; align-items: center; gap: 14px; }
h1:focus { outline: none; }
:focus-visible { outline: 2px solid var(--coming); outline-offset: 2px; border-radius: 3px; }
main { min-height: 60vh; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 16px;
  margin: 18px 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; }
.card h2 { border: 0; margin: 0 0 4px; padding: 0; font-size: 1.15rem; overflow-wrap: anywhere; }
.card { display: flex; flex-direction: column; } .card p { margin: 6px 0 0; }
.card .ways { margin-top: auto; padding-top: 10px; display: flex; flex-wrap: wrap; gap: 4px 18px; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 8px; font-size: .75rem;
  font-weight: 600; line-height: 1.5; color: var(--soft); vertical-align: 2px; white-space: nowrap; }
.badge.good { color: var(--good); } .badge.bad { color: var(--bad); }
.fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); gap: 14px 18px;
  align-items: start; }
.field { min-width: 0; } .field.long { grid-column: 1 / -1; }
label { display: block; font-weight: 600; margin: 0 0 3px; overflow-wrap: anywhere; }
input, select, textarea { width: 100%; font: inherit; color: var(--ink); background: var(--paper); padding: 7px 9px;
  border: 1px solid var(--soft); border-radius: 6px; min-height: 40px; }
textarea { resize: vertical; } .field.long { max-width: 75ch; }
[aria-invalid="true"] { border-color: var(--bad); box-shadow: 0 0 0 1px var(--bad); }
.field small { display: block; margin-top: 3px; line-height: 1.35; }
.wrong { color: var(--bad); font-size: .9rem; margin: 5px 0 0; overflow-wrap: anywhere; }
.wrong b { font-weight: 600; } .wrong small { color: inherit; display: block; }
.warned { border-left: 3px solid var(--bad); padding-left: 12px; }
details.more { margin-top: 14px; } details.more .fields { margin-top: 10px; }
.fields + .more, .fields .more { grid-column: 1 / -1; }
.buttons { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0 0; }
button, .button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--soft);
  border-radius: 6px; padding: 8px 16px; min-height: 40px; cursor: pointer; }
button[type="submit"], p .button { background: var(--coming); border-color: var(--coming); color: var(--paper);
  font-weight: 600; }
button:disabled { opacity: .55; cursor: default; }
.bar button { padding: 4px 10px; min-height: 34px; font-size: .9rem; }
.offers { display: flex; flex-wrap: wrap; gap: 6px; margin: 6px 0 0; }
.offer { padding: 3px 10px; min-height: 32px; font-size: .85rem; max-width: 100%; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; }
.answer:not(:empty) { margin: 20px 0 0; padding: 14px 16px; border: 1px solid var(--line);
  border-left: 4px solid var(--coming); border-radius: 8px; background: var(--card); max-width: 820px; }
.answer .big { font-size: 1.5rem; font-weight: 700; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
.answer h3 { margin: 16px 0 6px; } .answer > :first-child { margin-top: 0; }
.answer .text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; max-width: none; }
.answer .text .asked { color: var(--soft); }
.answer .text.writing::after { content: "▍"; color: var(--coming); }
.bar-row > div i.down { background: var(--tested); }
.bar-row span { overflow-wrap: anywhere; }
.button { text-decoration: none; display: inline-flex; align-items: center; }
.rate { margin: 0 0 16px; max-width: 640px; } .answer svg text, .rate svg text { font-size: 12px; }
.told td small, .told th small { display: block; } .told td, .told td code { white-space: nowrap; }
.told th .badge, .told td .badge { margin-left: 4px; }
.wide:focus-visible { outline-offset: 0; }
.reading { display: flex; flex-direction: column; height: 100vh; height: 100dvh; padding-bottom: 8px; }
.reading header.bar { margin-bottom: 10px; } .reading main { flex: 1; display: flex; min-height: 360px; }
.report { flex: 1; display: flex; flex-direction: column; min-width: 0; }
.report .head { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 10px; margin: 0 0 8px; }
.report h1 { flex: 1; font-size: 1.2rem; margin: 0; }
.report .button, .report button { min-height: 34px; padding: 4px 12px; font-size: .9rem; }
.report iframe { flex: 1; display: block; width: 100%; border: 1px solid var(--line); border-radius: 8px;
  background: var(--paper); }
.quiet { opacity: .6; }
form.key { max-width: 420px; }
@media (max-width: 600px) { header.bar { gap: 4px 14px; margin-bottom: 16px; } .tools { gap: 8px; }
  .brand { font-size: 1rem; } .report .head { gap: 8px; } .report h1 { font-size: 1rem; }
  .runs thead { display: none; } .runs, .runs tbody, .runs tr, .runs th, .runs td { display: block; }
  .runs tr { padding: 10px 0; border-bottom: 1px solid var(--line); } .runs th, .runs td { border: 0; padding: 2px 0; }
  .runs td { display: flex; justify-content: space-between; gap: 14px; text-align: right; }
  .runs td[data-head=""] { display: none; }
  .runs td::before { content: attr(data-head); color: var(--soft); } .runs td.n { text-align: right; } }
@media print { header.bar, .buttons, .skip { display: none; } }
"""

SHEET = CSS + OURS
