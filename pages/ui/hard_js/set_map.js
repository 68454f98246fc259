// The map of the set: every image a dot where the network puts it, coloured without asking the server.

const STEP = 1.6; // times, by buttons and keys
const BY = "hard_by", LASSO = "hard_lasso"; // in the address
const visits = new Map(); // by workspace and run: who comes back finds the map as it was left, as the pictures below it

class SetMap {
  constructor(root, said) {
    this.root = root;
    this.said = said; // what was chosen, for the page
    this.mode = "move";
    this.by = "value";
    this.hidden = new Set();
    root.innerHTML = `<div class="gh-bar"><div class="gh-group" role="radiogroup" aria-label="Colour by" data-part="by"></div>
      <div class="gh-group" role="radiogroup" aria-label="What dragging does" data-part="mode">
        <button type="button" role="radio" data-mode="move" title="Drag to move, wheel or pinch to zoom">Move</button>
        <button type="button" role="radio" data-mode="lasso" title="Draw around dots; shift adds, alt takes away">Lasso</button></div>
      <div class="gh-group"><button type="button" data-do="in" aria-label="Zoom in">+</button><button type="button" data-do="out" aria-label="Zoom out">−</button>
        <button type="button" data-do="all">Whole map</button></div>
      <button type="button" data-do="none" hidden>Choose none</button><button type="button" class="gh-quiet" data-do="save">Save as PNG</button></div>
      <div class="gh-trouble" role="alert" hidden></div>
      <div class="gh-stage" tabindex="0" role="application" aria-label="Map of the set. ${KEYS_HELP}"><canvas></canvas><canvas class="gh-over"></canvas></div>
      <div class="gh-legend" role="group" aria-label="Legend: click an entry to hide it"></div><p class="gh-hint" aria-live="polite"></p>`;
    [this.canvas, this.over] = root.querySelectorAll("canvas");
    this.stage = root.querySelector(".gh-stage");
    this.legend = root.querySelector(".gh-legend");
    this.hint = root.querySelector(".gh-hint");
    this.tip = new Tip(root);
    this.trouble = new Trouble(root.querySelector(".gh-trouble"));
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.stage);
    this.keys = new MapKeys(this);
    this.hands = new MapHands(this);
  }

  // `set`: ids, x, y, value, source, wrong, confidence, predicted (typed arrays), names, classes, sources, title, key.
  show(set) {
    const first = !this.set, again = !first && this.set.key === set.key, asked = new URL(location.href).searchParams;
    if (!first && !again) visits.set(this.set.key, this.left());
    const before = again ? this.left() : visits.get(set.key), same = before?.chosen?.length === set.ids.length;
    this.set = set;
    this.points = new Points(set.x, set.y);
    this.points.chosen = same ? before.chosen : null;
    this.camera = new Camera(before?.at);
    this.hidden = before?.hidden ?? new Set();
    this.by = before?.by ?? (first && asked.get(BY) in WAYS ? asked.get(BY) : this.by);
    this.polygon = before ? before.polygon : first ? read(asked.get(LASSO)) : null;
    this.recolor();
    this.resize();
    if (!before && this.polygon) this.choose(this.points.inside(this.polygon, this.colors), this.polygon); // of a link
  }

  // What a visit elsewhere finds again.
  left() {
    return { at: this.camera.at, by: this.by, chosen: this.points.chosen, hidden: this.hidden, polygon: this.polygon };
  }

  get look() {
    return theme(this.root);
  }

  // ---- colours
  recolor(by = this.by) {
    if (by !== this.by) this.hidden.clear();
    this.by = by;
    const look = this.look;
    this.drawnDark = look.dark;
    const { kinds, entries } = WAYS[by].kinds(this.set, look);
    const counts = new Array(entries.length).fill(0);
    for (let i = 0; i < kinds.length; i += 1) counts[kinds[i]] += 1;
    this.entries = entries.map((entry, n) => ({ ...entry, n, count: counts[n] }));
    // Drawn in this order: nothing known first, then the many, the few and the wrong ones on top of them.
    const order = [...this.entries].sort((a, b) => (a.front ?? 0) - (b.front ?? 0) || b.count - a.count);
    const front = new Uint8Array(256);
    order.forEach((entry, place) => (front[entry.n] = place));
    this.points.paint(kinds, front);
    this.tables();
    this.tell();
    this.keep();
    this.redraw();
  }

  // In the address, for a reload or a link: how dots are coloured, and the lasso where one line drew it.
  keep() {
    const url = new URL(location.href), values = { [BY]: this.by === "value" ? "" : this.by, [LASSO]: this.polygon ? written(this.polygon) : "" };
    for (const [name, value] of Object.entries(values)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  tables() {
    const look = this.look;
    this.ground = packed(look.ground);
    this.colors = new Uint32Array(256);
    this.pale = new Uint32Array(256);
    this.entries.forEach(({ n, color }) => {
      if (this.hidden.has(n)) return;
      this.colors[n] = packed(color);
      this.pale[n] = packed(blend(color, look.ground, 0.82));
    });
  }

  tell() {
    const pressed = (on) => `aria-checked="${on}"`;
    const held = this.root.getRootNode().activeElement, { by, kind } = this.root.contains(held) ? held.dataset : {};
    this.root.querySelector("[data-part=by]").innerHTML = Object.entries(WAYS).map(([by, { text }]) =>
      `<button type="button" role="radio" data-by="${by}" ${pressed(by === this.by)}>${text}</button>`).join("");
    this.root.querySelectorAll("[data-mode]").forEach((b) => b.setAttribute("aria-checked", String(b.dataset.mode === this.mode)));
    this.legend.innerHTML = this.entries.filter((e) => e.count).map((e) => `<button type="button" data-kind="${e.n}" aria-pressed="${!this.hidden.has(e.n)}"
      title="${this.hidden.has(e.n) ? "Show" : "Hide"} these"><span class="gh-dot" style="background:${e.color}"></span>${html(e.name)} <span class="gh-count">${e.count.toLocaleString("en")}</span></button>`).join("");
    // Who goes through them by keys goes on where they were: both are made anew.
    if (by !== undefined) this.root.querySelector(`[data-by="${by}"]`)?.focus();
    if (kind !== undefined) this.legend.querySelector(`[data-kind="${kind}"]`)?.focus();
    this.root.querySelector("[data-do=none]").hidden = !this.points.chosen;
    this.stage.dataset.mode = this.mode;
    this.hintTold();
  }

  // Spoken, too: what the cursor is at, what is chosen, and what can be done.
  hintTold() {
    const usual = this.mode === "lasso" ? "Draw around the dots that you want to see below."
      : "Drag moves the map, the wheel zooms once the map was clicked. Shift and drag draws a lasso, arrow keys move a cursor.";
    const more = this.keys.at ? "" : "Shift and the lasso add more, alt takes away, Escape chooses none.";
    const chosen = this.points.chosen ? `${this.chosenTold()} ${more}` : this.keys.at ? "" : usual;
    this.hint.textContent = `${this.keys.words} ${chosen}`.trim();
  }

  // How many are chosen, of which kinds.
  chosenTold() {
    const counts = new Map(), { chosen, kind, count } = this.points;
    for (let i = 0; i < count; i += 1) if (chosen[i]) counts.set(kind[i], (counts.get(kind[i]) ?? 0) + 1);
    const all = [...counts.values()].reduce((sum, one) => sum + one, 0);
    const each = [...counts].sort((a, b) => b[1] - a[1]).map(([n, some]) => `${this.entries[n].name} ${some.toLocaleString("en")}`);
    return `${counted(all, "image")} chosen: ${each.join(", ")}.`;
  }

  // ---- drawing
  resize() {
    const width = this.stage.clientWidth, height = this.stage.clientHeight;
    if (!width || !height || !this.points) return;
    this.ratio = fitted(this.canvas, width, height);
    fitted(this.over, width, height);
    this.brush = this.canvas.getContext("2d", { alpha: false });
    this.image = this.brush.createImageData(this.canvas.width, this.canvas.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.camera.fit(this.canvas, this.ratio);
    this.draw();
  }

  // Once a frame, however often something moves.
  redraw() {
    if (this.asked || !this.pixels) return;
    this.asked = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.asked = 0;
    const begun = performance.now();
    this.points.draw(this.pixels, this.camera.view, this.colors, this.pale, this.ground, this.ratio);
    this.brush.putImageData(this.image, 0, 0);
    if (this.keys.at) this.drawOver();
    this.took = performance.now() - begun;
  }

  // What hands and keys have on top of the dots.
  drawOver() {
    const brush = this.over.getContext("2d"), look = this.look;
    brush.clearRect(0, 0, this.over.width, this.over.height);
    this.hands.draw(brush, look, this.ratio);
    this.keys.draw(brush, look, this.ratio);
  }

  // ---- what is seen
  zoom(factor, place = this.camera?.middle) {
    if (!this.pixels) return; // not loaded yet
    this.camera.zoom(factor, place);
    this.redraw();
  }

  whole() {
    this.camera.whole();
    this.redraw();
  }

  pan(dx, dy) {
    if (!this.pixels) return;
    this.camera.pan(dx, dy);
    this.redraw();
  }

  click(button) {
    if (!button || !this.points) return;
    const { by, mode, kind, do: act } = button.dataset;
    if (by) this.recolor(by);
    if (mode) this.mode = mode;
    if (kind) this.toggle(Number(kind));
    if (act === "in") this.zoom(STEP);
    if (act === "out") this.zoom(1 / STEP);
    if (act === "all") this.whole();
    if (act === "none") this.choose(null);
    if (act === "save") saveMap(this);
    this.tell();
    this.redraw();
  }

  toggle(kind) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.tables();
  }

  // What lies in a polygon: "only" that, as well as what is chosen already ("more"), or taken away from it ("less").
  chooseInside(polygon, how) {
    const found = this.points.inside(polygon, this.colors), before = this.points.chosen;
    if (how !== "only") {
      for (let i = 0; i < found.length; i += 1) found[i] = how === "less" ? (before?.[i] ?? 0) & ~found[i] : (before?.[i] ?? 0) | found[i];
    }
    this.choose(found, before && how !== "only" ? null : polygon);
  }

  choose(chosen, polygon = null) {
    if (!chosen && !this.points.chosen) return;
    this.points.chosen = chosen?.some((one) => one) ? chosen : null;
    this.polygon = this.points.chosen && polygon;
    this.keep();
    this.tell();
    this.redraw();
    const ids = this.points.chosen ? this.set.ids.filter((_, i) => this.points.chosen[i]) : new Int32Array();
    this.said({ what: "lasso", images: coded(ids), count: ids.length });
  }

  end() {
    this.watch.disconnect();
    this.tip.hide();
    if (this.set) visits.set(this.set.key, this.left());
  }
}
