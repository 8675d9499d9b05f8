import { Problem, Refused, Unanswered, call, newKey, whoAmI } from "./api.js";
import { button, el, say, words } from "./dom.js";

// What a problem says of whether anything has happened, in words.
const outcomes = {
  not_sent: "Nothing was sent to the provider.",
  refused: "The provider refused it: nothing has happened there.",
  unknown: "It is not known whether the provider acted. Do not try again in another way: read what became of it first.",
};

// ask shows what an act will do, and does it when that is confirmed. An act has
//   title, label     what is asked, and what the button that does it says: texts, or functions of the fields' values
//   fields           [{name, label, type, required, value, options, hint}]
//   will(values)     sentences that say exactly what will happen
//   path, body(values), key    the request; key: it moves money, and a repeat must not do it twice
//   done(answer)     what is said afterwards
// The promise is fulfilled with the answer, or with undefined when the operator has left.
export function ask(act) {
  return new Promise(resolve => new Asking(act, resolve).open());
}

class Asking {
  constructor(act, resolve) {
    this.act = act;
    this.resolve = resolve;
    this.keys = new Map(); // by the body, so that only the very same request is repeated under its key
    this.inputs = (act.fields || []).map(field => this.input(field));
    this.will = el("ul", { class: "will", id: "will" });
    this.error = el("p", { class: "bad wrong", role: "alert" });
    this.confirm = el("button", { class: "primary" + (act.danger ? " danger" : "") });
    this.form = el("form", { oninput: () => this.tell(), onsubmit: event => { event.preventDefault(); this.send(); } },
      el("h1", { id: "asked" }, act.title),
      this.inputs.map(({ field, node }) => el("label", {}, el("span", {}, field.label), node, field.hint ? el("small", {}, field.hint) : null)),
      el("h2", {}, "What will happen"), this.will, this.error,
      el("div", { class: "buttons" }, button("Leave it (Esc)", () => this.leave()), this.confirm));
    this.dialog = el("dialog", { "aria-labelledby": "asked", "aria-describedby": "will", oncancel: event => { event.preventDefault(); this.leave(); } }, this.form);
  }

  input(field) {
    const common = { name: field.name, required: field.required, "aria-label": field.label };
    if (field.options) {
      return { field, node: el("select", common, field.options.map(([value, text]) => el("option", { value, selected: value === field.value }, text))) };
    }
    return { field, node: el("input", { ...common, value: field.value, maxlength: field.maxlength || 1000, inputmode: field.inputmode,
      pattern: field.pattern, title: field.title, autocomplete: "off", spellcheck: field.inputmode ? "false" : undefined }) };
  }

  values() {
    return Object.fromEntries(this.inputs.map(({ field, node }) => [field.name, node.value.trim()]));
  }

  tell() {
    const values = this.values(), label = this.act.label;
    const recorded = `It is recorded in your name, ${whoAmI().name}.`;
    this.will.replaceChildren(...[...this.act.will(values), recorded].filter(Boolean).map(text => el("li", {}, text)));
    this.confirm.textContent = typeof label === "function" ? label(values) : label;
  }

  open() {
    this.before = document.activeElement;
    this.tell();
    document.body.append(this.dialog);
    this.dialog.showModal();
    (this.inputs[0]?.node || this.confirm).focus();
  }

  close(answer) {
    this.dialog.close();
    this.dialog.remove();
    if (this.before?.isConnected) this.before.focus();
    this.resolve(answer);
  }

  // leave closes the dialog, but not while an answer is waited for: what was sent cannot be taken back by looking away.
  leave() {
    if (!this.busy) this.close();
  }

  async send() {
    if (this.busy) return;
    const values = this.values();
    const body = this.act.body ? this.act.body(values) : undefined;
    this.wait(true);
    try {
      const path = typeof this.act.path === "function" ? await this.act.path(values) : this.act.path;
      const answer = await this.request(path, body);
      this.wait(false);
      this.close(answer);
      say(this.act.done(answer, values));
    } catch (error) {
      this.wait(false);
      this.error.textContent = this.explain(error);
      this.confirm.focus();
    }
  }

  request(path, body) {
    if (this.act.method === "GET") return call("GET", path, { query: this.act.query });
    const text = JSON.stringify(body ?? null);
    if (this.act.key && !this.keys.has(text)) this.keys.set(text, newKey());
    return call("POST", path, { body, key: this.keys.get(text) });
  }

  wait(busy) {
    this.busy = busy;
    this.error.textContent = "";
    for (const one of this.form.elements) one.disabled = busy;
    this.form.setAttribute("aria-busy", String(busy));
  }

  explain(error) {
    if (error instanceof Unanswered) {
      return error.message + (this.act.key
        ? " It may have been done. Pressing the button again repeats the same request under the same key: nothing is done twice."
        : " It may have been done: close this and look before you do it again.");
    }
    if (error instanceof Refused) return "The token is not accepted any more: " + error.message + " Nothing was done.";
    if (!(error instanceof Problem)) return String(error.message);
    const { outcome, retry, code } = error.body;
    const what = Object.hasOwn(outcomes, outcome) ? outcomes[outcome] : "";
    return [error.message, [code && "Code: " + words(code) + ".", what, retry && "Trying again: " + words(retry) + "."].filter(Boolean).join(" ")].join("\n");
  }
}

// inform shows something to read.
export function inform(title, ...children) {
  const before = document.activeElement;
  const close = () => { dialog.close(); dialog.remove(); if (before?.isConnected) before.focus(); };
  const closing = el("button", { class: "primary", type: "button", onclick: close }, "Close (Esc)");
  const dialog = el("dialog", { "aria-labelledby": "told", oncancel: event => { event.preventDefault(); close(); } },
    el("h1", { id: "told" }, title), children, el("div", { class: "buttons" }, closing));
  document.body.append(dialog);
  dialog.showModal();
  closing.focus();
}
