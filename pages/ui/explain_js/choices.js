// What a tab lets people choose: one method, layer and class, or several of them.

class Choices {
  constructor(root, changed) {
    Object.assign(this, { root, changed, modules: new Map(), unfolded: new Set() });
    root.addEventListener("toggle", (event) => event.target.matches?.(".layers") && event.target.open && this.loadLayers(), true);
  }

  // `chosen` is changed in place; whoever listens to `changed` asks for the maps.
  show(tab, chosen, data, row) {
    Object.assign(this, { tab, chosen, data, row });
    const made = { look: ["method", "layer", "target", "smooth"], methods: ["methods", "layers", "target", "smooth"],
      labels: ["labels", "method", "whose", "smooth"], runs: ["presets", "runs", "method", "target", "smooth"],
      classes: ["classes", "method", "layer", "smooth"] }[tab]; // prettier-ignore
    const open = this.root.querySelector(".layers")?.open;
    const held = this.root.getRootNode().activeElement;
    const inside = this.root.contains(held);
    const at = inside ? held.dataset.at : undefined, inTree = inside && held.closest(".layers");
    this.root.replaceChildren(...made.flatMap((name) => this[name]() ?? []));
    const layers = this.root.querySelector(".layers");
    if (layers && open) layers.open = true;
    const again = at && [...this.root.querySelectorAll("[data-at]")].find((field) => field.dataset.at === at);
    (again || (inTree && layers?.querySelector("summary")) || null)?.focus(); // who chooses by keys goes on
  }

  // Whether the tree of layers was open.
  closeTree() {
    const tree = this.root.querySelector(".layers[open]");
    if (!tree) return false;
    const held = tree.contains(this.root.getRootNode().activeElement);
    tree.open = false;
    if (held) tree.querySelector("summary").focus();
    return true;
  }

  list(text, options, value, then) {
    const list = make("select", { ariaLabel: text });
    list.append(...options.map(([key, shown]) => new Option(shown, key)));
    list.value = value;
    if (list.selectedIndex < 0) list.selectedIndex = 0;
    list.dataset.at = text;
    list.addEventListener("change", () => then(list.value));
    return labelled(list, text, "choice");
  }

