// Zooming and moving a picture by wheel, pointers and fingers; one Zoom may serve several stages that show the same.

const LARGEST = 8; // times
const TWICE = 350; // milliseconds between the taps of a double one
const SAME = 300; // milliseconds since the page was scrolled: the wheel is still turned for that

class Zoom {
  // `place()` is called when something moved, `ready()` says whether there is a picture to move.
  constructor() {
    this.largest = LARGEST;
    this.pointers = new Map(); // one drags, two pinch
    this.scrolled = -SAME;
    this.onScroll = () => (this.scrolled = performance.now());
    document.addEventListener("scroll", this.onScroll, { capture: true, passive: true });
    this.reset();
  }

  // As another picture begins.
  reset() {
    this.zoom = 1;
    this.at = [0, 0]; // how far the frame is moved, in its own widths and heights
    this.tap = 0;
    this.pointers.clear(); // what was begun on another picture ends with it
  }

  // Listen on a stage in whose middle the frame lies.
  attach(stage, frame) {
    const on = (name, then, options) => stage.addEventListener(name, (event) => then(event, stage, frame), options);
    on("wheel", (...found) => this.wheel(...found), { passive: false });
    on("pointerdown", (...found) => this.down(...found));
    on("pointermove", (...found) => this.moved(...found));
    on("pointerup", (...found) => this.up(...found));
    on("pointercancel", (event) => this.pointers.delete(event.pointerId));
  }

  // The frame never leaves where it lies unzoomed.
  settle() {
    const room = (this.zoom - 1) / 2;
    this.at = this.at.map((value) => Math.max(-room, Math.min(room, value)));
    this.place();
  }

  get transform() {
    const [x, y] = this.at.map((value) => `${100 * value}%`);
    return this.zoom === 1 ? "none" : `translate(${x}, ${y}) scale(${this.zoom})`;
  }

  // Zoom so that what is under the pointer stays there.
  zoomTo(zoom, event, stage, frame) {
    const box = stage.getBoundingClientRect();
    const from = [(event.clientX - box.x - box.width / 2) / frame.offsetWidth, (event.clientY - box.y - box.height / 2) / frame.offsetHeight];
    const next = Math.max(1, Math.min(this.largest, zoom));
    this.at = this.at.map((value, i) => from[i] - ((from[i] - value) * next) / this.zoom);
    this.zoom = next;
    this.settle();
  }

  wheel(event, stage, frame) {
    const scrolls = event.deltaY > 0 || performance.now() - this.scrolled < SAME;
    if (!this.ready() || (this.zoom === 1 && scrolls)) return; // the page does
    event.preventDefault();
    this.zoomTo(this.zoom * Math.exp(-event.deltaY / 400), event, stage, frame);
  }

  down(event, stage) {
    if (event.button || event.target.closest("button, [role=slider]") || !this.ready()) return;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, moved: false });
    stage.setPointerCapture(event.pointerId);
    this.from = { zoom: this.zoom, span: this.span() };
  }

  moved(event, stage, frame) {
    const held = this.pointers.get(event.pointerId);
    if (!held) return;
    const by = [event.clientX - held.x, event.clientY - held.y];
    held.moved ||= Math.hypot(...by) > 4;
    if (this.pointers.size === 2) {
      Object.assign(held, { x: event.clientX, y: event.clientY });
      const [one, two] = [...this.pointers.values()];
      const middle = { clientX: (one.x + two.x) / 2, clientY: (one.y + two.y) / 2 };
      this.zoomTo((this.from.zoom * this.span()) / this.from.span, middle, stage, frame);
    } else if (held.moved && this.zoom > 1) {
      Object.assign(held, { x: event.clientX, y: event.clientY });
      this.pan(...by, frame);
    }
  }

  up(event, stage, frame) {
    const held = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (!held || held.moved) return;
    const twice = this.tap && event.timeStamp - this.tap < TWICE;
    this.tap = twice ? 0 : event.timeStamp;
    if (twice) this.zoomTo(this.zoom > 1 ? 1 : 2.5, event, stage, frame);
  }

  // How far apart two fingers are.
  span() {
    const [one, two] = [...this.pointers.values()];
    return two ? Math.max(1, Math.hypot(one.x - two.x, one.y - two.y)) : 1;
  }

  // By pixels.
  pan(x, y, frame) {
    this.at = [this.at[0] + x / frame.offsetWidth, this.at[1] + y / frame.offsetHeight];
    this.settle();
  }

  // By keys and buttons, around the middle of what is shown; 0 shows all of it.
  step(factor, stage, frame) {
    if (!this.ready()) return;
    const box = stage.getBoundingClientRect();
    const middle = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 };
    this.zoomTo(factor ? this.zoom * factor : 1, middle, stage, frame);
  }

  close() {
    document.removeEventListener("scroll", this.onScroll, { capture: true });
  }
}
