import { el } from "./dom.js";

// Pictures of a provider's history. Each has its figures in words as well, for those who cannot see it.

// colour returns what a variable of the style sheet is in the present scheme.
function colour(name) {
  const probe = el("span", { class: "probe-" + name });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const known = values => values.filter(value => value !== null);

// inWords says what a picture shows.
function inWords(label, values, show) {
  const list = known(values);
  return list.length ? `${label}: ${show(list.at(-1))} last, ${show(Math.max(...list))} at most` : `${label}: nothing yet`;
}

// chart makes a picture of some lines over time: [{label, values, tone}]. show writes a value with its unit.
export function chart(title, times, lines, show) {
  const place = el("div", { class: "plot", "aria-hidden": "true" });
  const figure = el("figure", { class: "card", "data-chart": title },
    el("figcaption", {}, el("strong", {}, title), el("span", { class: "soft" }, lines.map(line => inWords(line.label, line.values, show)).join(" · "))), place);

  const draw = () => {
    const soft = colour("soft"), grid = { stroke: colour("line"), width: 1 }, width = place.clientWidth;
    const plot = new uPlot({
      width, height: 170, cursor: { points: { size: 6 } },
      scales: { y: { range: (self, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [{ stroke: soft, grid, ticks: grid }, { stroke: soft, grid, ticks: grid, size: 64, values: (self, marks) => marks.map(show) }],
      series: [{}, ...lines.map(line => ({ label: line.label, stroke: colour(line.tone), width: 2,
        value: (self, value) => value === null || value === undefined ? "–" : show(value) }))],
    }, [times, ...lines.map(line => line.values)], place);
    const watch = new ResizeObserver(() => {
      if (!place.isConnected) { watch.disconnect(); plot.destroy(); return; }
      if (place.clientWidth) plot.setSize({ width: place.clientWidth, height: 170 });
    });
    watch.observe(place);
  };
  return { figure, draw };
}

const milliseconds = value => value >= 1000 ? +(value / 1000).toFixed(1) + " s" : +value.toFixed(value < 10 ? 1 : 0) + " ms";
const percent = value => +value.toFixed(1) + " %";
const count = value => Number.isInteger(value) ? String(value) : "";

// pictures makes all of a history's.
export function pictures(history) {
  const times = history.points.map(point => Date.parse(point.at) / 1000);
  const values = pick => history.points.map(point => pick(point) ?? null);
  return [
    chart("Latency", times, [{ label: "p50", values: values(point => point.p50_ms), tone: "accent" },
      { label: "p95", values: values(point => point.p95_ms), tone: "warn" }], milliseconds),
    chart("Failed calls", times, [{ label: "share of errors", tone: "bad",
      values: values(point => point.error_share === null || point.error_share === undefined ? null : point.error_share * 100) }], percent),
    chart("Calls", times, [{ label: "calls a step", values: values(point => point.calls), tone: "accent" }], count),
    chart("In doubt", times, [{ label: "payments, payouts and refunds in doubt", values: values(point => point.doubt), tone: "warn" }], count),
  ];
}

// totals adds up a history: the calls, and of the steps that have them the worst p95 and the share of errors.
export function totals(history) {
  const calls = history.points.reduce((sum, point) => sum + point.calls, 0);
  const failed = history.points.reduce((sum, point) => sum + point.calls * (point.error_share || 0), 0);
  const slow = known(history.points.map(point => point.p95_ms ?? null)), middle = known(history.points.map(point => point.p50_ms ?? null)).sort((a, b) => a - b);
  return {
    calls: String(calls),
    errors: calls ? percent(100 * failed / calls) : "–",
    p50: middle.length ? milliseconds(middle[Math.floor(middle.length / 2)]) : "–",
    p95: slow.length ? milliseconds(Math.max(...slow)) : "–",
  };
}
