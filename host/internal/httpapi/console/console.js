"use strict";
// A window on a host for the people who run it. It only reads, and writes text only as text: what providers and customers
// send is shown here.

const $ = id => document.getElementById(id);

// el makes an element: attributes by name (onX are listeners), children are nodes or text.
function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v !== undefined && v !== false) e.setAttribute(k, v);
  }
  e.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined));
  return e;
}

let token = sessionStorage.getItem("payhost-token") || "";
let turn = 0; // counts the pages shown, so that a late answer does not draw over a newer page

class Refused extends Error {}

async function get(path, query = {}) {
  const q = new URLSearchParams(Object.entries(query).filter(([, v]) => v));
  const r = await fetch("../v1/" + path + (q.size ? "?" + q : ""), { headers: { Authorization: "Bearer " + token }, cache: "no-store" });
  const body = await r.json().catch(() => ({}));
  if (r.status === 401) throw new Refused(/admin socket/.test(body.detail) ? body.detail : "This is not one of the tokens.");
  if (!r.ok) throw new Error([body.detail || r.statusText, ...(body.violations || []).map(v => v.field + ": " + v.message)].join("\n"));
  return body;
}

const tones = {
  good: ["succeeded", "ready", "applied", "ok", "closed"],
  warn: ["requires_action", "processing", "pending", "authorized", "starting", "draining", "restarting", "unmatched", "created", "half-open", "not_sent"],
  bad: ["failed", "under_review", "unknown", "quarantined", "open", "refused"],
};

function pill(text) {
  const tone = Object.keys(tones).find(t => tones[t].includes(text)) || "";
  return el("span", { class: "pill " + tone }, String(text).replaceAll("_", " "));
}

function time(text) {
  if (!text) return "";
  const d = new Date(text);
  return el("time", { datetime: text, title: text }, d.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));
}

const money = (amount, currency) => amount ? amount + " " + (currency || "") : "";
const link = (section, id) => el("a", { href: `#/${section}/${encodeURIComponent(id)}`, class: "mono" }, id);
const empty = text => el("p", { class: "empty" }, text);

function table(columns, rows) {
  const cells = (tag, row) => columns.map(([, value, kind], k) => el(tag, { class: kind || "" }, tag === "th" ? columns[k][0] : value(row) ?? ""));
  return el("div", { class: "card scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, cells("th"))),
    el("tbody", {}, rows.map(row => el("tr", {}, cells("td", row))))));
}

function facts(pairs) {
  return el("dl", {}, pairs.filter(([, v]) => v !== undefined && v !== null && v !== "")
    .map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)]));
}

