import { get, may } from "./api.js";
import * as acts from "./acts.js";
import { about, bad, block, button, el, empty, facts, link, money, mono, pill, table, time, words } from "./dom.js";
import { list, names } from "./list.js";

// Payments, payouts and refunds.

export const statuses = {
  payments: ["created", "requires_action", "processing", "authorized", "succeeded", "failed", "canceled", "expired", "under_review", "unknown"],
  payouts: ["created", "processing", "succeeded", "failed", "under_review", "unknown"],
};

// columns are those of a list of payments or payouts.
export const columns = section => [
  ["Created", one => time(one.created_at), "nowrap"], ["Id", one => link(section, one.id)], ["Provider", one => one.provider],
  ["Your reference", one => one.merchant_reference], ["Provider's reference", one => one.provider_reference],
  ["Status", one => pill(one.status)], ["Amount", one => money(one.amount, one.currency), "number"],
];

// day reads a date of a filter as the moment when it begins here, days later.
function day(text, days = 0) {
  const [year, month, date] = (text || "").split("-").map(Number);
  return year ? new Date(year, month - 1, date + days).toISOString() : "";
}

// The host searches for these along the time, and so wants to know since when.
const searched = 31;

export async function intents(page, section) {
  const query = page.query, sought = query.get("amount") || query.get("customer");
  const since = day(query.get("from")) || (sought ? new Date(Date.now() - searched * 864e5 + 6e4).toISOString() : "");
  await list(page, {
    path: section, title: section === "payouts" ? "Payouts" : "Payments", columns: columns(section),
    filters: [
      { name: "provider", label: "provider", options: await names() },
      { name: "merchant_reference", label: "your reference" },
      { name: "provider_reference", label: "provider's reference" },
      { name: "idempotency_key", label: "key" },
      { name: "customer", label: section === "payouts" ? "recipient's id, e-mail or phone" : "customer's id, e-mail or phone" },
      { name: "amount", label: "amount", size: 8, pattern: "[0-9]+(\\.[0-9]+)?" },
      { name: "currency", label: "currency", size: 6 },
      { name: "from", label: "from", date: true }, { name: "to", label: "to", date: true },
      { name: "status", label: "status", several: statuses[section] },
    ],
    note: sought && !query.get("from") ? `By amount and by customer the last ${searched} days are searched: choose other dates for more.` : "",
    parameters: values => {
      const { from, to, ...rest } = values;
      return { ...rest, created_from: since, created_to: day(to, 1) };
    },
  });
}

function attempt(one) {
  return el("li", {}, el("strong", {}, `${one.number}. ${words(one.verb)} `), pill(one.outcome || "running"), " ",
    one.amount ? el("span", {}, one.amount + " ") : null,
    el("span", { class: "soft" }, time(one.started_at), ` · ${one.duration_ms} ms · version ${one.plugin_version}`, one.host ? ` · host ${one.host}` : ""),
    one.message || one.code ? el("div", {}, [one.code, one.provider_code, one.message].filter(Boolean).join(" · ")) : null,
    (one.exchanges || []).map(said => el("details", { open: true },
      el("summary", {}, `${said.method} ${said.url} → ${said.status || said.error || "no answer"} (${said.duration_ms} ms${said.sent ? "" : ", not sent"})`),
      block("Request", said.request_body), block("Answer", said.response_body))));
}

function change(one) {
  const what = one.action === one.to ? pill(one.to) : [el("strong", {}, words(one.action)), one.to && one.from !== one.to ? [" ", pill(one.to)] : null];
  return el("li", {}, el("span", { class: "soft" }, time(one.at), " "), what,
    el("span", { class: "soft" }, " by " + one.actor), one.note ? el("div", {}, one.note) : null);
}

export function failure(one) {
  return one ? bad([one.code, one.outcome, one.message, one.provider_code, one.provider_message].filter(Boolean).join(" · ")) : "";
}

function waiting(approval) {
  if (!approval) return "";
  return [pill(approval.state), ` ${approval.why} · asked for by ${approval.asked_by}`,
    approval.resolution ? ` · ${words(approval.resolution.status)}: ${approval.resolution.reason}` : "",
    approval.decided_by ? ` · ${approval.state} by ${approval.decided_by}` : "", approval.reason ? `: ${approval.reason}` : ""];
}

