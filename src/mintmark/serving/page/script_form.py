"""Script: forms. A question is read from its fields, sent to the public path, and an error put beside its field."""

CODE = r"""
/* --- forms -------------------------------------------------------------------------------------------------------- */

const control = field => field.querySelector("input, select, textarea");
const refuse = (field, what, fix) => {
  const wrong = new Wrong({kind: "Form", what, try: fix}, 0);
  wrong.field = field;
  return wrong;
};
/* the value of a field as the API takes it; undefined where it is left out */
const valueOf = field => {
  const input = control(field), text = input.value, kind = field.dataset.kind;
  if (input.validity.badInput) {
    if (kind === "time") {
      throw refuse(field, say("Not a date with a time."),
        say("Year, month, day, hour and minute, or nothing where it is not known."));
    }
    throw refuse(field, say("Not a number."), say("A number such as 12.5, or nothing where it is not known."));
  }
  if (text === "") return field.dataset.optional ? undefined : kind === "prompt" ? "" : null;
  if (kind === "number" || kind === "steps") return Number(text);
  if (kind === "boolean") return text === "true";
  if (kind === "lines") return text.split("\n").filter(line => line !== "");
  if (kind === "list") {
    try { return JSON.parse(text); } catch (broken) {
      throw refuse(field, say("Not a list as JSON."), say("A list such as [1, 2], or nothing where it is not known."));
    }
  }
  return text;
};
const clear = form => {
  for (const place of form.querySelectorAll(".wrong")) place.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
};
/* beside the field that it is about, else below the form */
const putError = (form, wrong) => {
  const fields = [...form.querySelectorAll(".field")];
  const field = wrong.field || fields.find(f => wrong.where.endsWith(f.dataset.where));
  if (!field) {
    explain(form.querySelector(":scope > .wrong"), wrong);
    return;
  }
  const more = field.closest("details");
  if (more) more.open = true;
  explain(field.querySelector(".wrong"), {...wrong, what: wrong.what, fix: wrong.fix, where: ""});
  control(field).setAttribute("aria-invalid", "true");
  control(field).focus();
};
const question = form => {
  const row = {};
  for (const field of form.querySelectorAll(".field")) {
    const value = valueOf(field);
    if (value !== undefined) row[field.dataset.name] = value;
  }
  return row;
};
const post = (path, body, more) => ask(path, {method: "POST", body, ...more,
  headers: {"content-type": "application/json", ...(more && more.headers)}});

const asksOne = async (form, place) => {
  const path = `/v1/models/${form.dataset.model}/predict`;
  const row = question(form), start = performance.now();
  let body = JSON.stringify({row, ...(form.dataset.reasons ? {reasons: MOST_REASONS} : {})}), said = null;
  try {
    said = await (await post(path, body)).json();
  } catch (wrong) {
    if (wrong.where !== "reasons") throw wrong;  /* who answers in its place gives none */
    body = JSON.stringify({row});
    said = await (await post(path, body)).json();
  }
  const took = performance.now() - start;
  place.replaceChildren();
  one(said, place);
  place.append(make("p", {class: "soft", text: say("{n} ms", {n: number(took)})}));
  terminal(path, body, place);
};
const asksAhead = async (form, place) => {
  const given = {};
  let series = "", steps = 1;
  for (const field of form.querySelectorAll(".field")) {
    const value = valueOf(field);
    if (field.dataset.kind === "series") series = value || "";
    else if (field.dataset.kind === "steps") steps = value || 0;
    else if (value !== null && value !== undefined) given[field.dataset.name] = value;
  }
  const wanted = new URLSearchParams({series, steps: String(steps)});
  const asked = await (await ask(`${told.base}/models/${form.dataset.model}/ahead?${wanted}`)).json();
  const path = `/v1/models/${form.dataset.model}/predict`;
  const body = JSON.stringify({rows: asked.rows.map(row => ({...row, ...given}))});
  const said = await (await post(path, body)).json();
  place.replaceChildren();
  instead(said, place);
  forecast(said, asked, place);
  terminal(path, body, place);
};
/* events as they come; data lines alone, as the server sends them */
const eventsOf = async function* (answer) {
  const reader = answer.body.getReader(), decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    rest += done ? "" : decoder.decode(value, {stream: true});
    const parts = rest.split("\n\n");
    rest = parts.pop();
    for (const part of parts) if (part.startsWith("data: ")) yield part.slice(6);
    if (done) return;
  }
};
const asksText = async (form, place, abort) => {
  const row = question(form), path = `/v1/models/${form.dataset.model}/predict`, body = JSON.stringify({row});
  const state = make("p", {class: "soft", text: say("writing …")});
  const written = make("span"), text = make("p", {class: "text writing", dir: "auto"},
    make("span", {class: "asked", text: row.prompt || ""}), written);
  const start = performance.now();
  const end = said => {
    text.classList.remove("writing");
    state.textContent = said;
  };
  try {
    const answer = await post(path, body, {signal: abort.signal, headers: {accept: "text/event-stream"}});
    place.replaceChildren(text, state);
    let last = {};
    for await (const event of eventsOf(answer)) {
      if (event === "[DONE]") break;
      const said = JSON.parse(event);
      if (said.error) throw new Wrong(said.error, 0);
      last = said.answers[0];
      written.textContent = last.text || "";
    }
    const told_ = [say("{n} tokens", {n: number(last.tokens)}), say("{n} ms", {n: number(performance.now() - start)})];
    if (last.finish === "length") told_.push(say("at its limit"));
    end(told_.join(" · "));
    terminal(path, body, place);
  } catch (broken) {
    end(broken.name === "AbortError" ? say("stopped") : "");
    if (broken.name !== "AbortError") throw broken;
  }
};
const wire = form => {
  const place = form.nextElementSibling, send = form.querySelector("[type=submit]"), stop = form.querySelector(".stop");
  let abort = null;
  stop.addEventListener("click", () => abort && abort.abort());
  for (const offer of form.querySelectorAll(".offer")) {
    offer.addEventListener("click", () => {
      const input = control(offer.closest(".field"));
      input.value = offer.dataset.text;
      input.focus();
    });
  }
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (send.disabled) return;
    clear(form);
    abort = new AbortController();
    send.disabled = true;
    stop.hidden = !form.dataset.stream;
    try {
      if (form.dataset.ahead) await asksAhead(form, place);
      else if (form.dataset.stream) await asksText(form, place, abort);
      else await asksOne(form, place);
      document.querySelectorAll("[data-part]").forEach(refresh);
    } catch (wrong) {
      if (wrong.status === 401) locked(true);
      else {
        if (!form.dataset.stream) place.replaceChildren();
        putError(form, wrong);
      }
    } finally {
      send.disabled = false;
      stop.hidden = true;
    }
  });
};
"""
