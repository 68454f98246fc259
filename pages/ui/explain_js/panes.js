// All maps that are compared: one picture, one zoom, one divider for all.

const NARROW = { 1: 900, 2: 420, 4: 300 }; // CSS pixels that a pane is wide at least, by how many there are
const LEAST = 240;
const BESIDE = 400; // CSS pixels from which two lie beside each other in any case: one a screen compares nothing

class Panes {
  constructor(root, viewer) {
    Object.assign(this, { root, viewer, panes: [], swipe: 50 });
    this.answers = new Answers();
    this.original = new Original((found) => this.pictured(found));
    this.zoom = new Zoom();
    this.zoom.ready = () => Boolean(this.original.image);
    this.zoom.place = () => this.place();
    this.observer = new ResizeObserver(() => this.sized());
    this.observer.observe(root);
  }

  get view() {
    return this.viewer.page.view;
  }

  get fname() {
    return this.viewer.row?.fname ?? "";
  }

  // Another image, or other wishes for it.
  show(row, wishes, data, alone = false) {
    Object.assign(this, { data, colors: this.viewer.page.colors });
    const other = this.row?.image !== row.image || this.row?.digest !== row.digest;
    this.row = row;
    this.answers.drop();
    if (other) {
      this.zoom.reset();
      this.root.style.setProperty("--ratio", row.width / row.height);
      this.broken("");
      this.original.show(row, data.base, data.token);
    }
    const plain = this.view.mode === "side";
    this.wishes = wishes;
    const all = plain ? [null, ...wishes] : wishes;
    while (this.panes.length < all.length) this.panes.push(new Pane(this));
    this.panes.slice(all.length).forEach((pane) => pane.close());
    this.root.replaceChildren(...this.panes.slice(0, all.length).map((pane) => pane.root));
    this.root.dataset.count = all.length;
    this.count = all.length;
    if (this.original.image && !other) this.pictured({ src: this.original.url, width: this.original.width, height: this.original.height });
    else if (this.problem) this.broken(this.problem); // in panes that were made since
    this.alone = alone;
    all.forEach((wish, i) => this.panes[i].show(wish));
    this.sized();
    this.modes();
    this.place();
  }

  get shown() {
    return this.panes.slice(0, this.count);
  }

  // The map that came with the prediction, where it is the one that is wished for.
  own(wish) {
    const { row, data } = this;
    const usual = wish.run === data.run && wish.method === data.method && !wish.layer && wish.target === "predicted" && wish.smooth === "none";
    return usual && row.map ? { cells: bytesOf(row.map), height: row.mapSize[0], width: row.mapSize[1] } : null;
  }

  pictured({ src, problem, width, height }) {
    if (problem && this.original.image) return this.viewer.lesser(problem);
    if (problem) return this.broken(problem);
    for (const pane of this.panes) {
      const image = pane.find(".picture");
      if (image.src !== src) image.src = src;
      image.hidden = false;
    }
    this.root.style.setProperty("--ratio", width / height);
    this.viewer.sized(width, height);
    this.sized();
    return undefined;
  }

  broken(problem) {
    this.problem = problem;
    for (const pane of this.panes) {
      pane.find(".picture").hidden = true;
      pane.find(".picture").removeAttribute("src");
      pane.stage.dataset.problem = problem ? `This picture can't be shown: ${problem}` : "";
    }
  }

  // Columns for the room that there is; a picture in its own resolution where it is shown that large.
  sized() {
    if (!this.count || !this.root.clientWidth) return;
    const least = this.count <= 1 ? NARROW[1] : this.count <= 2 ? NARROW[2] : this.count <= 4 ? NARROW[4] : LEAST;
    const room = Math.max(1, Math.floor((this.root.clientWidth + 16) / (Math.min(least, this.root.clientWidth) + 16)));
    this.columns = this.count === 1 ? 1 : Math.min(this.count, Math.max(this.root.clientWidth >= BESIDE ? 2 : 1, room));
    this.root.style.setProperty("--columns", this.columns);
    const wide = this.shown[0].stage.clientWidth;
    this.zoom.largest = Math.max(LARGEST, (2 * (this.row?.width ?? 0)) / Math.max(1, wide));
    this.original.need(wide * this.zoom.zoom * devicePixelRatio);
  }

  place() {
    this.root.style.setProperty("--moved", this.zoom.transform);
    this.root.classList.toggle("zoomed", this.zoom.zoom > 1);
    if (this.count) this.original.need(this.shown[0].stage.clientWidth * this.zoom.zoom * devicePixelRatio);
  }

  modes() {
    this.root.classList.toggle("swipes", this.view.mode === "swipe");
    this.root.classList.toggle("bare", !this.view.map);
    this.swipeTo(this.swipe);
  }

  swipeTo(share) {
    this.swipe = Math.max(0, Math.min(100, share));
    this.root.style.setProperty("--swipe", `${this.swipe}%`);
    for (const pane of this.shown ?? []) pane.find(".divider").setAttribute("aria-valuenow", Math.round(this.swipe));
  }

  step(factor) {
    if (this.count) this.zoom.step(factor, this.shown[0].stage, this.shown[0].find(".frame"));
  }

  enlarge(wish) {
    this.viewer.enlarge(this.alone ? -1 : this.wishes.indexOf(wish));
  }

  said(text) {
    this.viewer.page.say(text);
  }

  judge() {
    this.shown.forEach((pane) => pane.judge());
  }

  // For a PNG.
  picture() {
    const { zoom, at } = this.zoom;
    const cells = this.shown.map((pane) => ({ ...pane.cell(), zoom, at, ratio: this.original.width / this.original.height }));
    return { cells, columns: this.columns, ratio: this.original.width / this.original.height };
  }

  clear() {
    this.answers.drop();
    this.panes.forEach((pane) => pane.close());
    this.root.replaceChildren();
    this.original.close();
    Object.assign(this, { row: null, count: 0 });
  }

  close() {
    this.clear();
    this.zoom.close();
    this.observer.disconnect();
  }
}
