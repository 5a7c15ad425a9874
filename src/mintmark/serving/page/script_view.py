"""Script: views. Which part of the page is shown, the key it is asked with, what is read anew, a report's frame."""

CODE = r"""
/* --- parts -------------------------------------------------------------------------------------------------------- */

const parsed = html => {
  const made = document.createElement("template");
  made.innerHTML = policy.createHTML(html);
  for (const styled of made.content.querySelectorAll("[data-style]")) styled.style.cssText = styled.dataset.style;
  return made.content;
};
const rates = new Map();
const rate = (figure, path) => {
  const kept = rates.get(path) || [];
  kept.push([performance.now(), Number(figure.dataset.total)]);
  rates.set(path, kept.slice(-61));
  const some = rates.get(path), last = some[some.length - 1][0], made = [];
  for (let i = 1; i < some.length; i += 1) {
    const seconds = Math.max((some[i][0] - some[i - 1][0]) / 1000, 0.05);
    const before = Math.round((last - some[i][0]) / 1000), ago = before ? say("{n} s ago", {n: before}) : say("now");
    made.push([ago, Math.max(some[i][1] - some[i - 1][1], 0) / seconds]);
  }
  figure.hidden = made.length < 2;
  if (!figure.hidden) {
    const size = {width: Math.min(main.clientWidth, 640) - 26, height: 150};
    figure.append(chart(made, [], figure.querySelector("h3").textContent, size));
  }
};
const loading = new WeakSet();
const refresh = async place => {
  if (loading.has(place)) return;
  loading.add(place);
  try {
    const made = parsed(await (await ask(place.dataset.part)).text());
    if (!place.isConnected) return;
    for (const figure of made.querySelectorAll(".rate")) rate(figure, place.dataset.part);
    const opened = place.contains(document.activeElement) && document.activeElement.matches(".wide");
    if (!opened) place.replaceChildren(made);
    place.dataset.wait = "";
  } catch (wrong) {
    if (!place.isConnected) return;
    if (wrong.status === 401) locked(true);
    else if (wrong.status === 429) place.dataset.wait = String(Date.now() + 1000 * Math.max(wrong.wait, 1));
    else {
      const said = make("p", {class: "wrong", role: "alert"});
      explain(said, wrong);
      place.replaceChildren(said);
    }
  } finally {
    loading.delete(place);
  }
};
let ticks = 0;
setInterval(() => {
  ticks += 1;
  if (document.visibilityState !== "visible") return;
  for (const place of document.querySelectorAll("[data-every]")) {
    if (ticks % Number(place.dataset.every) === 0 && !(Number(place.dataset.wait) > Date.now())) refresh(place);
  }
}, 1000);

/* --- the report --------------------------------------------------------------------------------------------------- */

/* in a frame of another origin, which can reach neither this page nor its key */
let reading = null;
addEventListener("message", event => {
  if (!reading || event.source !== reading.frame.contentWindow || event.data !== "ready") return;
  reading.frame.contentWindow.postMessage(reading.html, "*");
});
const reportOf = async path => {
  const answer = await ask(told.base + path), html = await answer.text();
  const named = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") || "");
  const title = say("The report");
  const save = () => {
    const url = URL.createObjectURL(new Blob([html], {type: "text/html"}));
    make("a", {href: url, download: named ? named[1] : "report.html"}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };
  const frame = make("iframe", {src: "/page/sheet", sandbox: "allow-scripts", title});
  reading = {frame, html};
  return make("section", {class: "report"}, make("div", {class: "head"}, make("h1", {tabindex: "-1", text: title}),
    make("a", {class: "button", href: `#${path.replace(/\/report$/, "")}`, text: say("Back")}),
    make("button", {type: "button", text: say("Save"), onclick: save})), frame);
};

/* --- views -------------------------------------------------------------------------------------------------------- */

const other = document.getElementById("other"), forget = document.getElementById("forget");
const VIEW = /^#\/(?:models|runs)(?:\/(?!\.+$)[A-Za-z0-9._@-]+)?$/;
const REPORT = /^#\/runs\/(?!\.+\/)[A-Za-z0-9._@-]+\/report$/;
let shown = 0;
const locked = wrong => {
  shown += 1;
  sessionStorage.removeItem(HELD);
  forget.hidden = true;
  document.body.classList.remove("reading");
  main.replaceChildren(document.getElementById("ask").content.cloneNode(true));
  const form = main.querySelector("form"), input = form.querySelector("input"), place = form.querySelector(".wrong");
  if (wrong) {
    explain(place, new Wrong({what: say("This key is not valid here."),
      try: say("The key as `mintmark api-keys new` showed it; see for blanks at its ends.")}, 401));
    input.setAttribute("aria-invalid", "true");
  }
  form.addEventListener("submit", event => {
    event.preventDefault();
    const key = input.value.trim();
    if (!key || /[^\x21-\x7e]/.test(key)) {
      locked(true);
      return;
    }
    sessionStorage.setItem(HELD, key);
    show();
  });
  input.focus();
};
const show = async () => {
  const mine = shown += 1;
  const report = REPORT.test(location.hash);
  const path = report || VIEW.test(location.hash) ? location.hash.slice(1) : "/models";
  other.href = `${other.dataset.base}#${path}`;
  for (const link of document.querySelectorAll(".bar nav a")) {
    if (path.startsWith(link.getAttribute("href").slice(1))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (told.keys && !sessionStorage.getItem(HELD)) {
    locked(false);
    return;
  }
  forget.hidden = !told.keys;
  const waiting = setTimeout(() => main.classList.add("quiet"), 150);
  if (main.querySelector("noscript")) main.replaceChildren(make("p", {class: "soft", text: say("Loading …")}));
  try {
    const made = report ? await reportOf(path) : parsed(await (await ask(told.base + path)).text());
    if (mine !== shown) return;
    main.replaceChildren(made);
    document.body.classList.toggle("reading", report);
  } catch (wrong) {
    if (mine !== shown) return;
    if (wrong.status === 401) {
      locked(true);
      return;
    }
    const said = make("p", {class: "wrong", role: "alert"});
    explain(said, wrong);
    document.body.classList.remove("reading");
    main.replaceChildren(make("h1", {tabindex: "-1", text: say(path.startsWith("/runs") ? "Run" : "Models")}), said);
  } finally {
    clearTimeout(waiting);
    main.classList.remove("quiet");
  }
  const title = main.querySelector("h1");
  document.title = title ? `${title.textContent} · Mintmark` : "Mintmark";
  scrollTo(0, 0);
  if (mine > 1 && title) title.focus({preventScroll: true});
  main.querySelectorAll("form.try").forEach(wire);
  main.querySelectorAll("[data-part]").forEach(refresh);
};
other.dataset.base = other.getAttribute("href");
forget.addEventListener("click", () => locked(false));
document.getElementById("skip").addEventListener("click", () => {
  const first = main.querySelector("h1, a, input, button");
  if (first) first.focus();
});
addEventListener("hashchange", show);
show();
"""
