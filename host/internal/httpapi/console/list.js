import { get, may } from "./api.js";
import { button, el, empty, table, words } from "./dom.js";

// Lists with filters, page by page. The filters live in the address.

// names returns the providers that the token sees.
export const names = async () => may("providers:read") ? (await get("providers")).data.map(one => one.name) : [];

function input(filter, query, apply) {
  const label = filter.label;
  if (filter.several) {
    const chosen = query.getAll(filter.name);
    return el("fieldset", { class: "several" }, el("legend", {}, label), filter.several.map(one =>
      el("label", { class: "chip" }, el("input", { type: "checkbox", name: filter.name, value: one, checked: chosen.includes(one), onchange: apply }), words(one))));
  }
  if (filter.options) {
    return el("select", { name: filter.name, "aria-label": label, onchange: apply }, el("option", { value: "" }, "any " + label),
      filter.options.map(one => el("option", { value: one, selected: query.get(filter.name) === one }, words(one))));
  }
  if (filter.date) {
    return el("label", { class: "date" }, label + " ", el("input", { name: filter.name, type: "date", value: query.get(filter.name) || "", onchange: apply }));
  }
  return el("input", { name: filter.name, type: "search", placeholder: label, "aria-label": label, size: filter.size, pattern: filter.pattern,
    maxlength: 255, value: query.get(filter.name) || "" });
}

// list shows what a call gives. wanted has
//   path, title, columns     what is listed, and how
//   filters                  [{name, label, and options, several, date or nothing for a text}]
//   parameters(values)       the call's parameters of the filters' values; without it they are the same
//   above(rows)              what stands above the rows
export async function list(page, wanted) {
  const apply = () => {
    const values = [...new FormData(form)].filter(([, value]) => value);
    page.go(wanted.path + (values.length ? "?" + new URLSearchParams(values) : ""));
  };
  const form = el("form", { class: "filters", onsubmit: event => { event.preventDefault(); apply(); } },
    (wanted.filters || []).map(filter => input(filter, page.query, apply)),
    wanted.filters ? el("button", { class: "quiet" }, "Apply") : null,
    page.query.size ? button("Clear", () => page.go(wanted.path), "quiet") : null);
  const area = el("div");

  const values = {};
  for (const filter of wanted.filters || []) {
    values[filter.name] = filter.several ? page.query.getAll(filter.name) : page.query.get(filter.name) || "";
  }
  const parameters = wanted.parameters ? wanted.parameters(values) : values;

  let rows = [];
  const read = async cursor => {
    const answer = await get(wanted.path, { ...parameters, cursor, limit: 50 });
    if (!page.current()) return;
    rows = rows.concat(answer.data);
    const more = answer.next_cursor ? button("More", () => read(answer.next_cursor).catch(page.fail), "more") : null;
    area.replaceChildren(...[wanted.above?.(rows), rows.length ? table(wanted.columns, rows) : empty(wanted.none || "Nothing here."), more].flat().filter(Boolean));
  };
  const head = [el("h1", {}, wanted.title), form, wanted.note ? el("p", { class: "soft" }, wanted.note) : ""];
  page.show(...head, area);
  await read();
}
