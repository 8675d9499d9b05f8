import { may, whoAmI } from "./api.js";
import { ask } from "./dialog.js";
import { button, money, words } from "./dom.js";

// What an operator can do here. Each act says exactly what will happen, and the host decides.

const at = encodeURIComponent;
const reason = (label, required = true) => ({ name: "reason", label: required ? label : label + " (may be left out)", required });
const amountField = (label, hint) => ({ name: "amount", label, hint, inputmode: "decimal", maxlength: 40,
  pattern: "[0-9]+(\\.[0-9]+)?", title: "digits with at most one point, such as 60.00" });
const optional = (name, value) => value ? { [name]: value } : {};
const named = thing => `${money(thing.amount, thing.currency)} at ${thing.provider} (${thing.id}${thing.merchant_reference ? ", " + thing.merchant_reference : ""})`;
const isNow = thing => `Its status now: ${words(thing.status)}.`;

// act returns a button for what the token may do, null for anything else. again shows the page anew.
function act(scope, text, again, make, kind) {
  if (!may(scope)) return null;
  return button(text, () => ask(make()).then(answer => answer !== undefined && again()), kind);
}

const kinds = { payments: "payment", payouts: "payout", refunds: "refund" };
const writes = { payments: "payments", payouts: "payouts" };

// ofIntent returns the buttons of a payment, payout or refund.
export function ofIntent(section, thing, refunds, again) {
  const waits = thing.status === "unknown" || thing.status === "under_review";
  const buttons = [];
  if (thing.approval?.state === "pending") buttons.push(...ofApproval(thing.approval, again));
  if (section in writes) buttons.push(refresh(section, thing, again));
  if (section === "payments") {
    if (thing.status === "authorized") buttons.push(capture(thing, again));
    if (["created", "requires_action", "processing", "authorized"].includes(thing.status)) buttons.push(cancel(thing, again));
    if (thing.status === "succeeded") buttons.push(refund(thing, refunds, again));
  }
  buttons.push(resolve(section, thing, again, waits ? "primary" : ""));
  return buttons.filter(Boolean);
}

function refresh(section, thing, again) {
  return act(section + ":read", "Refresh", again, () => ({
    title: `Ask ${thing.provider} what became of it`, label: "Ask now", method: "GET",
    path: `${section}/${at(thing.id)}`, query: { refresh: "true" },
    will: () => [`${thing.provider} is asked for the status of ${named(thing)}.`, isNow(thing),
      "What it answers is recorded here. Nothing is sent that moves money."],
    done: answer => `${thing.provider} was asked: ${thing.id} is ${words(answer.status)}.`,
  }));
}

function capture(thing, again) {
  return act("payments:write", "Capture", again, () => ({
    title: "Capture an authorized payment", key: true, danger: true,
    fields: [amountField("Amount in " + thing.currency, "empty: all that is left")],
    label: values => "Capture " + (values.amount ? money(values.amount, thing.currency) : "all that is left"),
    path: `payments/${at(thing.id)}/capture`, body: values => optional("amount", values.amount),
    will: values => [`${values.amount ? money(values.amount, thing.currency) : "All that is left"} of the authorized ${named(thing)} is taken from the customer.`],
    done: answer => `${thing.id} is ${words(answer.status)}.`,
  }));
}

function cancel(thing, again) {
  return act("payments:write", "Cancel", again, () => ({
    title: "Cancel a payment", label: "Cancel the payment", key: true, danger: true,
    fields: [reason("Reason, for the provider and the history", false)],
    path: `payments/${at(thing.id)}/cancel`, body: values => optional("reason", values.reason),
    will: () => [`${thing.provider} is told to give up the payment of ${named(thing)}.`, isNow(thing),
      thing.status === "authorized" ? "The reserved money is released; none of it is taken." : "The customer cannot pay it any more.",
      "It cannot be taken back."],
    done: answer => `${thing.id} is ${words(answer.status)}.`,
  }));
}

