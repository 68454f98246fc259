// What is compared on one image: from the choices of a tab to the maps that are asked for.

const TABS = { look: "Look", methods: "Methods and layers", labels: "Labels", runs: "Runs", classes: "Classes" };
const MOST_PANES = 24;

// The choices that a tab begins with.
function usualChoices(data) {
  const { label, runs, labels, methods } = data;
  const start = ["gradcam", "hirescam", "gradcam++", "layercam", "eigencam", "randomcam"];
  const offered = methods.filter((method) => start.includes(method.name)).map((method) => method.name);
  const pair = label.names.length === 2;
  return {
    method: data.method, layer: "", target: "predicted",
    methods: offered.length ? offered : [data.method], layers: [""],
    labels: labels.map((other) => other.id),
    runs: runs.slice(0, 4).map((run) => run.id),
    classes: pair ? ["0", "1"] : ["predicted", "true"],
  };
}

// Return wishes, each with title (what sets it apart) and names (of its classes).
function wishesOf(tab, chosen, data, row, smooth) {
  const method = (name) => data.methods.find((other) => other.name === name);
  const target = chosen.target === "true" && row.truth === null ? "predicted" : chosen.target;
  const usual = { image: row.image, run: data.run, method: chosen.method, layer: chosen.layer, target, smooth, names: data.label.names };
  const titled = { ...usual, title: method(chosen.method).title };
  if (tab === "methods") {
    const both = chosen.layers.flatMap((layer) => chosen.methods.map((name) => [layer, name]));
    return both.map(([layer, name]) => ({ ...usual, layer, method: name, title: method(name).title, show: chosen.layers.length > 1 }));
  }
  if (tab === "labels") {
    const among = data.labels.filter((other) => chosen.labels.includes(other.id));
    const of = ["predicted", "true"].includes(target) ? target : "predicted";
    return among.map((other) => ({
      ...usual, run: other.run, layer: "", names: other.names, title: other.name, says: true,
      target: of === "true" && (row.cells[other.id] ?? -1) < 0 ? "predicted" : of, truth: row.cells[other.id] ?? -1,
    }));
  }
  if (tab === "runs") {
    const placed = chosen.runs.map((id) => data.runs.find((run) => run.id === id)).filter(Boolean);
    return placed.map((run) => ({ ...usual, run: run.id, layer: "", says: true, title: run.place || run.text, about: run.place ? [run.text, run.about].join(" · ") : run.about }));
  }
  if (tab === "classes") {
    const known = chosen.classes.filter((text) => text !== "true" || row.truth !== null);
    return known.map((text) => ({ ...usual, target: text, title: targetText(text, data.label.names) }));
  }
  return [titled];
}

// What a target is called: "predicted", "true", a class, or the difference of two.
function targetText(text, names) {
  if (text === "predicted") return "Predicted class";
  if (text === "true") return "True class";
  return text.split("-").map((code) => names[Number(code)] ?? code).join(" − ");
}

// All targets of a label: [text, shown].
function targetsOf(names, row) {
  const found = [["predicted", "Predicted class"]];
  if (row?.truth !== null && row?.truth !== undefined) found.push(["true", "True class"]);
  names.forEach((name, code) => found.push([String(code), name]));
  return found;
}

// Two classes to take apart, likeliest first: where they differ is why the one was said and not the other.
function differencesOf(names, row) {
  const ranked = names.map((_, code) => code).sort((a, b) => (row?.probs?.[b] ?? 0) - (row?.probs?.[a] ?? 0)).slice(0, 4);
  const pairs = ranked.flatMap((one) => ranked.filter((two) => two !== one).map((two) => `${one}-${two}`));
  return pairs.map((text) => [text, targetText(text, names)]);
}