function pretty(text) {
  if (typeof text !== "string") return JSON.stringify(text, null, 2);
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

const block = (title, value) => value ? el("details", {}, el("summary", {}, title), el("pre", {}, pretty(value))) : null;

// list shows what a call gives page by page. Filters are [name, options or placeholder]; they live in the address.
async function list(main, path, title, filters, query, columns) {
  const apply = () => { location.hash = `#/${path}?` + new URLSearchParams([...new FormData(form)].filter(([, v]) => v)); };
  const form = el("form", { class: "filters", onsubmit: e => { e.preventDefault(); apply(); } }, filters.map(([name, choice]) =>
    Array.isArray(choice)
      ? el("select", { name, "aria-label": name, onchange: apply }, el("option", { value: "" }, "any " + name),
        choice.map(o => el("option", { value: o, selected: query[name] === o }, o.replaceAll("_", " "))))
      : el("input", { name, type: "search", placeholder: choice, "aria-label": choice, value: query[name] || "" })));
  const area = el("div");
  main.replaceChildren(el("h1", {}, title), form, area);
  let rows = [];
  const page = async cursor => {
    const mine = turn;
    const answer = await get(path, { ...query, cursor, limit: 50 });
    if (mine !== turn) return;
    rows = rows.concat(answer.data);
    const more = answer.next_cursor ? el("button", { class: "more", type: "button", onclick: () => page(answer.next_cursor).catch(fail) }, "More") : null;
    area.replaceChildren(rows.length ? table(columns, rows) : empty("Nothing here yet."), ...(more ? [more] : []));
  };
  await page();
}

const names = async () => (await get("providers")).data.map(p => p.name);

function intentColumns(section) {
  return [
    ["Created", p => time(p.created_at), "nowrap"], ["Id", p => link(section, p.id)], ["Provider", p => p.provider],
    ["Reference", p => p.merchant_reference], ["Status", p => pill(p.status)], ["Amount", p => money(p.amount, p.currency), "number"],
  ];
}

async function intents(main, section, title, statuses, query) {
  const filters = [["provider", await names()], ["status", statuses], ["merchant_reference", "your reference"]];
  await list(main, section, title, filters, query, intentColumns(section));
}

function attempt(a) {
  return el("li", {}, el("strong", {}, `${a.number}. ${a.verb.replaceAll("_", " ")} `), pill(a.outcome || "running"), " ",
    el("span", { class: "soft" }, time(a.started_at), ` · ${a.duration_ms} ms · version ${a.plugin_version}`),
    a.message || a.code ? el("div", {}, [a.code, a.provider_code, a.message].filter(Boolean).join(" · ")) : null,
    (a.exchanges || []).map(x => el("details", {},
      el("summary", {}, `${x.method} ${x.url} → ${x.status || x.error || "no answer"} (${x.duration_ms} ms${x.sent ? "" : ", not sent"})`),
      x.request_body ? el("pre", {}, pretty(x.request_body)) : null, x.response_body ? el("pre", {}, pretty(x.response_body)) : null)));
}

function change(c) {
  const what = c.action === c.to ? pill(c.to) : [el("strong", {}, c.action.replaceAll("_", " ")), c.to && c.from !== c.to ? [" ", pill(c.to)] : null];
  return el("li", {}, el("span", { class: "soft" }, time(c.at), " "), what,
    el("span", { class: "soft" }, " by " + c.actor), c.note ? el("div", {}, c.note) : null);
}

function failure(f) {
  if (!f) return "";
  return el("span", { class: "bad" }, [f.code, f.outcome, f.message, f.provider_code, f.provider_message].filter(Boolean).join(" · "));
}

async function intent(main, section, id) {
  const mine = turn;
  const p = await get(`${section}/${encodeURIComponent(id)}`);
  const refunds = section === "payments" ? (await get(`payments/${encodeURIComponent(id)}/refunds`)).data : [];
  if (mine !== turn) return;
  main.replaceChildren(el("h1", {}, money(p.amount, p.currency), " ", pill(p.status)),
    el("div", { class: "card detail" }, facts([
      ["Id", el("span", { class: "mono" }, p.id)], ["Provider", p.provider], ["Why under review", p.review_reason], ["Failure", failure(p.failure)],
      ["Your reference", p.merchant_reference], ["Provider's reference", p.provider_reference], ["Provider's status", p.provider_status],
      ["Paid", money(p.paid_amount, p.paid_currency)], ["Description", p.description], ["Method", p.method],
      ["Created", time(p.created_at)], ["Changed", time(p.updated_at)], ["Expires", time(p.expires_at)],
      ["To do", block(p.next_action?.type, p.next_action)], ["Recipient", p.recipient && block("show", p.recipient)],
      ["Metadata", Object.keys(p.metadata || {}).length ? block("show", p.metadata) : ""],
    ])),
    el("h2", {}, "History"), el("ul", { class: "card steps" }, (p.history || []).map(change)),
    el("h2", {}, "Attempts"), el("ul", { class: "card steps" }, (p.attempts || []).map(attempt)),
    ...(refunds.length ? [el("h2", {}, "Refunds"), table([["Id", r => el("span", { class: "mono" }, r.id)], ["Created", r => time(r.created_at), "nowrap"],
      ["Status", r => pill(r.status)], ["Failure", r => failure(r.failure)], ["Amount", r => money(r.amount, r.currency), "number"]], refunds)] : []));
}

async function providers(main) {
  const mine = turn;
  const { data } = await get("providers");
  if (mine !== turn) return;
  main.replaceChildren(el("h1", {}, "Providers"), data.length ? el("div", { class: "grid" }, data.map(p => el("section", { class: "card" },
    el("h1", {}, p.name, pill(p.state)), facts([
      ["Plugin", `${p.plugin} ${p.version}`], ["In flight", `${p.in_flight} of ${p.max_in_flight}`], ["Restarts", String(p.restarts)],
      ["Breaker", p.breaker && pill(p.breaker)], ["Process", p.pid ? String(p.pid) : ""], ["Running since", time(p.started_at)],
      ["Last error", p.last_error && el("span", { class: "bad" }, p.last_error)], ["Warnings", (p.warnings || []).join("\n")],
      ["Currencies", p.currencies.join(", ")], ["Can", p.capabilities.map(c => c.replaceAll("_", " ")).join(", ")],
      ["Checksum", p.checksum && el("span", { class: "mono", title: p.checksum }, p.checksum.slice(0, 12))],
    ])))) : empty("No provider is configured."));
  later(() => providers(main), 5000);
}

async function webhooks(main, query) {
  await list(main, "webhooks", "Webhooks", [["provider", await names()], ["state", ["pending", "applied", "ignored", "unmatched", "failed"]]], query, [
    ["Received", w => time(w.received_at), "nowrap"], ["Id", w => link("webhooks", w.id)], ["Provider", w => w.provider], ["State", w => pill(w.state)],
    ["Verified", w => w.verified ? "yes" : "no"], ["Events", w => String(w.events), "number"], ["About", w => w.payment_ids.map(about)]]);
}

const about = id => el("div", {}, id.startsWith("re_") ? el("span", { class: "mono" }, id) : link(id.startsWith("po_") ? "payouts" : "payments", id));

async function webhook(main, id) {
  const mine = turn;
  const w = await get("webhooks/" + encodeURIComponent(id));
  if (mine !== turn) return;
  main.replaceChildren(el("h1", {}, `Webhook of ${w.provider} `, pill(w.state)), el("div", { class: "card detail" }, facts([
    ["Id", el("span", { class: "mono" }, w.id)], ["Received", time(w.received_at)], ["From", w.remote_address], ["Verified", w.verified ? "yes" : "no"],
    ["Events", String(w.events)], ["About", w.payment_ids.map(about)], ["Error", w.error && el("span", { class: "bad" }, w.error)],
    ["Method", w.method], ["Query", w.query && el("span", { class: "mono" }, w.query)]])),
  el("h2", {}, "Headers"), el("pre", {}, Object.entries(w.headers).sort().map(([k, v]) => `${k}: ${v}`).join("\n")),
  el("h2", {}, "Body"), el("pre", {}, pretty(w.body) || "(empty)"));
}

// Event ids number one stream, so the newest are found by halving instead of by reading all there ever were.
const eventID = n => "evt_" + n.toString(32).padStart(13, "0");
async function newest() {
  const after = async n => (await get("events", { after: eventID(n), limit: 1 })).data.length > 0;
  let low = 0, high = 1;
  while (await after(high)) [low, high] = [high, high * 2];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await after(middle)) low = middle + 1; else high = middle;
  }
  return low;
}