function refund(thing, refunds, again) {
  const paid = money(thing.paid_amount || thing.amount, thing.paid_currency || thing.currency);
  return act("refunds:write", "Refund", again, () => ({
    title: "Refund a payment", key: true, danger: true,
    fields: [amountField("Amount in " + thing.currency, `empty: all of the ${paid} that was paid`), reason("Reason, for the provider and the record")],
    label: values => "Refund " + (values.amount ? money(values.amount, thing.currency) : paid),
    path: `payments/${at(thing.id)}/refunds`, body: values => ({ reason: values.reason, ...optional("amount", values.amount) }),
    will: values => [`${values.amount ? money(values.amount, thing.currency) : "All of the " + paid + " that was paid"} goes back to the customer of ${named(thing)}.`,
      refunds.length ? "Refunds so far: " + refunds.map(one => `${money(one.amount, one.currency)} ${words(one.status)}`).join(", ") + "." : "There is no refund of it yet.",
      "It cannot be taken back."],
    done: answer => `The refund ${answer.id} of ${money(answer.amount, answer.currency)} is ${words(answer.status)}.`,
  }));
}

function resolve(section, thing, again, kind) {
  const states = section === "payments" ? ["succeeded", "failed", "canceled", "expired"] : ["succeeded", "failed"];
  return act("resolve", "Resolve", again, () => ({
    title: `Decide what became of a ${kinds[section]}`, danger: true,
    fields: [{ name: "status", label: "It is from now on", required: true, options: states.map(one => [one, words(one)]), value: "failed" },
      reason("Reason, which the history keeps"),
      { name: "reference", label: "The provider's reference (if it was not known)", maxlength: 255 }],
    label: values => `Record that it is ${words(values.status)}`,
    path: `${section}/${at(thing.id)}/resolve`,
    body: values => ({ status: values.status, reason: values.reason, ...optional("provider_reference", values.reference) }),
    will: values => [`${named(thing)} is ${words(values.status)} from now on. ${isNow(thing)}`,
      "Nothing is sent to the provider: look in its back office first what really happened to the money.",
      `Your services are told ${kinds[section]}.${values.status}` + (values.status === "failed" && section === "payouts" ? ", and may pay it again." : "."),
      "Where the configuration asks for a second name, it counts only when somebody else has approved it."],
    done: answer => answer.approval?.state === "pending"
      ? `Your decision about ${thing.id} waits for a second name.` : `${thing.id} is ${words(answer.status)}.`,
  }), kind);
}

// ofApproval returns the buttons of what waits for a second name.
export function ofApproval(approval, again) {
  const payout = approval.kind === "payout";
  const subject = `${money(approval.amount, approval.currency)} of ${approval.provider} (${approval.subject_id})`;
  const mine = approval.asked_by === whoAmI().name;
  return [
    mine ? null : act("resolve", "Approve", again, () => ({
      title: payout ? "Approve a payout" : "Approve a decision", danger: true, label: payout ? "Approve and send " + money(approval.amount, approval.currency) : "Approve the decision",
      fields: [reason("Reason", false)], path: `approvals/${at(approval.id)}/approve`, body: values => optional("reason", values.reason),
      will: () => payout
        ? [`The payout of ${subject}, which ${approval.asked_by} asked for, is sent to the provider at once.`, "It cannot be taken back."]
        : [`${approval.subject_id} is ${words(approval.resolution?.status)} from now on, as ${approval.asked_by} has decided: ${approval.resolution?.reason}`,
          "Nothing is sent to the provider."],
      done: answer => `${answer.subject_id} was approved.`,
    }), "primary"),
    act("resolve", mine ? "Withdraw" : "Reject", again, () => ({
      title: payout ? "Reject a payout" : "Reject a decision", label: payout ? "Reject the payout" : "Reject the decision",
      fields: [reason("Reason")], path: `approvals/${at(approval.id)}/reject`, body: values => ({ reason: values.reason }),
      will: () => payout ? [`The payout of ${subject} is failed. Nothing of it was sent, and nothing will be.`]
        : [`The decision about ${approval.subject_id} is dropped: it stays as it is.`],
      done: answer => `${answer.subject_id} was rejected.`,
    })),
  ].filter(Boolean);
}