  chips(name, text, options) {
    const group = make("div", { className: "chips" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", text);
    group.append(make("span", { className: "quiet", textContent: text }));
    for (const [value, shown, hint = ""] of options) {
      const chip = make("button", { type: "button", textContent: shown, title: hint });
      chip.setAttribute("aria-pressed", String(this.chosen[name].includes(value)));
      chip.dataset.value = value;
      chip.dataset.at = `${name} ${value}`;
      chip.addEventListener("click", () => this.toggle(name, value, options.map(([key]) => key)));
      group.append(chip);
    }
    return group;
  }

  // One at least stays; they keep the order in which they are offered.
  toggle(name, value, order) {
    const now = new Set(this.chosen[name]);
    if (!now.delete(value)) now.add(value);
    if (!now.size) return;
    this.chosen[name] = [...order.filter((key) => now.has(key)), ...[...now].filter((key) => !order.includes(key))];
    this.again();
  }

  set(name, value) {
    this.chosen[name] = value;
    this.again();
  }

  again() {
    this.show(this.tab, this.chosen, this.data, this.row);
    this.changed();
  }

  method() {
    const options = this.data.methods.map((m) => [m.name, m.slow ? `${m.title} (slow)` : m.title]);
    return this.list("Method", options, this.chosen.method, (value) => this.set("method", value));
  }

  methods() {
    return this.chips("methods", "Methods", this.data.methods.map((m) => [m.name, m.slow ? `${m.title} (slow)` : m.title, m.about]));
  }

  target() {
    const { names } = this.data.label;
    return this.list("Class", [...targetsOf(names, this.row), ...differencesOf(names, this.row)], this.chosen.target, (value) => this.set("target", value));
  }

  whose() {
    const options = [["predicted", "Predicted class"], ["true", "True class, where it is known"]];
    return this.list("Class", options, this.chosen.target, (value) => this.set("target", value));
  }

  smooth() {
    return this.list("Smoothing", this.data.smoothings, this.data.view.smooth, (value) => {
      this.data.set("smooth", value);
      this.again();
    });
  }

  classes() {
    const { names } = this.data.label;
    const all = [...targetsOf(names, this.row), ...differencesOf(names, this.row)];
    return this.chips("classes", "Classes", all.map(([text, shown]) => [text, shown, text.includes("-") ? "Where the first speaks more than the second" : ""]));
  }

  labels() {
    return this.chips("labels", "Labels", this.data.labels.map((label) => [label.id, label.name, `Run ${label.run}`]));
  }

  runs() {
    return this.chips("runs", "Runs", this.data.runs.map((run) => [run.id, run.text, [run.place, run.about].filter(Boolean).join(": ")]));
  }

  // Sets of runs that somebody would otherwise pick one by one.
  presets() {
    const ids = this.data.runs.map((run) => run.id);
    const sets = [["Newest four", ids.slice(0, 4)], ["First and newest", [...new Set([ids.at(-1), ids[0]])]]];
    if (this.data.scaled.length > 1) sets.push([`Scaled networks (${this.data.scaled.length})`, this.data.scaled]);
    if (ids.length < 2) return null;
    const group = make("div", { className: "chips" });
    group.append(make("span", { className: "quiet", textContent: "Compare" }));
    for (const [text, set] of sets) {
      const chip = make("button", { type: "button", textContent: text });
      chip.setAttribute("aria-pressed", String(String(set) === String(this.chosen.runs)));
      chip.dataset.at = text;
      chip.addEventListener("click", () => this.set("runs", [...set]));
      group.append(chip);
    }
    return group;
  }

  layers() {
    return this.layerTree(true);
  }

  layer() {
    return this.layerTree(false);
  }

  // A tree of the network's modules: one layer, or several to compare.
  layerTree(several) {
    const now = several ? this.chosen.layers : [this.chosen.layer];
    const box = make("details", { className: "layers" });
    const text = now.map((name) => name || "Chosen by itself").join(", ");
    const words = several ? "Layers" : "Layer";
    box.append(make("summary", { textContent: text, ariaLabel: `${words}: ${text}` }));
    const line = make("div", { className: "choice" });
    line.append(make("span", { textContent: words }), box);
    const body = make("div", { className: "tree" });
    box.append(body);
    const found = this.modules.get(this.data.run);
    if (Array.isArray(found)) body.append(this.pick("", "Chosen by itself", several, now), ...this.branch(nested(found), several, now));
    else body.append(make("p", { className: "quiet", textContent: found ?? "Looking into the network…" }));
    if (typeof found === "string") body.append(this.retry());
    return line;
  }

  retry() {
    const button = make("button", { type: "button", textContent: "Try again" });
    button.addEventListener("click", () => {
      this.modules.delete(this.data.run);
      this.again();
      this.loadLayers();
    });
    return button;
  }

  pick(name, text, several, now, why = "") {
    const box = make("input", { type: several ? "checkbox" : "radio", name: "layer", checked: now.includes(name), disabled: Boolean(why) });
    box.dataset.at = `layer ${name}`;
    box.addEventListener("change", () => (several ? this.toggle("layers", name, ["", ...this.order]) : this.set("layer", name)));
    return labelled(box, text, "check", why);
  }

  branch(nodes, several, now) {
    return nodes.map((node) => {
      const { layer } = node;
      const size = layer?.height ? ` · ${layer.channels} × ${layer.height} × ${layer.width}` : "";
      const words = `${node.part}${layer ? ` ${layer.kind}${size}` : ""}${layer?.chosen ? " · chosen where none is named" : ""}`;
      const line = layer ? this.pick(layer.name, words, several, now, layer.usable ? "" : layer.why) : make("span", { textContent: words });
      if (!node.below.length) return line;
      const open = this.unfolded.has(node.name) || now.some((name) => name.startsWith(`${node.name}.`));
      const box = make("details", { className: "node", open });
      const head = make("summary");
      head.dataset.at = `below ${node.name}`;
      head.append(line);
      const inner = make("div", { className: "below" });
      const fill = () => inner.childElementCount || inner.append(...this.branch(node.below, several, now));
      if (open) fill(); // some hundred modules: those that nobody looks at are not made
      box.addEventListener("toggle", () => {
        this.unfolded[box.open ? "add" : "delete"](node.name);
        if (box.open) fill();
      });
      box.append(head, inner);
      return box;
    });
  }

  get order() {
    const found = this.modules.get(this.data.run);
    return Array.isArray(found) ? found.map((layer) => layer.name) : [];
  }

  async loadLayers() {
    const { run, base, token } = this.data;
    if (this.modules.has(run)) return;
    this.modules.set(run, undefined);
    try {
      const answer = await ask(`${base}/layers?run=${run}`, { headers: { "X-Gapwise-Token": token }, patience: LONG });
      const found = await answer.json();
      this.modules.set(run, Array.isArray(found) ? found : found.layers);
    } catch (error) {
      this.modules.set(run, refused(error));
    }
    if (this.data.run === run) this.show(this.tab, this.chosen, this.data, this.row);
  }
}

// Modules by their dotted names, as a tree.
function nested(layers) {
  const top = { below: [] };
  const known = new Map([["", top]]);
  const node = (name) => {
    if (known.has(name)) return known.get(name);
    const cut = name.lastIndexOf(".");
    const made = { name, part: name.slice(cut + 1), below: [] };
    node(cut < 0 ? "" : name.slice(0, cut)).below.push(made);
    known.set(name, made);
    return made;
  };
  for (const layer of layers) if (layer.name) node(layer.name).layer = layer;
  return top.below;
}
