// A window on a host for the people who run it. What the token may not do is not shown; the host decides in any case.

import { Refused, hasToken, introduce, keepToken, may } from "./api.js";
import * as desk from "./desk.js";
import { inform } from "./dialog.js";
import { byId, el, sectionOf, facts, empty } from "./dom.js";
import * as intents from "./intents.js";
import * as providers from "./providers.js";

// The sections of the menu: [name in the address, title, scope, key after g].
const sections = [
  ["attention", "Attention", "resolve", "a"], ["payments", "Payments", "payments:read", "p"], ["payouts", "Payouts", "payouts:read", "o"],
  ["approvals", "Approvals", "resolve", "y"], ["providers", "Providers", "providers:read", "v"], ["webhooks", "Webhooks", "webhooks:read", "w"],
  ["events", "Events", "events:read", "e"], ["dead-letters", "Dead letters", "events:read", "d"], ["audit", "Audit", "admin", "l"],
];

// The pages: each shows one thing when it is given an id, and a list otherwise.
const pages = {
  attention: page => desk.attention(page),
  payments: (page, id) => id ? intents.intent(page, "payments", id) : intents.intents(page, "payments"),
  payouts: (page, id) => id ? intents.intent(page, "payouts", id) : intents.intents(page, "payouts"),
  refunds: (page, id) => intents.intent(page, "refunds", id),
  approvals: page => desk.approvals(page),
  providers: (page, id) => id ? providers.provider(page, id) : providers.providers(page),
  versions: page => providers.versions(page),
  webhooks: (page, id) => id ? desk.webhook(page, id) : desk.webhooks(page),
  events: page => desk.events(page),
  "dead-letters": page => desk.deadLetters(page),
  audit: page => desk.audit(page),
  search: page => intents.search(page),
};

let turn = 0; // counts the pages shown, so that a late answer does not draw over a newer page

// Page is one showing of a page.
class Page {
  constructor(query) {
    this.query = query;
    this.turn = turn;
    this.again = () => route();
    this.fail = error => fail(error, this);
  }

  current() { return this.turn === turn; }
  go(path) {
    if (location.hash === "#/" + path) route(); else location.hash = "#/" + path;
  }

  show(...parts) {
    if (this.current()) byId("main").replaceChildren(...parts.flat(Infinity).filter(one => one !== null && one !== undefined && one !== false));
  }

  // later runs something again while the same page is shown, but not below an open dialog.
  later(again, after) {
    setTimeout(() => {
      if (!this.current()) return;
      if (document.querySelector("dialog[open]")) this.later(again, after); else again().catch(this.fail);
    }, after);
  }
}

function fail(error, page) {
  if (page && !page.current()) return;
  if (error instanceof Refused) { login(hasToken() ? error.message : ""); return; }
  byId("main").replaceChildren(el("p", { class: "empty bad wrong", role: "alert" }, error.message));
}

function login(why) {
  turn++;
  keepToken("");
  byId("main").replaceChildren();
  byId("sections").replaceChildren();
  byId("said").replaceChildren();
  byId("who").textContent = "";
  byId("refused").textContent = why;
  byId("login").hidden = false;
  byId("leave").hidden = true;
  byId("search").hidden = true;
  byId("token").focus();
}

// menu shows the sections that the token may see, and marks the present one.
function menu(section) {
  const mine = section === "refunds" || section === "search" ? "payments" : section === "versions" ? "providers" : section;
  byId("sections").replaceChildren(...sections.filter(([, , scope]) => may(scope)).map(([name, title]) =>
    el("a", { href: "#/" + name, "aria-current": name === mine ? "page" : undefined }, title)));
}

async function route() {
  turn++;
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const page = new Page(new URLSearchParams(query || ""));
  if (!hasToken()) { login(""); return; }
  byId("login").hidden = true;
  byId("leave").hidden = false;
  try {
    const me = await introduce();
    if (!page.current()) return;
    const first = sections.find(([, , scope]) => may(scope));
    const [section, id] = (path || first?.[0] || "").split("/").map(readable);
    byId("who").textContent = me.name;
    byId("who").title = me.scopes.join(", ");
    byId("search").hidden = !may("payments:read") && !may("payouts:read");
    menu(section);
    if (!Object.hasOwn(pages, section)) {
      page.show(empty(first ? "There is no such page." : `The token ${me.name} has no scope that shows anything.`));
      return;
    }
    await pages[section](page, id);
    if (page.current()) byId("main").dataset.page = section;
  } catch (error) { page.fail(error); }
}

// readable undoes what an address is written with; one that cannot be undone stays as it is.
function readable(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

async function ready() {
  const answer = await fetch("../readyz", { cache: "no-store" }).catch(() => null);
  const body = answer && await answer.json().catch(() => null);
  const paused = (body?.paused || []).map(one => `${one.provider}: ${one.what} paused`);
  byId("ready").className = "pill " + (!body?.ok ? "bad" : paused.length ? "warn" : "good");
  byId("ready").textContent = !answer ? "no connection" : !body?.ok ? "not ready" : paused.length ? "ready, with pauses" : "ready";
  byId("ready").title = [...(body?.waiting || []).map(one => `${one.provider}: ${one.state}`), ...paused].join("\n");
  setTimeout(ready, 10000);
}

// Keys: one letter each, never while something is typed.
let leading = false; // g was pressed

function move(step) {
  const links = [...document.querySelectorAll("main tbody tr")].map(row => row.querySelector("a")).filter(Boolean);
  const at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + step))]?.focus();
}

function keys() {
  const shown = sections.filter(([, , scope]) => may(scope));
  inform("Keys", facts([["/", "search"], ["j, k", "next and previous row; Enter opens it"], ["r", "read the page again"],
    ...shown.map(([, title, , key]) => ["g " + key, title]), ["Enter, Esc", "in a question: do it, or leave it"], ["?", "this list"]]));
}

addEventListener("keydown", event => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (typing && event.key === "Escape" && event.target.id === "query") { byId("main").focus(); return; }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !hasToken() || document.querySelector("dialog[open]")) return;
  if (leading) {
    leading = false;
    const found = sections.find(([, , scope, key]) => key === event.key && may(scope));
    if (found) { event.preventDefault(); location.hash = "#/" + found[0]; }
    return;
  }

  const does = { "/": () => byId("query").focus(), g: () => { leading = true; }, j: () => move(1), k: () => move(-1), r: route, "?": keys };
  if (!Object.hasOwn(does, event.key)) return;
  event.preventDefault();
  does[event.key]();
});

byId("search").addEventListener("submit", event => {
  event.preventDefault();
  const text = byId("query").value.trim();
  if (!text) return;
  const section = sectionOf(text);
  location.hash = section ? `#/${section}/${encodeURIComponent(text)}` : "#/search?" + new URLSearchParams({ q: text });
});
byId("login").addEventListener("submit", event => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  route();
});
byId("skip").addEventListener("click", event => { event.preventDefault(); byId("main").focus(); });
byId("keys").addEventListener("click", keys);
byId("leave").addEventListener("click", () => login(""));
addEventListener("hashchange", () => { byId("said").replaceChildren(); route(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (!document.querySelector("dialog[open]")) route(); });
ready();
route();