// ofWebhook returns the buttons of a stored webhook.
export function ofWebhook(webhook, again) {
  return [
    act("webhooks:write", "Replay", again, () => ({
      title: "Replay a webhook", label: "Replay it", path: `webhooks/${at(webhook.id)}/replay`,
      will: () => [`The plugin of ${webhook.provider} reads ${webhook.id} again as it came.`, `It is ${words(webhook.state)} now.`,
        "What it then says is applied like a new webhook. What was applied before does not count twice."],
      done: answer => `${answer.id} is ${words(answer.state)}.`,
    })),
    act("webhooks:write", "Attach", again, () => ({
      title: "Attach a webhook", label: values => "Attach it to " + (values.payment || "…"),
      fields: [{ name: "payment", label: "Id of the payment or payout it is about", required: true, maxlength: 64 }],
      path: `webhooks/${at(webhook.id)}/attach`, body: values => ({ payment_id: values.payment }),
      will: values => [`The plugin of ${webhook.provider} reads ${webhook.id} again, and what it says is applied to ${values.payment || "the payment"}.`,
        "It counts for as much as the plugin proves: a proven success makes the payment succeeded."],
      done: answer => `${answer.id} is ${words(answer.state)}.`,
    })),
  ].filter(Boolean);
}

// ofDeadLetter returns the button of an event that was not delivered.
export function ofDeadLetter(letter, again) {
  return act("admin", "Retry", again, () => ({
    title: "Push an event again", label: "Push it again", path: `dead-letters/${at(letter.id)}/retry`,
    will: () => [`${letter.type} (${letter.id}) is pushed to your service at once, and on from the beginning of the schedule.`,
      letter.tries ? `It was tried ${letter.tries} times; the last answer was ${letter.status || "none"}: ${letter.error}` : ""],
    done: answer => `${answer.id} is pushed again.`,
  }));
}

const stopped = { all: "new payments and payouts", payments: "new payments", payouts: "new payouts and operations that move money" };
const scopes = [["all", "payments and payouts"], ["payments", "payments"], ["payouts", "payouts"]];

// ofProvider returns the buttons of an account.
export function ofProvider(provider, again) {
  const name = provider.name, paused = provider.paused || [];
  return [
    act("providers:operate", "Pause", again, () => ({
      title: "Pause " + name, danger: true, label: values => "Pause " + stopped[values.what],
      fields: [{ name: "what", label: "What is stopped", options: scopes, value: "all" }, reason("Reason, which everybody sees")],
      path: `providers/${at(name)}/pause`, body: values => ({ what: values.what, reason: values.reason }),
      will: values => [`${name} takes no ${stopped[values.what]} from now on, on every host, until somebody resumes it.`,
        "Callers are answered paused, and nothing of theirs is recorded or sent.",
        "What is open goes on: queries, webhooks, captures, cancellations and refunds."],
      done: () => `${name} is paused.`,
    }), paused.length ? "" : "danger"),
    paused.length ? act("providers:operate", "Resume", again, () => ({
      title: "Resume " + name, label: values => "Resume " + stopped[values.what],
      fields: [{ name: "what", label: "What goes on", options: paused.length > 1 ? scopes : scopes.filter(([value]) => value === paused[0].what) },
        reason("Reason, for the audit log", false)],
      path: `providers/${at(name)}/resume`, body: values => ({ what: values.what, ...optional("reason", values.reason) }),
      will: values => [`${name} takes ${stopped[values.what]} again at once, on every host.`,
        ...paused.map(one => `${words(one.what)} were paused by ${one.by}: ${one.reason}`)],
      done: () => `${name} was resumed.`,
    }), "primary") : null,
    act("providers:operate", "Restart", again, () => ({
      title: "Try " + name + " again", label: "Try it now", fields: [reason("Reason, for the audit log", false)],
      path: `providers/${at(name)}/restart`, body: values => optional("reason", values.reason),
      will: () => [`It is ${provider.state} now. A plugin in quarantine, or that waits for its next try, is started at once.`,
        "One that is served is left alone: no call is broken off."],
      done: answer => `${name} is ${words(answer.state)}.`,
    }), provider.state === "quarantined" ? "primary" : ""),
  ].filter(Boolean);
}
