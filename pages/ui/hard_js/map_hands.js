// A pointer on the map of the set: moving, zooming, the card beside it, the lasso.

const CLOSE = 2.5; // pixels between two corners of a lasso

class MapHands {
  constructor(map) {
    this.map = map;
    this.held = new Map(); // pointers that are down, and where
    const { stage, root } = map;
    root.addEventListener("click", (event) => map.click(event.target.closest("button")));
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    ["pointerup", "pointercancel"].forEach((name) => stage.addEventListener(name, (event) => this.up(event)));
    stage.addEventListener("pointerleave", () => map.tip.hide());
    stage.addEventListener("dblclick", (event) => map.zoom(2.5, this.place(event)));
  }

  place(event) {
    const { canvas, ratio } = this.map, box = canvas.getBoundingClientRect();
    return [(event.clientX - box.x) * ratio, (event.clientY - box.y) * ratio];
  }

  wheel(event) {
    if (document.activeElement !== this.map.stage && !event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    this.map.tip.hide();
    this.map.zoom(Math.exp(-event.deltaY / 300), this.place(event));
  }

  down(event) {
    const { map, held } = this;
    if (event.button || !map.pixels) return;
    map.keys.leave();
    map.stage.focus({ preventScroll: true });
    map.stage.setPointerCapture(event.pointerId);
    held.set(event.pointerId, this.place(event));
    map.tip.hide();
    const lasso = held.size === 1 && (map.mode === "lasso" || event.shiftKey || event.altKey);
    this.line = lasso ? [this.place(event)] : null;
  }

  move(event) {
    const { map, held } = this, before = held.get(event.pointerId), now = this.place(event);
    if (!before) return this.hover(event, now);
    if (held.size === 2) this.pinch(event.pointerId, now);
    else if (this.line) this.extend(event);
    else map.pan(now[0] - before[0], now[1] - before[1]);
    held.set(event.pointerId, now);
  }

  up(event) {
    this.held.delete(event.pointerId);
    if (this.line && event.type === "pointerup") this.close(event);
    this.line = null;
    this.map.drawOver();
  }

  pinch(id, now) {
    const { map, held } = this, other = [...held].find(([one]) => one !== id)[1], before = held.get(id);
    const far = (a) => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    this.line = null;
    map.zoom(far(now) / far(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    map.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  }

  hover(event, now) {
    const { map } = this;
    const i = map.points ? map.points.nearest(map.camera.view, ...now, map.colors, NEAR * map.ratio) : -1;
    if (i < 0) return map.tip.hide();
    map.tip.show(event, i, told(map.set, i), map.set.ids[i]);
  }

  // ---- lasso
  extend(event) {
    for (const moved of event.getCoalescedEvents?.() ?? [event]) {
      const now = this.place(moved), last = this.line.at(-1);
      if (Math.hypot(now[0] - last[0], now[1] - last[1]) >= CLOSE) this.line.push(now);
    }
    this.map.drawOver();
  }

  draw(brush, look, ratio) {
    if (!this.line) return;
    brush.beginPath();
    this.line.forEach(([x, y]) => brush.lineTo(x, y));
    brush.closePath();
    Object.assign(brush, { fillStyle: `${look.accent}22`, strokeStyle: look.accent, lineWidth: 2 * ratio });
    brush.fill();
    brush.stroke();
  }

  close(event) {
    if (this.line.length < 3) return;
    const { map } = this, begun = performance.now();
    const polygon = rounded(simplified(this.line, map.ratio).map((at) => map.camera.unit(at)));
    map.chooseInside(polygon, event.altKey ? "less" : event.shiftKey ? "more" : "only");
    map.lassoTook = performance.now() - begun;
  }
}
