// What the three networks cost, beside each other.

const NAMES = { baseline: "Baseline", one: "One dimension", compound: "Compound" };

const needed = (network) => Object.values(network.memory).reduce((sum, part) => sum + part, 0);

const milliseconds = (seconds) => `${short(1000 * seconds)} ms`;
const timed = ({ measured: m }) => (m ? `${milliseconds(m.lower)} to ${milliseconds(m.upper)}, ${short(m.throughput)} a second` : "not measured yet");

// Where times were measured, empty where none were.
function measuredOn(networks) {
  const machines = new Set(Object.values(networks).flatMap((n) => (n.measured ? [`${n.measured.machine}, ${n.measured.steps} steps`] : [])));
  return machines.size ? `Times: ${[...machines].join("; ")}.` : "";
}

// Rows: [title, what it means, value of a network, what its bar shows, what stands below it].
const FIGURES = [
  ["Depth d", "Layers are rounded up in every stage", (n) => times(n.depth), null, (n) => `${n.layers} layers`],
  ["Width w", "Channels are rounded to multiples of 8", (n) => times(n.width), null, (n) => `${whole(Math.max(...n.stages.slice(0, -1).map((s) => s.channels)))} channels`],
  ["Resolution r", "Side of the picture", (n) => times(n.resolution), null, (n) => `${n.px} px`],
  ["Multiply-adds", "Of one picture, counted layer by layer; papers call them FLOPs", (n) => billions(n.multiply_adds), (n) => n.multiply_adds, (n) => whole(n.multiply_adds)],
  ["Parameters", "With the classifier of 1000 classes", (n) => millions(n.parameters), (n) => n.parameters, (n) => whole(n.parameters)],
  ["Activations", "What a training keeps of one picture, in numbers of four bytes", (n) => bytes(n.activation_bytes), (n) => n.activation_bytes, () => "of one picture"],
  ["Training memory", "About what a training with AdamW holds at the end of the forward pass: weights, gradients, optimizer, activations, pictures, libraries. Nothing is kept free for safety; “What fits?” keeps a tenth", (n) => bytes(needed(n)), needed, (n) => `${bytes(n.memory.activations)} activations`],
  ["Time of a picture here", "Forward passes of one picture at a time, random weights: median, quartiles, pictures a second", (n) => (n.measured ? milliseconds(n.measured.median) : "–"), null, timed],
  ["Formula d·w²·r²", "What the multiply-adds should grow by, before any rounding", (n) => times(n.formula), null, () => ""],
  ["Counted growth", "What the multiply-adds really grow by", (n) => times(n.grown), null, () => ""],
  ["Off the formula", "Counted against the formula: whole layers, multiples of 8 channels, halved pictures, a head that grows with the width alone", (n) => percent(n.off), null, () => ""],
];

function figureTable(networks) {
  const names = Object.keys(NAMES);
  const rows = FIGURES.map(([title, about, value, bar, below]) => {
    const most = bar ? Math.max(...names.map((name) => bar(networks[name]))) : 0;
    const cells = names.map((name) => {
      const n = networks[name], share = most ? `<i class="share"><i style="width:${(100 * bar(n)) / most}%"></i></i>` : "", text = below(n);
      return `<td data-figure="${name}"><b>${value(n)}</b>${share}${text ? `<small>${escaped(text)}</small>` : ""}</td>`;
    });
    return `<tr><th scope="row" title="${escaped(about)}">${title}</th>${cells.join("")}</tr>`;
  });
  const use = names.map((name) => `<td><button type="button" class="use" data-use="${name}" aria-label="Use this network: ${NAMES[name]}">Use this network</button></td>`);
  return `<table class="table"><caption class="hidden">The three networks</caption><thead><tr><td></td>${names.map((name) => `<th scope="col" class="col-${name}">${NAMES[name]}</th>`).join("")}</tr></thead>
    <tbody>${rows.join("")}</tbody><tfoot><tr><th scope="row" class="hidden">Train it</th>${use.join("")}</tr></tfoot></table>`;
}

// What stays apart by counting: the steps that the side which follows can take.
const STEP_OF = { depth: "whole layers come", width: "multiples of 8 channels come", resolution: "whole pixels come" };
const STEP_OF_PHI = "whole layers, multiples of 8 channels and whole pixels come";

// What is seen at once: how far the two are from one cost. `follows` says whether the lock could.
function apart({ one, compound }, { dimension, lock, moved }, follows) {
  const share = one.multiply_adds / compound.multiply_adds - 1, equal = Math.abs(share) < 0.0005;
  const how = equal ? "as much as" : `<b>${Math.abs(100 * share).toFixed(1)}% ${share < 0 ? "less" : "more"}</b> than`;
  const though = {
    formula: equal ? ", and d·w²·r² is the same" : ", though d·w²·r² is the same",
    counted: equal ? "" : `, as near as ${moved === "one" ? STEP_OF_PHI : STEP_OF[dimension]}`,
    off: "",
  };
  return `Counted, ${dimension} alone costs ${how} compound${follows ? though[lock] : ""}.`;
}
