// Networks drawn as towers, all at one scale: a stage is a block as wide as its channels, as deep as its picture and as
// high as its layers. Light falls from above, the depth of a block goes back to the upper right.

const BACK = [0.42, 0.3]; // where a pixel of depth goes on the paper: to the right, upwards
const TALLEST = 16; // pixels of a layer, at most
const LARGEST = 1.15; // pixels of a channel, at most
const LINES = 3; // pixels of a layer below which lines between layers would run into one another
const KINDS = {
  conv: ["#7f8a88", "Convolution"],
  ds: ["#56b4e9", "Depthwise separable"],
  "mbconv 3": ["#009e73", "MBConv, kernel 3"],
  "mbconv 5": ["#0072b2", "MBConv, kernel 5"],
  fused: ["#e69f00", "Fused-MBConv"],
  bottleneck: ["#cc79a7", "Bottleneck"],
  head: ["#7f8a88", "Head"],
};
const kindOf = (stage) => (stage.kind === "mbconv" ? `mbconv ${stage.kernel}` : stage.kind);
const hue = (stage) => (KINDS[kindOf(stage)] ?? KINDS.conv)[0];
const drawnStages = (network) => network.stages.slice(0, -1); // all but the head, as in the paper

// Half of the room that a network takes to either side of its middle, in channels.
const half = (network) => Math.max(...drawnStages(network).map((s) => s.channels / 2 + (s.resolution / 2) * BACK[0]));
const layersOf = (network) => drawnStages(network).reduce((sum, s) => sum + s.layers, 0);
const deepest = (network) => Math.max(...drawnStages(network).map((s) => s.resolution));

// Scale and places: `scale` pixels on the paper for a channel and for a pixel of a picture, `layer` pixels for a layer.
function layout(networks, width) {
  const narrow = width < 760;
  const height = narrow ? 330 : Math.min(460, 300 + width / 9);
  const [left, gap, least] = narrow ? [16, 6, Math.min(150, width / 3 - 6)] : [30, 26, 230]; // room for the arrow of depth; a cell that its labels need
  const [above, below] = [32, narrow ? 76 : 62];
  const rooms = (scale) => networks.map((n) => Math.max(least, left + 2 * half(n) * scale));
  const wide = (scale) => rooms(scale).reduce((sum, room) => sum + room, gap * (networks.length - 1));
  const high = (height - above - below) * 0.5; // no more than that for depth, the rest is for the layers
  let scale = Math.min(LARGEST, high / (Math.max(...networks.map(deepest)) * BACK[1]));
  while (wide(scale) > width && scale > LARGEST / 1000) scale *= 0.97;
  const layer = Math.min(TALLEST, ...networks.map((n) => (height - above - below - deepest(n) * scale * BACK[1] * 0.5) / layersOf(n)));
  const spare = Math.max(0, width - wide(scale)) / networks.length;
  let low = 0;
  const places = rooms(scale).map((room, i) => {
    const middle = low + spare / 2 + left / 2 + room / 2;
    low += room + spare + gap;
    return { middle, ground: height - below - (deepest(networks[i]) * scale * BACK[1]) / 2, left: middle - (room - left) / 2, room };
  });
  return { width, height, scale, layer, places, narrow };
}

function tower(network, { scale, layer }, { middle, ground }, name) {
  let up = 0;
  const at = (x, back, y) => `${(middle + x + back * BACK[0]).toFixed(1)},${(ground - y - back * BACK[1]).toFixed(1)}`;
  return drawnStages(network).map((stage) => {
    const [x, z, high] = [(stage.channels * scale) / 2, (stage.resolution * scale) / 2, stage.layers * layer];
    const [low, top] = [up, up + high];
    up = top;
    const faces = {
      side: [at(x, -z, low), at(x, z, low), at(x, z, top), at(x, -z, top)],
      top: [at(-x, -z, top), at(x, -z, top), at(x, z, top), at(-x, z, top)],
      front: [at(-x, -z, low), at(x, -z, low), at(x, -z, top), at(-x, -z, top)],
    };
    const shapes = Object.entries(faces).map(([face, corners]) => `<polygon class="${face}" points="${corners.join(" ")}"/>`);
    const seams = [];
    for (let i = 1; i < stage.layers && layer >= LINES; i += 1) {
      const y = low + i * layer;
      seams.push(`<polyline points="${at(-x, -z, y)} ${at(x, -z, y)} ${at(x, z, y)}"/>`);
    }
    return `<g class="block" data-network="${name}" data-stage="${stage.number}" style="--hue:${hue(stage)}">${shapes.join("")}${seams.join("")}</g>`;
  }).join("");
}

