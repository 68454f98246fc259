// Pages of pictures. Rows beyond the page that is shown are here already, their pictures too, so that a page turns at once.

const AHEAD = 1; // pages that are asked for before somebody turns to them

const BARE = "The predictions on this page came without maps. Open a picture to see whether one can be made, and why not.";

class Gallery {
  constructor(root, page) {
    Object.assign(this, { root, page, tiles: [], at: 0, from: 0, total: 0, rows: [] });
    this.find = (selector) => root.querySelector(selector);
    this.thumbs = new Thumbs();
    this.thumbs.came = (row) => this.came(row);
    this.list = this.find(".tiles");
    this.list.addEventListener("click", (event) => this.opened(event.target.closest(".tile")));
    this.list.addEventListener("keydown", (event) => this.key(event));
    root.querySelectorAll(".pager").forEach((pager) => this.makePager(pager));
    this.fields();
  }

  fields() {
    const fields = [
      { name: "map", kind: "check", text: "Map" },
      { name: "opacity", kind: "range", text: "Opacity" },
      { name: "mode", kind: "segments", text: "How the map is shown", options: Object.entries(MODES).slice(0, 2) },
      { name: "size", kind: "segments", text: "Picture size", options: [["S", "S", "Small"], ["M", "M", "Medium"], ["L", "L", "Large"]] },
      { name: "per", kind: "select", text: "", spoken: "Pictures on a page", options: PER.map((n) => [n, `${n} a page`]) },
      { name: "png", kind: "button", text: "Save PNG" },
    ];
    viewFields(this.find(".views"), fields, this.page.view, (name, value) => (name === "png" ? this.save() : this.page.set(name, value)));
  }

  get view() {
    return this.page.view;
  }

  get per() {
    return PER.includes(this.view.per) ? this.view.per : USUAL.per;
  }

  get shown() {
    return this.rows.slice(this.at - this.from, this.at - this.from + this.per);
  }

  // Rows of a list: another one begins at its first page.
  update({ stamp, list, label }, colors) {
    const other = stamp !== this.stamp;
    Object.assign(this, { stamp, label, colors, rows: list.rows, from: list.from, total: list.total });
    if (other) this.at = list.from;
    this.at = Math.max(0, Math.min(this.at, this.total - 1));
    this.note = list.note;
    this.paint();
  }

  turn(to) {
    const last = Math.max(0, Math.ceil(this.total / this.per) - 1) * this.per;
    this.at = Math.max(0, Math.min(last, to));
    this.paint();
    this.page.say(this.told);
  }

  get told() {
    const end = Math.min(this.total, this.at + this.per);
    return this.total ? `${(this.at + 1).toLocaleString("en")}–${end.toLocaleString("en")} of ${this.total.toLocaleString("en")}` : "";
  }

  paint() {
    const rows = this.shown;
    const missing = Math.min(this.per, this.total - this.at) > rows.length || this.at < this.from;
    this.list.setAttribute("aria-busy", String(missing));
    this.ratio = boxRatio(rows);
    this.list.style.setProperty("--box", this.ratio);
    this.list.style.setProperty("--tile", `${SIZES[this.view.size] ?? SIZES.M}px`);
    this.list.classList.toggle("side", this.view.mode === "side");
    this.list.classList.toggle("bare", !this.view.map);
    while (this.tiles.length < rows.length) this.tiles.push(new Tile());
    this.current = rows.findIndex((row) => row.image === this.last);
    rows.forEach((row, i) => this.paintTile(this.tiles[i], row, i));
    this.list.replaceChildren(...this.tiles.slice(0, rows.length).map((tile) => tile.root));
    const bare = rows.length && rows.every((row) => !row.map);
    const told = [this.note, this.page.missing, bare ? BARE : ""].filter(Boolean).join(" ");
    this.find(".note").textContent = told;
    this.find(".note").hidden = !told;
    const { empty } = this;
    this.find(".empty").hidden = Boolean(this.total) || !empty;
    this.find(".empty").textContent = empty ?? "";
    this.pagers();
    this.ahead(missing);
  }

  paintTile(tile, row, i) {
    if (tile.row !== row || tile.names !== this.label.names) tile.fill(row, this.label, this.colors);
    tile.names = this.label.names;
    tile.root.tabIndex = i === Math.max(0, this.current) ? 0 : -1;
    tile.draw(this.thumbs.get(row, this.detail), this.ratio, this.view.mode === "side");
  }

  get detail() {
    const wide = DETAIL[this.view.size] ?? DETAIL.M;
    return devicePixelRatio > 1.5 ? Math.min(768, 2 * wide) : wide;
  }

