// One layer of a stage, from below: each convolution a bar as wide as the channels that leave it.

const BAR = 118, ROW = 46, TEXT = 128, MARGIN = 26; // pixels: the widest bar, a step, what is written beside, the skip's way
const STEP_NAMES = { expand: "expand", project: "project", reduce: "reduce", conv: "", depthwise: "depthwise", "squeeze-excite": "squeeze-excite", shortcut: "" };

function stepText(step) {
  if (step.name === "squeeze-excite") return "squeeze-excite";
  return `${step.kernel}×${step.kernel} ${STEP_NAMES[step.name] || "convolution"}`;
}

function stepMore(step) {
  const stride = step.stride > 1 ? `, stride ${step.stride}` : "";
  return step.inside ? `${whole(step.channels)} → ${whole(step.inside)} → ${whole(step.channels)}` : `${whole(step.channels)} channels${stride}`;
}

// A depthwise convolution: each channel by itself.
function striped(x, y, w) {
  const n = Math.max(1, Math.round(w / 5)), step = w / n;
  return Array.from({ length: n }, (_, i) => `<rect class="dense" x="${(x + i * step).toFixed(1)}" y="${y}" width="${(step * 0.55).toFixed(1)}" height="16"/>`).join("");
}

// `layer` as core.models.operators.Layer has it.
function operator(layer, color) {
  const steps = layer.steps, most = Math.max(layer.before, ...steps.map((s) => s.channels));
  const wide = (channels) => Math.max(5, (BAR * channels) / most);
  const height = (steps.length + 1) * ROW + 44, middle = MARGIN + BAR / 2, width = MARGIN + BAR + 14 + TEXT;
  const y = (i) => height - 20 - i * ROW; // of the line on which step i stands
  const said = (at, first, second) => `<text x="${MARGIN + BAR + 14}" y="${at}">${escaped(first)}<tspan class="more" x="${MARGIN + BAR + 14}" dy="1.25em">${escaped(second)}</tspan></text>`;
  const parts = [`<rect class="through" x="${middle - wide(layer.before) / 2}" y="${y(0) - 5}" width="${wide(layer.before)}" height="5"/>${said(y(0) - 2, "in", `${whole(layer.before)} channels`)}`];
  steps.forEach((step, i) => {
    const top = y(i + 1), w = wide(step.channels);
    parts.push(`<line class="flow" x1="${middle}" y1="${y(i) - (i ? 16 : 5)}" x2="${middle}" y2="${top + 2}"/>`);
    if (step.inside) {
      const s = Math.max(3, wide(step.inside)), [l, r] = [middle - w / 2, middle + w / 2];
      parts.push(`<polygon class="squeeze" points="${l},${top} ${middle - s / 2},${top - 8} ${l},${top - 16} ${r},${top - 16} ${middle + s / 2},${top - 8} ${r},${top}"/>`);
    } else parts.push(step.name === "depthwise" ? striped(middle - w / 2, top - 16, w) : `<rect class="dense" x="${middle - w / 2}" y="${top - 16}" width="${w}" height="16" rx="2"/>`);
    parts.push(said(top - 9, stepText(step), stepMore(step)));
  });
  const end = y(steps.length) - 16, out = y(steps.length + 1) + 4;
  parts.push(`<line class="flow" x1="${middle}" y1="${end}" x2="${middle}" y2="${out - 12}"/>`);
  if (layer.skip) {
    const beside = layer.beside ? `${layer.beside.kernel}×${layer.beside.kernel}` : "";
    parts.push(`<path class="skip" d="M${middle} ${y(0) - 10}H10V${out + 1}H${middle - 7}"/><circle class="sum" cx="${middle}" cy="${out + 1}" r="7"/><path class="sum" d="M${middle - 4} ${out + 1}h8m-4 -4v8"/>`);
    if (beside) parts.push(`<rect class="dense" x="2" y="${(y(0) + out) / 2 - 10}" width="16" height="20" rx="2"/>`);
    parts.push(said(out + 1, layer.beside ? `+ skip by ${beside} conv` : "+ skip connection", `${whole(steps.at(-1).channels)} channels out`));
  } else parts.push(said(out + 1, "out", "no skip connection"));
  const told = [`${whole(layer.before)} channels in`, ...steps.map((s) => `${stepText(s)}, ${stepMore(s)}`), layer.skip ? "skip connection" : "no skip connection"].join("; ");
  return `<svg class="operator" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(told)}" style="--hue:${color}">${parts.join("")}</svg>`;
}

// The layers of a stage: the first, and what all others are.
function operators(stage) {
  const title = (layer, i) => (i ? (layer.times > 1 ? `The other ${layer.times} layers` : "The other layer") : stage.layers > 1 ? "First layer" : "Its layer");
  return (stage.inside ?? []).map((layer, i) => `<figure class="layer"><figcaption>${title(layer, i)}, from below</figcaption>${operator(layer, hue(stage))}</figure>`).join("");
}

// The same in a table's row, from left to right: a column for each convolution, as high as the channels that leave it.
function miniature(layer) {
  const columns = [["through", layer.before], ...layer.steps.map((s) => [s.inside ? "squeeze" : s.name === "depthwise" ? "depthwise" : "dense", s.inside || s.channels])];
  const most = Math.max(...columns.map(([, channels]) => channels));
  const bars = columns.map(([kind, channels], i) => {
    const high = Math.max(2, (18 * channels) / most);
    return `<rect class="${kind}" x="${i * 8}" y="${9 - high / 2}" width="6" height="${high}" rx="1"/>`;
  });
  return `<svg class="miniature" viewBox="0 0 38 18" width="38" height="18" aria-hidden="true">${bars.join("")}</svg>`;
}