const ROOM = 26; // pixels that two heads need

// An arrow with two heads between two places; with one where there is no room for more.
function arrow([x, y], [u, v]) {
  const small = Math.hypot(u - x, v - y) < ROOM ? ' class="small"' : "";
  return `<line${small} x1="${x.toFixed(1)}" y1="${y.toFixed(1)}" x2="${u.toFixed(1)}" y2="${v.toFixed(1)}"/>`;
}

// Text of one or two lines; `turned` reads upwards.
function words([x, y], [first, second], anchor = "middle", turned = false) {
  const at = x.toFixed(1), turn = turned ? ` transform="rotate(-90 ${at} ${y.toFixed(1)})"` : "";
  return `<text x="${at}" y="${y.toFixed(1)}" text-anchor="${anchor}"${turn}>${escaped(first)}${second ? `<tspan x="${at}" dy="1.2em">${escaped(second)}</tspan>` : ""}</text>`;
}

const WORDS = { depth: ["deeper", "shallower"], width: ["wider", "narrower"], resolution: ["higher resolution", "lower resolution"] };
const changedBy = (dimension, factor) => [WORDS[dimension][factor < 1 ? 1 : 0], times(factor)];

// What is measured on a tower: of the baseline all three dimensions in plain numbers, of others what they changed.
function measures(network, plan, place, name) {
  const { scale, layer, narrow } = plan, stages = drawnStages(network), plain = name === "baseline", parts = [];
  const widest = stages.reduce((a, b) => (b.channels > a.channels ? b : a)), stem = stages[0];
  if (plain || network.width !== 1) {
    const [x, z] = [(widest.channels * scale) / 2, (widest.resolution * scale) / 2];
    const y = place.ground - upTo(stages, widest) * layer - z * BACK[1] - 9, middle = place.middle + z * BACK[0];
    const text = plain ? `${widest.channels} channels` : changedBy("width", network.width).join(" ");
    parts.push(arrow([middle - x, y], [middle + x, y]), words([middle, y - 6], [text]));
  }
  if (plain || network.depth !== 1) {
    const x = place.left - (narrow ? 5 : 10), front = (stage) => place.ground + (stage.resolution * scale * BACK[1]) / 2;
    const [low, high] = [front(stages[1]) - layer, front(stages.at(-1)) - layersOf(network) * layer]; // without the stem: it has one layer always
    const text = plain ? `${network.layers} layers` : changedBy("depth", network.depth).join(" ");
    parts.push(arrow([x, low], [x, high]), words([x - 5, (low + high) / 2], [text], "middle", true));
  }
  if (plain || network.resolution !== 1) {
    const [edge, deep] = [(stem.channels * scale) / 2 + 9, (stem.resolution * scale) / 2];
    const text = plain ? [`${network.px} px`] : changedBy("resolution", network.resolution);
    parts.push(arrow(...[-1, 1].map((end) => [place.middle + edge + end * deep * BACK[0], place.ground + 4 - end * deep * BACK[1]])));
    const below = [place.middle, place.ground + deep * BACK[1] + 17], beside = [Math.min(place.middle + edge + 8, plan.width - 104), place.ground + 14];
    parts.push(narrow ? words(below, [text.join(" ").replace("resolution", "res.")]) : words(beside, text, "start"));
  }
  return `<g class="measure ${plain ? "plain" : "changed"}">${parts.join("")}</g>`;
}

// Layers up to the end of a stage.
function upTo(stages, wanted) {
  return stages.slice(0, stages.indexOf(wanted) + 1).reduce((sum, s) => sum + s.layers, 0);
}

// Draw networks, a list of [name, title, line below it, network].
function drawTowers(svg, entries, width) {
  const plan = layout(entries.map((e) => e[3]), width);
  const marks = ["plain", "changed"].map((own) => `<marker id="head-${own}" class="${own}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 .8 7.5 4 0 7.2Z"/></marker>`).join("");
  const towers = entries.map(([name, title, line, network], i) => {
    const place = plan.places[i], y = plan.height - 24;
    return `<g>${tower(network, plan, place, name)}${measures(network, plan, place, name)}
      <text class="title" x="${place.middle.toFixed(1)}" y="${y}" text-anchor="middle">${escaped(title)}<tspan class="more" x="${place.middle.toFixed(1)}" dy="1.35em">${escaped(line)}</tspan></text></g>`;
  });
  svg.setAttribute("viewBox", `0 0 ${width} ${plan.height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", plan.height);
  svg.innerHTML = `<defs>${marks}</defs>${towers.join("")}`;
  return plan;
}
