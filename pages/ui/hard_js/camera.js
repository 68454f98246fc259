// What is seen of the map: how large, and from where. Places are in pixels of the canvas; what is drawn lies in 0..1.

const FARTHEST = 400; // times; beyond it two dots of one place don't come apart
const MARGIN = 14; // CSS pixels around the whole map
const WIDEST = 1.8; // times its height, at most: a map that is drawn out looks like stripes

class Camera {
  constructor(at) {
    this.at = at ?? { left: 0, top: 0, scale: 1 };
  }

  fit(canvas, ratio) {
    const { width, height } = canvas, pad = MARGIN * ratio;
    const spanY = height - 2 * pad, spanX = Math.min(width - 2 * pad, spanY * WIDEST);
    this.frame = { width, height, spanX, spanY, padX: (width - spanX) / 2, padY: pad };
  }

  // As Points.draw takes it.
  get view() {
    return { ...this.at, ...this.frame };
  }

  // Around a place, which stays where it is.
  zoom(factor, [px, py]) {
    const v = this.view, scale = Math.max(1, Math.min(FARTHEST, v.scale * factor)), [ux, uy] = this.unit([px, py]);
    this.at = { scale, left: ux - (px - v.padX) / (v.spanX * scale), top: uy - (py - v.padY) / (v.spanY * scale) };
    this.hold();
  }

  pan(dx, dy) {
    const v = this.view;
    this.at = { ...this.at, left: v.left - dx / (v.spanX * v.scale), top: v.top - dy / (v.spanY * v.scale) };
    this.hold();
  }

  whole() {
    this.at = { left: 0, top: 0, scale: 1 };
  }

  // The map can't be lost out of the window.
  hold() {
    const room = 1 / this.at.scale, most = (at) => Math.max(-0.5 * room, Math.min(1 - 0.5 * room, at));
    this.at = { ...this.at, left: most(this.at.left), top: most(this.at.top) };
  }

  get middle() {
    return [this.frame.width / 2, this.frame.height / 2];
  }

  pixel([ux, uy]) {
    const v = this.view;
    return [(ux - v.left) * v.spanX * v.scale + v.padX, (uy - v.top) * v.spanY * v.scale + v.padY];
  }

  unit([px, py]) {
    const v = this.view;
    return [(px - v.padX) / (v.spanX * v.scale) + v.left, (py - v.padY) / (v.spanY * v.scale) + v.top];
  }
}
