import { call, get, may } from "./api.js";
import * as acts from "./acts.js";
import { ask } from "./dialog.js";
import { about, bad, button, el, empty, facts, link, money, mono, pill, pretty, sectionOf, table, time, words } from "./dom.js";
import { list, names } from "./list.js";

// What waits for people, what they decided, and what came in and went out.

export async function attention(page) {
  const { data, more } = await get("attention", { limit: 100 });
  const subject = one => one.kind === "approval" ? el("a", { href: "#/approvals" }, one.id || "approvals")
    : one.kind === "dead_letter" ? el("a", { href: "#/dead-letters", class: "mono" }, one.id)
      : one.id && sectionOf(one.id) ? about(one.id) : one.provider ? link("providers", one.provider) : one.id || "";
  page.show(el("h1", {}, "What waits for a person"),
    data.length ? table([["Since", one => time(one.since), "nowrap"], ["What", one => pill(one.kind)], ["About", subject],
      ["Provider", one => one.provider], ["Why", one => one.summary],
      ["What ends it", one => one.do.map(command => el("div", {}, el("code", {}, command)))]], data)
      : empty("Nothing waits for a person."),
    more?.length ? el("p", { class: "soft" }, "There are more than these of: " + more.map(words).join(", ") + ".") : "");
  page.later(() => attention(page), 15000);
}

export async function approvals(page) {
  await list(page, {
    path: "approvals", title: "Approvals", none: "Nothing has waited for a second name.",
    filters: [{ name: "state", label: "state", options: ["pending", "approved", "rejected"] }],
    columns: [["Asked", one => time(one.asked_at), "nowrap"], ["What", one => words(one.kind)], ["About", one => about(one.subject_id)],
      ["Provider", one => one.provider], ["Amount", one => money(one.amount, one.currency), "number"],
      ["Asked by", one => one.asked_by],
      ["Why", one => [one.why, one.resolution ? el("div", {}, `${words(one.resolution.status)}: ${one.resolution.reason}`) : null]],
      ["State", one => [pill(one.state), one.decided_by ? el("div", { class: "soft" }, `by ${one.decided_by}`, one.reason ? `: ${one.reason}` : "") : null]],
      ["", one => one.state === "pending" ? el("div", { class: "buttons" }, acts.ofApproval(one, page.again)) : ""]],
  });
}

export async function audit(page) {
  await list(page, {
    path: "audit", title: "Audit log", none: "Nothing was done yet.",
    filters: [{ name: "actor", label: "actor" }, { name: "subject", label: "id of what it is about" }],
    above: () => button("Verify all hashes", () => verify(page)),
    columns: [["At", one => time(one.at), "nowrap"], ["Who", one => one.actor], ["What", one => words(one.action)],
      ["About", one => one.subject && sectionOf(one.subject) ? about(one.subject) : one.subject], ["Provider", one => one.provider],
      ["Outcome", one => pill(one.outcome)], ["Note", one => one.note], ["Request", one => one.request_id && mono(one.request_id)]],
  });
}

async function verify(page) {
  try {
    const check = await get("audit/verify");
    const text = check.broken ? bad(`Broken at ${check.broken}: ${check.why}. ${check.rows} rows before it are as they were written.`)
      : `All ${check.rows} rows are as they were written. The hash of the last one is ${check.head || "empty"}.`;
    document.getElementById("said").replaceChildren(el("p", {}, text));
  } catch (error) { page.fail(error); }
}

const letterColumns = page => [
  ["Happened", one => time(one.created_at), "nowrap"], ["Event", one => mono(one.id)], ["Type", one => one.type], ["About", one => about(one.payout_id || one.payment_id)],
  ["State", one => pill(one.state)], ["Tries", one => String(one.tries), "number"], ["Last answer", one => [one.status ? `${one.status} ` : "", one.error]],
  ["Tried", one => time(one.tried_at), "nowrap"], ["", one => acts.ofDeadLetter(one, page.again)],
];