  // Pictures of this page, then those of the next and the one before; rows that may be needed soon.
  ahead(missing) {
    const { per, from, rows, at } = this;
    const range = (start) => rows.slice(Math.max(0, start - from), Math.max(0, start + per - from));
    this.thumbs.want([...range(at), ...range(at + per), ...(at ? range(at - per) : [])], this.detail);
    const low = Math.max(0, at - AHEAD * per);
    const high = Math.min(this.total, at + (1 + AHEAD) * per);
    if (missing || low < from || high > from + rows.length) this.page.look({ from: Math.max(0, at - 2 * per) });
  }

  came(row) {
    const tile = this.tiles.find((other) => other.row === row && other.root.isConnected);
    if (tile) tile.draw(this.thumbs.get(row, 0), this.ratio, this.view.mode === "side");
  }

  // A field of the bar changed.
  set(name) {
    showView(this.find(".views"), this.view);
    if (["mode", "size", "per", "map"].includes(name)) {
      if (name === "per") this.at -= this.at % this.per;
      this.paint();
    }
  }

  makePager(pager) {
    const button = (text, label, step) => {
      const made = make("button", { type: "button", textContent: text, ariaLabel: label });
      made.dataset.step = step;
      made.addEventListener("click", () => this.turn(this.at + step * this.per));
      return made;
    };
    const number = make("input", { type: "number", min: 1, className: "number", ariaLabel: "Page" });
    number.addEventListener("change", () => this.turn((Math.floor(Number(number.value)) - 1) * this.per));
    pager.append(make("span", { className: "told" }), button("‹", "Previous page", -1), number, button("›", "Next page", 1));
  }

  pagers() {
    const pages = Math.ceil(this.total / this.per);
    for (const pager of this.root.querySelectorAll(".pager")) {
      pager.hidden = !this.total || (pager.matches(".lower") && pages < 2);
      pager.querySelector(".told").textContent = this.told;
      const number = pager.querySelector(".number");
      Object.assign(number, { value: Math.floor(this.at / this.per) + 1, max: pages, title: `Page, 1 to ${pages.toLocaleString("en")}` });
      pager.querySelector('[data-step="-1"]').disabled = this.at === 0;
      pager.querySelector('[data-step="1"]').disabled = this.at + this.per >= this.total;
    }
  }

  opened(root) {
    const tile = this.tiles.find((other) => other.root === root);
    if (tile) this.page.open(tile.row);
  }

  key(event) {
    const shown = this.tiles.slice(0, this.shown.length);
    const now = shown.findIndex((tile) => tile.root === event.target);
    if (now < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const wide = shown.filter((tile) => tile.root.offsetTop === shown[0].root.offsetTop).length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide, Home: -now, End: shown.length - 1 - now };
    if (event.key === "Enter" || event.key === " ") this.opened(event.target);
    else if (event.key in steps) this.focus(shown, now + steps[event.key]);
    else if (event.key === "PageDown" && this.at + this.per < this.total) this.turnTo(this.at + this.per);
    else if (event.key === "PageUp" && this.at) this.turnTo(this.at - this.per);
    else return;
    event.preventDefault();
  }

  turnTo(at) {
    this.turn(at);
    this.tiles[0]?.root.focus();
  }

  focus(shown, to) {
    if (!shown[to]) return;
    shown.forEach((tile, i) => (tile.root.tabIndex = i === to ? 0 : -1));
    shown[to].root.focus();
  }

  // The viewer was closed at a row: its page, and the keys on its tile.
  backAt(row) {
    this.last = row.image;
    const place = this.rows.findIndex((other) => other.image === row.image);
    if (place >= 0) this.at = Math.floor((this.from + place) / this.per) * this.per;
    this.paint();
    this.tiles.find((tile) => tile.row?.image === row.image && tile.root.isConnected)?.root.focus({ preventScroll: true });
  }

  save() {
    const tiles = this.tiles.slice(0, this.shown.length).filter((tile) => tile.row);
    const { view, page } = this;
    const cells = tiles.flatMap((tile) => {
      const picture = this.thumbs.get(tile.row, 0)?.bitmap;
      const map = tile.row.map && view.map ? tile.root.querySelector(".map") : null;
      const { sign, text } = verdict(tile.row, this.label);
      const lines = [`${sign} ${text}`, tile.row.fname];
      const whole = { picture, map, opacity: view.opacity / 100, ratio: tile.row.width / tile.row.height, lines };
      return view.mode === "side" ? [{ ...whole, map: null }, whole] : [whole];
    });
    const tops = new Set(tiles.map((tile) => tile.root.offsetTop)).size;
    const columns = Math.ceil(tiles.length / Math.max(1, tops)) * (view.mode === "side" ? 2 : 1);
    savePng({ cells, columns, wide: this.detail, ratio: this.ratio, title: `${page.title}, ${this.told}` }, `${page.fileName}-${this.at + 1}`);
  }
}

// One shape for all boxes of a page, the middle one of its pictures', so that rows stay rows.
function boxRatio(rows) {
  const found = rows.map((row) => row.width / row.height).sort((a, b) => a - b);
  return Math.max(0.7, Math.min(1.78, found[found.length >> 1] ?? 4 / 3));
}
