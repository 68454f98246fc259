// Keys on the map of the set: a cursor that the arrows move, and a rectangle that they draw with shift.

const NUDGE = 20; // CSS pixels that an arrow moves the cursor
const RIM = 24; // CSS pixels from the border at which the map moves instead

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS_HELP = "Arrow keys move a cursor. Enter opens the image nearest to it, the space bar chooses it, shift and arrows choose all in a rectangle. "
  + "Plus and minus zoom, 0 shows the whole map, Escape chooses none.";

class MapKeys {
  constructor(map) {
    this.map = map;
    this.at = null; // of 0..1 as the dots, so that it stays on its dot when the map moves; null while nobody uses keys
    this.corner = null; // of the rectangle, opposite to the cursor
    map.stage.addEventListener("keydown", (event) => this.key(event));
    map.stage.addEventListener("keyup", (event) => event.key === "Shift" && this.close());
    map.stage.addEventListener("blur", () => this.leave());
  }

  key(event) {
    const { map } = this;
    if (event.ctrlKey || event.metaKey || event.altKey || !map.pixels) return;
    const acts = {
      "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP), 0: () => map.whole(),
      Escape: () => this.escape(), Enter: () => this.open(), " ": () => this.toggle(),
    };
    const act = ARROWS[event.key] ? () => this.move(ARROWS[event.key], event.shiftKey) : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // Where the cursor is, in pixels; it begins in the middle of what is seen.
  get place() {
    const { camera } = this.map;
    this.at ??= camera.unit(camera.middle);
    return camera.pixel(this.at);
  }

  move([dx, dy], rectangle) {
    const { map } = this, { width, height } = map.camera.frame, step = NUDGE * map.ratio, rim = RIM * map.ratio;
    if (!this.at && !rectangle) return this.rest(); // the first arrow shows where it is
    const [x, y] = this.place;
    if (rectangle) this.corner ??= this.at;
    this.at = map.camera.unit([x + dx * step, y + dy * step]).map((v) => Math.max(0, Math.min(1, v)));
    const now = this.place, held = now.map((v, k) => Math.max(rim, Math.min([width, height][k] - rim, v)));
    if (held.some((v, k) => v !== now[k])) map.pan(held[0] - now[0], held[1] - now[1]);
    this.rest();
  }

  zoom(factor) {
    this.map.zoom(factor, this.at ? this.place : undefined);
    this.map.drawOver();
  }

  // Show the cursor, the card of the image beside it, and say what it is at.
  rest() {
    const { map } = this, i = this.nearest();
    map.drawOver();
    map.tell();
    if (i < 0 || this.corner) return map.tip.hide();
    // Beyond both the dot and the cursor, so that it hides neither.
    const box = map.canvas.getBoundingClientRect(), at = this.place;
    const [x, y] = this.dot(i).map((v, k) => Math.max(v, at[k]) / map.ratio);
    map.tip.show({ clientX: box.x + x, clientY: box.y + y }, i, told(map.set, i), map.set.ids[i]);
  }

  // The dot nearest to the cursor, however far; -1 where all are hidden.
  nearest() {
    const { points, camera, colors } = this.map, [x, y] = this.place, { width, height } = camera.frame;
    const farthest = Math.hypot(width, height) * camera.at.scale;
    for (let reach = 40; ; reach *= 4) {
      const i = points.nearest(camera.view, x, y, colors, reach);
      if (i >= 0 || reach > farthest) return i;
    }
  }

  dot(i) {
    return this.map.camera.pixel([this.map.points.x[i], this.map.points.y[i]]);
  }

  // Corners as a lasso has them.
  get rectangle() {
    if (!this.corner) return null;
    const [[a, b], [c, d]] = [this.corner, this.at];
    return rounded([[Math.min(a, c), Math.min(b, d)], [Math.max(a, c), Math.min(b, d)], [Math.max(a, c), Math.max(b, d)], [Math.min(a, c), Math.max(b, d)]]);
  }

  // Shift is up: what lies in the rectangle is chosen, as well as what was.
  close() {
    const polygon = this.rectangle;
    this.corner = null;
    if (polygon) this.map.chooseInside(polygon, "more");
    if (polygon) this.map.drawOver();
  }

  toggle() {
    const i = this.nearest(), { points } = this.map;
    if (i < 0) return;
    const chosen = points.chosen?.slice() ?? new Uint8Array(points.count);
    chosen[i] = 1 - chosen[i];
    this.map.choose(chosen);
    this.rest();
  }

  open() {
    const i = this.nearest();
    if (i >= 0) this.map.said({ what: "open", image: this.map.set.ids[i] });
  }

  escape() {
    if (this.corner || !this.map.points.chosen) this.leave();
    else this.map.choose(null);
  }

  // The cursor is gone until the next key; so is a rectangle that nobody closed.
  leave() {
    if (!this.at) return;
    this.at = this.corner = null;
    this.map.tip.hide();
    this.map.drawOver();
    this.map.tell();
  }

  // For people: what the cursor is at, "" without one.
  get words() {
    if (!this.at) return "";
    const { map } = this;
    if (this.corner) {
      const inside = map.points.inside(this.rectangle, map.colors).reduce((sum, one) => sum + one, 0);
      return `The rectangle holds ${counted(inside, "image")}; let go of shift to choose ${inside === 1 ? "it" : "them"}.`;
    }
    const i = this.nearest();
    if (i < 0) return "All dots are hidden.";
    const plain = new DOMParser().parseFromString(told(map.set, i).replaceAll("<br>", ", "), "text/html").body.textContent;
    return `${map.points.chosen?.[i] ? "Chosen: " : ""}${plain}.`;
  }

  draw(brush, look, ratio) {
    if (!this.at) return;
    const [x, y] = this.place, arm = 11 * ratio, i = this.corner ? -1 : this.nearest();
    if (this.corner) {
      const [cx, cy] = this.map.camera.pixel(this.corner);
      Object.assign(brush, { fillStyle: `${look.accent}22`, strokeStyle: look.accent, lineWidth: 2 * ratio });
      brush.fillRect(cx, cy, x - cx, y - cy);
      brush.strokeRect(cx, cy, x - cx, y - cy);
    }
    const lines = () => {
      brush.beginPath();
      [[-arm, 0, arm, 0], [0, -arm, 0, arm]].forEach(([a, b, c, d]) => { brush.moveTo(x + a, y + b); brush.lineTo(x + c, y + d); });
      if (i >= 0) {
        const [px, py] = this.dot(i);
        brush.moveTo(px + 9 * ratio, py);
        brush.arc(px, py, 9 * ratio, 0, 2 * Math.PI);
      }
      brush.stroke();
    };
    // Light around dark, so that it stands out on dots of any colour.
    Object.assign(brush, { strokeStyle: look.ground, lineWidth: 5 * ratio });
    lines();
    Object.assign(brush, { strokeStyle: look.ink, lineWidth: 2 * ratio });
    lines();
  }
}
