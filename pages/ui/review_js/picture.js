// The large picture: decoded bitmap on a canvas, the map over it, zoom and pan.

const LARGEST = 8; // times
const TWICE = 350; // milliseconds between the taps of a double one
const OPACITY = 0.55; // of the map's strongest cell

class Picture {
  constructor(stage, colors) {
    this.stage = stage;
    this.frame = stage.querySelector(".frame");
    this.canvas = stage.querySelector(".picture");
    this.map = stage.querySelector(".map");
    this.colors = colors; // 256 x RGB, flat
    this.size = [1, 1];
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(stage);
    this.pointers = new Map(); // one drags, two pinch
    this.listen();
  }

  // Paint an item now; its bitmap is decoded.
  show(item, withMap) {
    this.item = item;
    this.zoom = 1;
    this.at = [0, 0];
    this.tap = 0;
    this.pointers.clear(); // what was begun on another picture ends with it
    const bitmap = item?.bitmap;
    this.frame.hidden = !bitmap;
    if (!bitmap) return;
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    this.canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
    this.size = [bitmap.width, bitmap.height];
    this.fit();
    this.showMap(withMap);
  }

  showMap(shown) {
    const [height, width] = this.item?.mapSize ?? [];
    this.map.hidden = !shown || !this.item?.map;
    if (this.map.hidden) return;
    const cells = Uint8Array.from(atob(this.item.map), (sign) => sign.charCodeAt(0));
    const small = new ImageData(width, height);
    cells.forEach((value, i) => {
      small.data.set(this.colors.slice(value * 3, value * 3 + 3), i * 4);
      small.data[i * 4 + 3] = value * OPACITY; // where the map is 0 the picture is untouched
    });
    this.map.width = width;
    this.map.height = height;
    this.map.getContext("2d").putImageData(small, 0, 0); // smoothed where CSS makes it large
  }

  fit() {
    const [width, height] = this.size;
    const scale = Math.min(this.stage.clientWidth / width, this.stage.clientHeight / height, 4);
    this.frame.style.width = `${width * scale}px`;
    this.frame.style.height = `${height * scale}px`;
    this.place();
  }

  place() {
    const room = [this.frame.offsetWidth, this.frame.offsetHeight].map((side) => (side * (this.zoom - 1)) / 2);
    this.at = this.at.map((value, i) => Math.max(-room[i], Math.min(room[i], value)));
    this.frame.style.transform =
      this.zoom === 1 ? "none" : `translate(${this.at[0]}px, ${this.at[1]}px) scale(${this.zoom})`;
    this.stage.classList.toggle("zoomed", this.zoom > 1);
  }

  // Zoom so that what is under the pointer stays there.
  zoomTo(zoom, event) {
    const box = this.stage.getBoundingClientRect();
    const from = [event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2];
    const next = Math.max(1, Math.min(LARGEST, zoom));
    this.at = this.at.map((value, i) => from[i] - ((from[i] - value) * next) / this.zoom);
    this.zoom = next;
    this.place();
  }

  listen() {
    const { stage } = this;
    const on = (name, then, options) => stage.addEventListener(name, then, options);
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.moved(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", (event) => this.pointers.delete(event.pointerId));
  }

  wheel(event) {
    if (!this.item?.bitmap || (this.zoom === 1 && event.deltaY > 0)) return; // the page scrolls
    event.preventDefault();
    this.zoomTo(this.zoom * Math.exp(-event.deltaY / 400), event);
  }

  down(event) {
    if (event.button || event.target.closest("button") || !this.item?.bitmap) return;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: false });
    this.stage.setPointerCapture(event.pointerId);
    this.from = { at: this.at, zoom: this.zoom, span: this.span() };
  }

  moved(event) {
    const held = this.pointers.get(event.pointerId);
    if (!held) return;
    const by = [event.clientX - held.x, event.clientY - held.y];
    held.moved ||= Math.hypot(...by) > 4;
    if (this.pointers.size === 2) {
      Object.assign(held, { x: event.clientX, y: event.clientY });
      const [one, two] = [...this.pointers.values()];
      const middle = { clientX: (one.x + two.x) / 2, clientY: (one.y + two.y) / 2 };
      this.zoomTo((this.from.zoom * this.span()) / this.from.span, middle);
    } else if (held.moved && this.zoom > 1) {
      Object.assign(held, { x: event.clientX, y: event.clientY });
      this.pan(...by);
    }
  }

  up(event) {
    const held = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (!held || held.moved) return;
    const twice = this.tap && event.timeStamp - this.tap < TWICE;
    this.tap = twice ? 0 : event.timeStamp;
    if (twice) this.zoomTo(this.zoom > 1 ? 1 : 2.5, event);
  }

  // How far apart two fingers are.
  span() {
    const [one, two] = [...this.pointers.values()];
    return two ? Math.max(1, Math.hypot(one.x - two.x, one.y - two.y)) : 1;
  }

  pan(x, y) {
    this.at = [this.at[0] + x, this.at[1] + y];
    this.place();
  }

  // By keys and buttons, around the middle of what is shown.
  step(factor) {
    if (!this.item?.bitmap) return;
    const box = this.stage.getBoundingClientRect();
    const middle = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
    this.zoomTo(factor ? this.zoom * factor : 1, middle);
  }

  close() {
    this.observer.disconnect();
  }
}
