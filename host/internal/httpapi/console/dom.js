// Parts of pages. Everything is written as text, never as markup: what providers and customers send is shown here.

export const byId = id => document.getElementById(id);

// el makes an element: attributes by name (onX are listeners), children are nodes or text.
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return made;
}

const tones = {
  good: ["succeeded", "ready", "applied", "ok", "closed", "approved", "done"],
  warn: ["requires_action", "processing", "pending", "authorized", "starting", "draining", "restarting", "unmatched",
    "created", "half-open", "not_sent", "paused", "approval", "webhook_unmatched"],
  bad: ["failed", "under_review", "unknown", "quarantined", "open", "refused", "dead", "dead_letter", "webhook_failed",
    "certificate_expiring"],
};

export function pill(text) {
  const tone = Object.keys(tones).find(name => tones[name].includes(text)) || "";
  return el("span", { class: "pill " + tone }, String(text).replaceAll("_", " "));
}

export function time(text) {
  if (!text) return "";
  const at = new Date(text);
  return el("time", { datetime: text, title: text }, at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }));
}

export const money = (amount, currency) => amount ? amount + " " + (currency || "") : "";
export const mono = text => el("span", { class: "mono" }, text);
export const link = (section, id) => el("a", { href: `#/${section}/${encodeURIComponent(id)}`, class: "mono" }, id);
export const empty = text => el("p", { class: "empty" }, text);
export const bad = text => el("span", { class: "bad" }, text);
export const words = text => String(text).replaceAll("_", " ");

// sectionOf says on which page an id is shown, "" for none.
export function sectionOf(id) {
  const sections = { pay: "payments", po: "payouts", re: "refunds", wh: "webhooks" };
  const prefix = String(id).split("_")[0];
  return Object.hasOwn(sections, prefix) && String(id).includes("_") ? sections[prefix] : "";
}

// about links an id to its page where it has one.
export function about(id) {
  if (!id) return "";
  const section = sectionOf(id);
  return el("div", {}, section ? link(section, id) : mono(id));
}

// table shows rows; columns are [heading, value of a row, kind]. On a narrow screen each row is a card, whose lines
// are led by the headings.
export function table(columns, rows) {
  return el("div", { class: "card scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, columns.map(([heading, , kind]) => el("th", { class: kind || "", scope: "col" }, heading)))),
    el("tbody", {}, rows.map(row => el("tr", {}, columns.map(([heading, value, kind]) =>
      el("td", { class: kind || "", "data-heading": heading }, value(row) ?? "")))))));
}

export function facts(pairs) {
  return el("dl", {}, pairs.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false)
    .map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

export function pretty(text) {
  if (typeof text !== "string") return JSON.stringify(text, null, 2);
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

export const block = (title, value) => value ? el("details", {}, el("summary", {}, title), el("pre", {}, pretty(value))) : null;
export const button = (text, onclick, kind = "") => el("button", { type: "button", class: kind, onclick }, text);

// say tells what was done, also to those who listen.
export function say(text) {
  const line = el("p", {}, text, " ", button("Close", () => line.remove(), "quiet"));
  byId("said").replaceChildren(line);
}