export async function deadLetters(page) {
  await list(page, {
    path: "dead-letters", title: "Dead letters", none: "Every event was delivered, or is still tried.",
    note: "Events that your service did not take. They can still be read from the stream.", columns: letterColumns(page),
    above: rows => rows.length > 1 && may("admin") ? button(`Retry all ${rows.length} shown`, () => retryAll(page, rows)) : null,
  });
}

// retryAll pushes what is shown again: the last one by the dialog, so that a mistake shows there, and those before it first.
function retryAll(page, rows) {
  const last = rows.at(-1);
  ask({
    title: `Push ${rows.length} events again`, label: `Push all ${rows.length} again`,
    will: () => [`${rows.length} events are pushed to your service, one after the other, each from the beginning of its schedule.`,
      "Those that are not shown stay as they are."],
    path: async () => {
      for (const one of rows.slice(0, -1)) await call("POST", `dead-letters/${encodeURIComponent(one.id)}/retry`);
      return `dead-letters/${encodeURIComponent(last.id)}/retry`;
    },
    done: () => `${rows.length} events are pushed again.`,
  }).then(answer => answer !== undefined && page.again());
}

export async function webhooks(page) {
  await list(page, {
    path: "webhooks", title: "Webhooks",
    filters: [{ name: "provider", label: "provider", options: await names() },
      { name: "state", label: "state", options: ["pending", "applied", "ignored", "unmatched", "failed"] }],
    columns: [["Received", one => time(one.received_at), "nowrap"], ["Id", one => link("webhooks", one.id)], ["Provider", one => one.provider],
      ["State", one => pill(one.state)], ["Verified", one => one.verified ? "yes" : "no"], ["Events", one => String(one.events), "number"],
      ["About", one => one.payment_ids.map(about)], ["Error", one => one.error && bad(one.error)]],
  });
}

export async function webhook(page, id) {
  const one = await get("webhooks/" + encodeURIComponent(id));
  page.show(el("h1", {}, `Webhook of ${one.provider} `, pill(one.state)),
    el("div", { class: "buttons acts" }, acts.ofWebhook(one, page.again)),
    el("div", { class: "card detail" }, facts([
      ["Id", mono(one.id)], ["Received", time(one.received_at)], ["From", one.remote_address], ["Verified", one.verified ? "yes" : "no"],
      ["Events", String(one.events)], ["About", one.payment_ids.length && one.payment_ids.map(about)], ["Error", one.error && bad(one.error)],
      ["Method", one.method], ["Query", one.query && mono(one.query)]])),
    el("h2", {}, "Headers"), el("pre", {}, Object.entries(one.headers).sort().map(([name, value]) => `${name}: ${value}`).join("\n")),
    el("h2", {}, "Body"), el("pre", {}, pretty(one.body) || "(empty)"));
}

// Event ids number one stream, so the newest are found by halving instead of by reading all there ever were.
const eventID = number => "evt_" + number.toString(32).padStart(13, "0");
async function newest() {
  const after = async number => (await get("events", { after: eventID(number), limit: 1 })).data.length > 0;
  let low = 0, high = 1;
  while (await after(high)) [low, high] = [high, high * 2];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await after(middle)) low = middle + 1; else high = middle;
  }
  return low;
}

export async function events(page) {
  const area = el("div", {}, empty("Waiting for events."));
  page.show(el("h1", {}, "Events"), area);
  let after = eventID(Math.max(0, await newest() - 50)), rows = [];
  const tail = async () => {
    const { data } = await get("events", { after, limit: 200 });
    if (!page.current()) return;
    if (data.length) {
      after = data.at(-1).id;
      rows = [...data.reverse(), ...rows].slice(0, 300);
      area.replaceChildren(table([["At", one => time(one.created_at), "nowrap"], ["Event", one => pill(one.type.split(".")[1]), "nowrap"], ["Type", one => one.type],
        ["About", one => about(one.refund_id || one.payout_id || one.payment_id)], ["No.", one => String(one.sequence), "number"],
        ["Amount", one => money(one.data?.amount, one.data?.currency), "number"]], rows));
    }
    page.later(tail, 2000);
  };
  await tail();
}
