// The host's API, as the token of this tab may use it.

let token = sessionStorage.getItem("payhost-token") || "";
let me = null;

export const hasToken = () => token !== "";
export const whoAmI = () => me;

export function keepToken(text) {
  token = text;
  me = null;
  if (text) sessionStorage.setItem("payhost-token", text); else sessionStorage.removeItem("payhost-token");
}

// Refused is thrown when the token is none of the host's.
export class Refused extends Error {}

// Problem is an answer that says why something was not done. Its message has all that the host says.
export class Problem extends Error {
  constructor(body, status) {
    const violations = (body.violations || []).map(one => `${one.field}: ${one.message}`);
    super([body.detail || `the host answered ${status}`, ...violations].join("\n"));
    this.body = body;
    this.status = status;
  }
}

// Unanswered is thrown when a request may or may not have reached the host.
export class Unanswered extends Error {}

// call sends a request. Parameters that are empty are left out; a list is sent once for each of its texts.
export async function call(method, path, { query = {}, body, key } = {}) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one) parameters.append(name, one);
  }

  const headers = { Authorization: "Bearer " + token };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let answer;
  try {
    answer = await fetch("../v1/" + path + (parameters.size ? "?" + parameters : ""),
      { method, headers, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Unanswered("There was no answer from the host.");
  }

  // A body that broke off says as little as none.
  const said = await answer.json().catch(() => null);
  if (answer.status === 401) throw new Refused(/admin socket|expired/.test(said?.detail) ? said.detail : "This is not one of the tokens.");
  if (!answer.ok) throw new Problem(said || {}, answer.status);
  if (said === null) throw new Unanswered("The host's answer broke off.");
  return said;
}

export const get = (path, query) => call("GET", path, { query });

// introduce reads who the token is, once.
export async function introduce() {
  if (!me) me = await get("me");
  return me;
}

// may reports whether the token has a scope; write and operate include read.
export function may(scope) {
  const scopes = me?.scopes || [];
  return scopes.includes(scope) || (scope.endsWith(":read") &&
    (scopes.includes(scope.replace(":read", ":write")) || scopes.includes(scope.replace(":read", ":operate"))));
}

// newKey makes an idempotency key. It works without a secure context, too.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "console-" + Array.from(bytes, one => one.toString(16).padStart(2, "0")).join("");
}
