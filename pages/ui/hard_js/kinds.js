// How dots of the map are coloured: a kind for each, a number below 256, and what the legend says of it.

const COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6BB1", "#A6761D"];
const NONE = { light: "#C3CBC9", dark: "#4A5654" }; // no value, not judged
const REST = { light: "#8A9694", dark: "#7F8C8A" }; // classes beyond those that have a colour of their own
const SOURCE_COLORS = { given: "#0072B2", human: "#009E73", derived: "#56B4E9", pseudo: "#CC79A7" };
// Viridis (Smith and van der Walt 2015) in five steps; what is unsure stands out on either ground.
const SURE = ["#440154", "#3B528B", "#21918C", "#5EC962", "#C8D92B"];
const SURE_DARK = ["#FDE725", "#5EC962", "#21918C", "#4F6BB0", "#7A4D92"];

const WAYS = {
  value: { text: "Class", kinds: byClass }, source: { text: "Source", kinds: bySource },
  error: { text: "Error", kinds: byError }, confidence: { text: "Confidence", kinds: byConfidence },
};

function byClass(set, look) {
  const counts = new Map();
  set.value.forEach((v) => v >= 0 && counts.set(v, (counts.get(v) ?? 0) + 1));
  // With many classes the commonest have a colour of their own; with few, the order of the classes decides.
  const named = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, COLORS.length).sort((a, b) => a - b);
  const place = new Map(named.map((v, n) => [v, n])), rest = named.length, none = rest + 1;
  const kinds = Uint8Array.from(set.value, (v) => (v < 0 ? none : place.get(v) ?? rest));
  const ground = look.dark ? "dark" : "light";
  const entries = named.map((v, n) => ({ name: set.classes[v], color: COLORS[n], front: 2 }));
  entries.push({ name: `${counts.size - rest} other classes`, color: REST[ground], front: 1 }, { name: "no value", color: NONE[ground], front: 0 });
  return { kinds, entries };
}

function bySource(set, look) {
  const none = set.sources.length;
  const entries = set.sources.map((name) => ({ name, color: SOURCE_COLORS[name] ?? REST.light, front: 1 }));
  entries.push({ name: "no value", color: NONE[look.dark ? "dark" : "light"], front: 0 });
  return { kinds: Uint8Array.from(set.source, (v) => (v < 0 ? none : v)), entries };
}

function byError(set, look) {
  const entries = [
    { name: "right", color: look.dark ? "#56B4E9" : "#0072B2", front: 1 }, { name: "wrong", color: look.dark ? "#FF8A3D" : "#D55E00", front: 2 },
    { name: "not judged: no held-out answer", color: NONE[look.dark ? "dark" : "light"], front: 0 },
  ];
  return { kinds: Uint8Array.from(set.wrong, (v) => (v < 0 ? 2 : v)), entries };
}

function byConfidence(set, look) {
  const colors = look.dark ? SURE_DARK : SURE, steps = colors.length;
  const known = set.confidence.filter((v) => v >= 0), least = known.length ? known.reduce((a, b) => Math.min(a, b), 1) : 0;
  const low = Math.floor(least * 10) / 10, width = (1 - low) / steps || 1;
  const entries = colors.map((color, n) => ({
    name: `${(low + n * width).toFixed(2)} to ${(low + (n + 1) * width).toFixed(2)}`, color, front: steps - n,
  }));
  entries.push({ name: "no prediction", color: NONE[look.dark ? "dark" : "light"], front: 0 });
  return { kinds: Uint8Array.from(set.confidence, (v) => (v >= 0 ? Math.min(steps - 1, Math.floor((v - low) / width)) : steps)), entries };
}

// What is known of a dot.
function told(set, i) {
  const name = (code) => html(set.classes[code]), lines = [`<strong>${html(set.names[i] ?? `image ${set.ids[i]}`)}</strong>`];
  lines.push(set.value[i] < 0 ? "no value" : `${name(set.value[i])} (${html(set.sources[set.source[i]] ?? "")})`);
  if (set.confidence[i] >= 0) lines.push(`the run says ${name(set.predicted[i])} ${set.confidence[i].toFixed(2)}`);
  if (set.wrong[i] >= 0) lines.push(set.wrong[i] ? "wrong on this held-out image" : "right on this held-out image");
  return lines.join("<br>");
}