async function events(main) {
  const mine = turn;
  const area = el("div", {}, empty("Waiting for events."));
  main.replaceChildren(el("h1", {}, "Events"), area);
  let after = eventID(Math.max(0, await newest() - 50)), rows = [];
  const tail = async () => {
    const { data } = await get("events", { after, limit: 200 });
    if (mine !== turn) return;
    if (data.length) {
      after = data.at(-1).id;
      rows = [...data.reverse(), ...rows].slice(0, 300);
      area.replaceChildren(table([["At", e => time(e.created_at), "nowrap"], ["Event", e => pill(e.type.split(".")[1]), "nowrap"], ["Type", e => e.type],
        ["About", e => about(e.refund_id || e.payout_id || e.payment_id)], ["No.", e => String(e.sequence), "number"],
        ["Amount", e => money(e.data.amount, e.data.currency), "number"]], rows));
    }
    later(tail, 2000);
  };
  await tail();
}

// later runs fn again while the same page is shown.
function later(fn, after) {
  const mine = turn;
  setTimeout(() => { if (mine === turn) fn().catch(fail); }, after);
}

function fail(error) {
  if (error instanceof Refused) return login(token ? error.message : "");
  $("main").replaceChildren(el("p", { class: "empty bad", role: "alert" }, error.message));
}

function login(why) {
  turn++;
  token = "";
  sessionStorage.removeItem("payhost-token");
  $("main").replaceChildren();
  $("refused").textContent = why;
  $("login").hidden = false;
  $("leave").hidden = true;
  $("token").focus();
}

const paymentStatuses = ["created", "requires_action", "processing", "authorized", "succeeded", "failed", "canceled", "expired", "under_review", "unknown"];
const payoutStatuses = ["created", "processing", "succeeded", "failed", "under_review", "unknown"];

function route() {
  turn++;
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [section, id] = (path || "payments").split("/").map(decodeURIComponent);
  for (const a of document.querySelectorAll("nav a")) {
    if (a.hash === "#/" + section) a.setAttribute("aria-current", "page"); else a.removeAttribute("aria-current");
  }
  if (!token) return login("");
  $("login").hidden = true;
  $("leave").hidden = false;
  const main = $("main"), filter = Object.fromEntries(new URLSearchParams(query || ""));
  const pages = {
    payments: () => id ? intent(main, section, id) : intents(main, section, "Payments", paymentStatuses, filter),
    payouts: () => id ? intent(main, section, id) : intents(main, section, "Payouts", payoutStatuses, filter),
    providers: () => providers(main),
    webhooks: () => id ? webhook(main, id) : webhooks(main, filter),
    events: () => events(main),
  };
  (pages[section] || pages.payments)().catch(fail);
}

async function ready() {
  const r = await fetch("../readyz", { cache: "no-store" }).catch(() => null);
  const body = r && await r.json().catch(() => null);
  $("ready").className = "pill " + (body?.ok ? "good" : "bad");
  $("ready").textContent = !r ? "no connection" : body?.ok ? "ready" : "not ready";
  $("ready").title = (body?.waiting || []).map(w => `${w.provider}: ${w.state}`).join("\n");
  setTimeout(ready, 10000);
}

$("login").addEventListener("submit", e => {
  e.preventDefault();
  token = $("token").value.trim();
  sessionStorage.setItem("payhost-token", token);
  $("token").value = "";
  route();
});
$("leave").addEventListener("click", () => login(""));
addEventListener("hashchange", route);
ready();
route();
