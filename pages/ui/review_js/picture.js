// The large picture: decoded bitmap on a canvas, the map over it, zoom and pan.

class Picture extends Zoom {
  constructor(stage, colors) {
    super();
    this.stage = stage;
    this.frame = stage.querySelector(".frame");
    this.canvas = stage.querySelector(".picture");
    this.map = stage.querySelector(".map");
    this.colors = colors; // 256 x RGB, flat
    this.size = [1, 1];
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(stage);
    this.attach(stage, this.frame);
  }

  ready() {
    return Boolean(this.item?.bitmap);
  }

  // Paint an item now; its bitmap is decoded.
  show(item, withMap) {
    this.item = item;
    this.reset();
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
    if (!this.map.hidden) paintMap(this.map, { cells: bytesOf(this.item.map), height, width }, this.colors);
  }

  fit() {
    const [width, height] = this.size;
    const scale = Math.min(this.stage.clientWidth / width, this.stage.clientHeight / height, 4);
    this.frame.style.width = `${width * scale}px`;
    this.frame.style.height = `${height * scale}px`;
    this.settle();
  }

  place() {
    this.frame.style.transform = this.transform;
    this.stage.classList.toggle("zoomed", this.zoom > 1);
  }

  pan(x, y) {
    super.pan(x, y, this.frame);
  }

  step(factor) {
    super.step(factor, this.stage, this.frame);
  }

  close() {
    super.close();
    this.observer.disconnect();
  }
}
