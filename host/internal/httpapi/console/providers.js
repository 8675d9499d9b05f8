import { get } from "./api.js";
import * as acts from "./acts.js";
import { pictures, totals } from "./chart.js";
import { bad, block, el, empty, facts, link, mono, pill, time, words } from "./dom.js";

// Accounts and their plugins: health, pictures, brakes, and versions side by side.

const pauses = provider => provider.paused === null ? "not known: the database did not answer"
  : (provider.paused || []).map(one => el("div", { class: "warn" }, `${words(one.what)} by ${one.by}: ${one.reason} · `, time(one.since)));

function health(provider) {
  return [
    ["State", [pill(provider.state), " since ", time(provider.since)]], ["Paused", pauses(provider)],
    ["Breaker", provider.breaker && pill(provider.breaker)], ["Last error", provider.last_error && bad(provider.last_error)],
    ["In flight", `${provider.in_flight} of ${provider.max_in_flight}`], ["Restarts", String(provider.restarts)],
    ["Plugin", `${provider.plugin} ${provider.version}`],
  ].filter(([, value]) => !Array.isArray(value) || value.length);
}

export async function providers(page) {
  const { data } = await get("providers");
  page.show(el("h1", {}, "Providers"), data.length ? [el("div", { class: "grid" }, data.map(one => el("section", { class: "card" },
    el("h1", {}, el("a", { href: "#/providers/" + encodeURIComponent(one.name) }, one.name), pill(one.paused?.length ? "paused" : one.state)),
    facts(health(one))))), el("p", {}, el("a", { href: "#/versions" }, "Versions side by side"))]
    : empty("No provider is configured."));
  page.later(() => providers(page), 5000);
}

const windows = [["1h", "an hour"], ["24h", "a day"], ["7d", "a week"]];

export async function provider(page, name) {
  const path = "providers/" + encodeURIComponent(name), chosen = page.query.get("window") || "1h";
  const one = await get(path);
  const history = await get(path + "/history", { window: chosen });
  const charts = pictures(history), sums = totals(history);
  const choice = el("nav", { class: "windows", "aria-label": "Time" }, windows.map(([value, text]) =>
    el("a", { href: `#/${path}?window=${value}`, "aria-current": value === chosen ? "true" : undefined }, text)));

  page.show(el("h1", {}, one.name, " ", pill(one.state), " ", (one.paused || []).length ? pill("paused") : ""),
    el("div", { class: "buttons acts" }, acts.ofProvider(one, page.again)),
    el("div", { class: "card detail" }, facts([...health(one),
      ["Process", one.pid ? String(one.pid) : ""], ["Running since", time(one.started_at)], ["Description", one.description],
      ["Warnings", (one.warnings || []).length && one.warnings.map(text => el("div", { class: "warn" }, text))],
      ["Currencies", one.currencies.join(", ")], ["Can", one.capabilities.map(words).join(", ")],
      ["Isolation", (one.isolation || []).join(", ")], ["Isolation that is missing", (one.isolation_missing || []).join(", ")],
      ["Webhook address", one.webhook_url && mono(one.webhook_url)], ["Checksum", one.checksum && mono(one.checksum)],
      ["Limits of payments", block("show", one.payment_limits)], ["Limits of payouts", block("show", one.payout_limits)],
    ])),
    el("h2", {}, "How its calls went"), choice,
    el("p", { class: "soft" }, `${sums.calls} calls of this host · ${sums.errors} failed · p50 ${sums.p50} · p95 ${sums.p95} at worst · kept since `, time(history.since)),
    el("div", { class: "charts" }, charts.map(each => each.figure)));
  if (page.current()) charts.forEach(each => each.draw());
}

// versions shows, plugin by plugin, how each version that runs does.
export async function versions(page) {
  const { data } = await get("providers");
  const histories = new Map(await Promise.all(data.map(async one =>
    [one.name, await get(`providers/${encodeURIComponent(one.name)}/history`, { window: "1h" })])));
  const plugins = Map.groupBy(data, one => one.plugin);

  page.show(el("h1", {}, "Versions side by side"), data.length ? [...plugins].map(([plugin, accounts]) => {
    const columns = [...accounts].sort((a, b) => a.version.localeCompare(b.version, undefined, { numeric: true }) || a.name.localeCompare(b.name));
    const row = (title, value) => el("tr", {}, el("th", { scope: "row" }, title), columns.map(one => el("td", {}, value(one) ?? "")));
    const sums = new Map(columns.map(one => [one.name, totals(histories.get(one.name))]));
    return [el("h2", {}, plugin), el("div", { class: "card scroll" }, el("table", { class: "beside" },
      el("thead", {}, el("tr", {}, el("th", {}, "Version"), columns.map(one => el("th", { scope: "col" }, one.version || "not known yet")))),
      el("tbody", {},
        row("Account", one => link("providers", one.name)), row("State", one => pill(one.state)), row("Running since", one => time(one.started_at)),
        row("Restarts", one => String(one.restarts)), row("Calls in an hour", one => sums.get(one.name).calls),
        row("Failed", one => sums.get(one.name).errors), row("p50", one => sums.get(one.name).p50), row("p95 at worst", one => sums.get(one.name).p95),
        row("Can", one => one.capabilities.map(words).join(", ")), row("Contract", one => String(one.contract_version || "")),
        row("Checksum", one => one.checksum && mono(one.checksum.slice(0, 12))), row("Last error", one => one.last_error && bad(one.last_error)))))];
  }) : empty("No provider is configured."));
}

