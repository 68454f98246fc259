// The map of the set: every image a dot where the network puts it, coloured without asking the server.

const STEP = 1.6; // times, by buttons and keys
const CLOSE = 2.5; // pixels between two corners of a lasso

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
      <div class="gh-stage" tabindex="0" role="application" aria-label="Map of the set"><canvas></canvas><canvas class="gh-over"></canvas></div>
      <div class="gh-legend" role="group" aria-label="Legend: click an entry to hide it"></div><p class="gh-hint" aria-live="polite"></p>`;
    [this.canvas, this.over] = root.querySelectorAll("canvas");
    this.stage = root.querySelector(".gh-stage");
    this.legend = root.querySelector(".gh-legend");
    this.hint = root.querySelector(".gh-hint");
    this.tip = new Tip(root);
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.stage);
    this.listen();
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
    const chosen = this.chosenCount();
    this.root.querySelector("[data-do=none]").hidden = !chosen;
    this.stage.dataset.mode = this.mode;
    this.hint.textContent = chosen ? `${counted(chosen, "image")} chosen. Shift and the lasso add more, alt takes away, Escape chooses none.`
      : this.mode === "lasso" ? "Draw around the dots that you want to see below." : "Drag moves the map, the wheel zooms once the map was clicked. Shift and drag draws a lasso.";
  }

  chosenCount() {
    return this.points.chosen ? this.points.chosen.reduce((sum, one) => sum + one, 0) : 0;
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
    this.took = performance.now() - begun;
  }

  // ---- hands
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.x) * this.ratio, (event.clientY - box.y) * this.ratio];
  }

  zoom(factor, place = this.camera?.middle) {
    if (!this.pixels) return; // not loaded yet
    this.camera.zoom(factor, place);
    this.redraw();
  }

  pan(dx, dy) {
    if (!this.pixels) return;
    this.camera.pan(dx, dy);
    this.redraw();
  }

  listen() {
    const { stage, root } = this, held = new Map();
    root.addEventListener("click", (event) => this.click(event.target.closest("button")));
    stage.addEventListener("wheel", (event) => {
      if (document.activeElement !== stage && !event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      this.tip.hide();
      this.zoom(Math.exp(-event.deltaY / 300), this.place(event));
    }, { passive: false });
    stage.addEventListener("pointerdown", (event) => {
      if (event.button || !this.pixels) return;
      stage.focus({ preventScroll: true });
      stage.setPointerCapture(event.pointerId);
      held.set(event.pointerId, this.place(event));
      this.tip.hide();
      const lasso = held.size === 1 && (this.mode === "lasso" || event.shiftKey || event.altKey);
      this.line = lasso ? [this.place(event)] : null;
    });
    stage.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId), now = this.place(event);
      if (!before) return this.hover(event, now);
      if (held.size === 2) this.pinch(held, event.pointerId, now);
      else if (this.line) this.extend(event);
      else this.pan(now[0] - before[0], now[1] - before[1]);
      held.set(event.pointerId, now);
    });
    const end = (event) => {
      held.delete(event.pointerId);
      if (this.line && event.type === "pointerup") this.close(event);
      this.line = null;
      this.drawLine();
    };
    stage.addEventListener("pointerup", end);
    stage.addEventListener("pointercancel", end);
    stage.addEventListener("pointerleave", () => this.tip.hide());
    stage.addEventListener("dblclick", (event) => this.zoom(2.5, this.place(event)));
    stage.addEventListener("keydown", (event) => this.key(event));
  }

  click(button) {
    if (!button || !this.points) return;
    const { by, mode, kind, do: act } = button.dataset;
    if (by) this.recolor(by);
    if (mode) this.mode = mode;
    if (kind) this.toggle(Number(kind));
    if (act === "in") this.zoom(STEP);
    if (act === "out") this.zoom(1 / STEP);
    if (act === "all") this.camera.whole();
    if (act === "none") this.choose(null);
    if (act === "save") this.save();
    this.tell();
    this.redraw();
  }

  toggle(kind) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.tables();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.pixels) return;
    const step = 60 * this.ratio;
    const acts = {
      ArrowLeft: () => this.pan(step, 0), ArrowRight: () => this.pan(-step, 0), ArrowUp: () => this.pan(0, step), ArrowDown: () => this.pan(0, -step),
      "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP),
      0: () => { this.camera.whole(); this.redraw(); }, Escape: () => this.choose(null),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  pinch(held, id, now) {
    const other = [...held].find(([one]) => one !== id)[1], before = held.get(id);
    const far = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    this.line = null;
    this.zoom(far(now) / far(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }

  hover(event, now) {
    const i = this.points ? this.points.nearest(this.camera.view, ...now, this.colors, NEAR * this.ratio) : -1;
    if (i < 0) return this.tip.hide();
    this.tip.show(event, i, told(this.set, i), this.set.ids[i]);
  }

  // ---- lasso
  extend(event) {
    for (const moved of event.getCoalescedEvents?.() ?? [event]) {
      const now = this.place(moved), last = this.line.at(-1);
      if (Math.hypot(now[0] - last[0], now[1] - last[1]) >= CLOSE) this.line.push(now);
    }
    this.drawLine();
  }

  drawLine() {
    const brush = this.over.getContext("2d");
    brush.clearRect(0, 0, this.over.width, this.over.height);
    if (!this.line) return;
    const look = this.look;
    brush.beginPath();
    this.line.forEach(([x, y]) => brush.lineTo(x, y));
    brush.closePath();
    Object.assign(brush, { fillStyle: `${look.accent}22`, strokeStyle: look.accent, lineWidth: 2 * this.ratio });
    brush.fill();
    brush.stroke();
  }

  close(event) {
    if (this.line.length < 3) return;
    const begun = performance.now();
    const polygon = rounded(simplified(this.line, this.ratio).map((at) => this.camera.unit(at)));
    const found = this.points.inside(polygon, this.colors), before = this.points.chosen;
    const more = before && (event.shiftKey || event.altKey);
    if (event.shiftKey || event.altKey) {
      for (let i = 0; i < found.length; i += 1) found[i] = event.altKey ? (before?.[i] ?? 0) & ~found[i] : (before?.[i] ?? 0) | found[i];
    }
    this.choose(found, more ? null : polygon);
    this.lassoTook = performance.now() - begun;
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

  save() {
    const look = this.look, width = this.stage.clientWidth, high = this.stage.clientHeight;
    const { canvas, brush, top } = sheet(look, `${this.set.title} · coloured by ${WAYS[this.by].text.toLowerCase()}`, width, high + 30);
    brush.drawImage(this.canvas, 0, top, width, high);
    let at = 12;
    brush.font = `13px ${look.font}`;
    this.entries.filter((e) => e.count && !this.hidden.has(e.n)).forEach((e) => {
      const text = `${e.name} ${e.count.toLocaleString("en")}`;
      brush.fillStyle = e.color;
      brush.fillRect(at, top + high + 9, 12, 12);
      brush.fillStyle = look.ink;
      brush.fillText(text, at + 17, top + high + 15);
      at += brush.measureText(text).width + 36;
    });
    save(canvas, "map-of-the-set");
  }

  end() {
    this.watch.disconnect();
    this.tip.hide();
    if (this.set) visits.set(this.set.key, this.left());
  }
}
