"use strict";
// Shows openapi.json. Nothing is loaded from anywhere else.
const page = document.createElement("rapi-doc");
const dark = matchMedia("(prefers-color-scheme: dark)");
for (const [name, value] of Object.entries({
  "spec-url": "openapi.json", "load-fonts": "false", "render-style": "focused", "schema-style": "table", "show-header": "false",
  "allow-server-selection": "false", "allow-spec-file-load": "false", "allow-spec-url-load": "false", "persist-auth": "false",
  "show-method-in-nav-bar": "as-colored-text", "use-path-in-nav-bar": "false", "primary-color": "#2457d6", "sort-tags": "false",
  "regular-font": "system-ui, sans-serif", "mono-font": "ui-monospace, Menlo, Consolas, monospace", "schema-description-expanded": "true",
})) page.setAttribute(name, value);
const paint = () => {
  page.setAttribute("theme", dark.matches ? "dark" : "light");
  page.setAttribute("primary-color", dark.matches ? "#7aa2ff" : "#2457d6");
};
dark.addEventListener("change", paint);
paint();
document.body.append(page);
