// What a run takes for what: rows the classes that images have, columns what it says. A cell opens its images.

const CELL = { least: 4, named: 11, most: 72 }; // CSS pixels of a cell's side; nobody could read names of smaller ones
const HUES = { right: { light: "#0072B2", dark: "#56B4E9" }, wrong: { light: "#D55E00", dark: "#FF8A3D" } };

class Confusion {
  constructor(root, said) {
    Object.assign(this, { root, said, at: null });
    root.innerHTML = `<div class="gh-bar"><span class="gh-note">Rows: what it is. Columns: what the run says.</span>
      <button type="button" class="gh-quiet" data-do="save">Save as PNG</button></div>
      <div class="gh-confusion" tabindex="0" role="application"><canvas></canvas></div><p class="gh-hint" aria-live="polite"></p>`;
    this.canvas = root.querySelector("canvas");
    this.box = root.querySelector(".gh-confusion");
    this.tip = new Tip(root);
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.box);
    this.listen();
  }

  // `data`: counts (flat, row by row), classes, title, chosen [truth, said] or null.
  show(data) {
    Object.assign(this, { data, n: data.classes.length, at: data.chosen });
    this.totals = data.classes.map((_, row) => data.counts.slice(row * this.n, (row + 1) * this.n).reduce((a, b) => a + b, 0));
    this.box.setAttribute("aria-label", `${data.title}. Arrow keys go through the cells, Enter shows a cell's images.`);
    this.draw();
  }

  measure(brush, look) {
    brush.font = `13px ${look.font}`;
    const widest = Math.max(...this.data.classes.map((name) => brush.measureText(name).width));
    const room = this.box.clientWidth;
    this.left = Math.min(widest + 14, room * 0.35, 180);
    const fits = (left) => Math.min(CELL.most, (room - left - 60) / this.n);
    if (fits(this.left) < CELL.named) this.left = 2;
    this.cell = Math.max(CELL.least, fits(this.left));
    // Names stand upright only where they would not fit above their column.
    this.turned = widest > this.cell - 6 && this.n > 1;
    this.top = this.turned ? Math.min(widest + 12, 130) : 24;
    if (this.left === 2) this.top = 2;
  }

  draw() {
    if (!this.data || !this.box.clientWidth) return;
    const look = theme(this.root);
    let brush = this.canvas.getContext("2d");
    this.measure(brush, look);
    const width = this.left + this.cell * this.n + 60, height = this.top + this.cell * this.n + 4;
    this.size = [width, height];
    const ratio = fitted(this.canvas, width, height);
    brush = this.canvas.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paint(brush, look, 0, 0);
    brush.setTransform(1, 0, 0, 1, 0, 0);
  }

  paint(brush, look, dx, dy) {
    const { n, cell, left, top, data } = this, shade = look.dark ? "dark" : "light";
    brush.save();
    brush.translate(dx, dy);
    brush.fillStyle = look.ground;
    brush.fillRect(0, 0, ...this.size);
    Object.assign(brush, { font: `13px ${look.font}`, textBaseline: "middle" });
    if (left > 2) this.headings(brush, look);
    for (let row = 0; row < n; row += 1) {
      for (let column = 0; column < n; column += 1) {
        const count = data.counts[row * n + column], share = this.totals[row] ? count / this.totals[row] : 0;
        const hue = HUES[row === column ? "right" : "wrong"][shade];
        // A single mistake is still to be seen; the square root spreads what is rare.
        brush.fillStyle = count ? blend(look.ground, hue, 0.12 + 0.88 * Math.sqrt(share)) : blend(look.ink, look.ground, 0.95);
        const [x, y] = [left + column * cell, top + row * cell], gap = cell > 14 ? 2 : cell > 8 ? 1 : 0;
        brush.fillRect(x, y, cell - gap, cell - gap);
        if (cell >= 26 && count) this.number(brush, count, x + (cell - gap) / 2, y + (cell - gap) / 2, cell, brush.fillStyle, look);
      }
    }
    if (this.at) {
      const [row, column] = this.at;
      Object.assign(brush, { strokeStyle: look.ink, lineWidth: 2.5 });
      brush.strokeRect(left + column * cell - 1, top + row * cell - 1, cell, cell);
    }
    brush.restore();
  }

  headings(brush, look) {
    const { n, cell, left, top, data } = this;
    for (let k = 0; k < n; k += 1) {
      if (cell < 15 && k % 2) continue;
      brush.fillStyle = look.ink;
      brush.textAlign = "right";
      brush.fillText(shortened(brush, data.classes[k], left - 10), left - 8, top + (k + 0.5) * cell - 1);
      brush.textAlign = "left";
      brush.fillStyle = look.quiet;
      if (cell >= 15) brush.fillText(this.totals[k].toLocaleString("en"), left + n * cell + 6, top + (k + 0.5) * cell - 1);
      brush.fillStyle = look.ink;
      brush.save();
      brush.translate(left + (k + 0.5) * cell - 1, top - 8);
      if (this.turned) brush.rotate(-Math.PI / 2);
      else brush.textAlign = "center";
      brush.fillText(shortened(brush, data.classes[k], this.turned ? top - 12 : cell - 4), 0, this.turned ? 0 : -4);
      brush.restore();
    }
    brush.textAlign = "left";
  }

  number(brush, count, x, y, cell, fill, look) {
    const [r, g, b] = channels(fill);
    brush.save();
    Object.assign(brush, { fillStyle: 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#1F2933" : "#FFFFFF", textAlign: "center", font: `${cell > 40 ? 14 : 11}px ${look.font}` });
    brush.fillText(count.toLocaleString("en"), x, y);
    brush.restore();
  }

  listen() {
    const { box } = this;
    this.canvas.addEventListener("pointermove", (event) => {
      const at = this.under(event);
      this.canvas.style.cursor = at && this.count(at) ? "pointer" : "default";
      if (!at) return this.tip.hide();
      this.tip.show(event, at.join(), this.told(at));
    });
    this.canvas.addEventListener("pointerleave", () => this.tip.hide());
    this.canvas.addEventListener("click", (event) => this.open(this.under(event)));
    box.addEventListener("keydown", (event) => this.key(event));
    this.root.querySelector("[data-do=save]").addEventListener("click", () => this.save());
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.x - this.left) / this.cell), row = Math.floor((event.clientY - box.y - this.top) / this.cell);
    return row >= 0 && column >= 0 && row < this.n && column < this.n ? [row, column] : null;
  }

  count([row, column]) {
    return this.data.counts[row * this.n + column];
  }

  told([row, column]) {
    const count = this.count([row, column]), total = this.totals[row], { classes } = this.data;
    const share = total ? ` (${((100 * count) / total).toFixed(count && count < total / 100 ? 1 : 0)}% of them)` : "";
    const said = row === column ? "rightly said to be so" : `said to be ${html(classes[column])}`;
    return `<strong>${counted(count, "image")} of ${html(classes[row])}</strong><br>${said}${share}`;
  }

  open(at) {
    if (!at || !this.count(at)) return;
    this.at = this.at && this.at.join() === at.join() ? null : at; // a second click takes it back
    this.tip.hide();
    this.draw();
    this.said({ what: "cell", truth: this.at ? at[0] : null, value: this.at ? at[1] : null });
  }

  key(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key === "Enter" && this.keyed) return this.open(this.keyed);
    if (!steps[event.key]) return;
    event.preventDefault();
    const [row, column] = this.keyed ?? [0, -1], [dy, dx] = steps[event.key], most = this.n - 1;
    this.keyed = [Math.max(0, Math.min(most, row + dy)), Math.max(0, Math.min(most, column + dx))];
    const before = this.at;
    this.at = this.keyed;
    this.draw();
    this.at = before;
    this.root.querySelector(".gh-hint").innerHTML = this.told(this.keyed).replace("<br>", ", ");
  }

  save() {
    const look = theme(this.root), [width, height] = this.size;
    const { canvas, brush, top } = sheet(look, this.data.title, Math.max(420, width + 24), height + 12);
    this.paint(brush, look, 12, top);
    save(canvas, "confusion");
  }

  end() {
    this.watch.disconnect();
    this.tip.hide();
  }
}