export async function intent(page, section, id) {
  const wire = page.query.get("include") === "exchanges";
  const thing = await get(`${section}/${encodeURIComponent(id)}`, { include: wire ? "exchanges" : "" });
  const refunds = section === "payments" ? (await get(`payments/${encodeURIComponent(id)}/refunds`)).data : [];
  const metadata = thing.metadata && Object.keys(thing.metadata).length ? thing.metadata : null;
  const others = (thing.provider_references || []).filter(one => one !== thing.provider_reference);

  page.show(
    el("h1", {}, money(thing.amount, thing.currency), " ", pill(thing.status)),
    el("div", { class: "buttons acts" }, acts.ofIntent(section, thing, refunds, page.again)),
    el("div", { class: "card detail" }, facts([
      ["Id", mono(thing.id)], ["Payment", about(thing.payment_id)],
      ["Provider", may("providers:read") ? link("providers", thing.provider) : thing.provider],
      ["Why under review", thing.review_reason && words(thing.review_reason)], ["Second name", waiting(thing.approval)],
      ["Failure", failure(thing.failure)], ["Wrong in the request", (thing.failure?.violations || []).map(one => el("div", {}, `${one.field}: ${one.message}`))],
      ["What callers may do", thing.failure?.retry && words(thing.failure.retry)],
      ["Your reference", thing.merchant_reference], ["Provider's reference", thing.provider_reference], ["Earlier references", others.join(", ")],
      ["Provider's status", thing.provider_status], ["Paid", money(thing.paid_amount, thing.paid_currency)], ["Reason", thing.reason],
      ["Description", thing.description], ["Method", thing.method], ["Created", time(thing.created_at)], ["Changed", time(thing.updated_at)],
      ["Expires", time(thing.expires_at)], ["To do", block(thing.next_action?.type, thing.next_action)],
      ["Recipient", thing.recipient && block("show", thing.recipient)], ["Metadata", metadata && block("show", metadata)],
    ].filter(([, value]) => !Array.isArray(value) || value.length))),
    ...(thing.history?.length ? [el("h2", {}, "History"), el("ul", { class: "card steps" }, thing.history.map(change))] : []),
    el("h2", {}, "Attempts"),
    thing.attempts?.length ? el("ul", { class: "card steps" }, thing.attempts.map(attempt)) : empty("Nothing was sent."),
    ...(may("webhooks:read") && !wire && thing.attempts?.length
      ? [button("Show what was said on the wire (recorded in the audit log)", () => page.go(`${section}/${encodeURIComponent(id)}?include=exchanges`))] : []),
    ...(refunds.length ? [el("h2", {}, "Refunds"), table([["Created", one => time(one.created_at), "nowrap"], ["Id", one => link("refunds", one.id)],
      ["Reason", one => one.reason], ["Status", one => pill(one.status)], ["Failure", one => failure(one.failure)],
      ["Amount", one => money(one.amount, one.currency), "number"]], refunds)] : []));
}

// search looks for a text wherever a payment or payout can have it.
export async function search(page) {
  const text = (page.query.get("q") || "").trim();
  const since = new Date(Date.now() - searched * 864e5 + 6e4).toISOString();
  const ways = [["your reference", { merchant_reference: text }], ["provider's reference", { provider_reference: text }],
    ["key", { idempotency_key: text }], ["customer", { customer: text, created_from: since }]];
  const [, amount, currency] = /^([0-9]+(?:\.[0-9]+)?)(?: ([A-Za-z]{3,10}))?$/.exec(text) || [];
  if (amount) ways.push(["amount", { amount, currency: (currency || "").toUpperCase(), created_from: since }]);

  const found = new Map();
  const asked = ["payments", "payouts"].filter(section => may(section + ":read"))
    .flatMap(section => ways.map(async ([by, query]) => {
      // A key is ASCII; a text that cannot be one is not asked for.
      if (query.idempotency_key && !/^[ -~]*$/.test(text)) return;
      for (const one of (await get(section, { ...query, limit: 50 })).data) {
        const before = found.get(one.id);
        if (before) before.by.push(by); else found.set(one.id, { section, one, by: [by] });
      }
    }));
  if (text) await Promise.all(asked);

  const rows = [...found.values()].sort((a, b) => Date.parse(b.one.created_at) - Date.parse(a.one.created_at));
  page.show(el("h1", {}, `Found for “${text}”`),
    rows.length ? table([["Created", row => time(row.one.created_at), "nowrap"], ["Id", row => link(row.section, row.one.id)],
      ["Found by", row => row.by.join(", ")], ["Provider", row => row.one.provider], ["Your reference", row => row.one.merchant_reference],
      ["Status", row => pill(row.one.status)], ["Amount", row => money(row.one.amount, row.one.currency), "number"]], rows)
      : empty("Nothing has this as its reference, key, customer or amount."),
    el("p", { class: "soft" }, `Amounts and customers: of the last ${searched} days. Everything is compared whole. At most 50 of each.`));
}
