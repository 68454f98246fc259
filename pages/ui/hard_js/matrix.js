// Predictions of all runs for all held-out images: a line for each image, a column for each run, dark where it was wrong.
// At the left the whole, at the right a window of it in which lines can be read.

const LINE_HEIGHT = 18; // CSS pixels of a line in the window
const MOST_TOLD = 12; // runs that the card beside the pointer names
const RIGHT = { light: "#DDE5E3", dark: "#A9B8B5" }, WRONG = { light: "#1B2A28", dark: "#030706" };

class Matrix {
  constructor(root, said) {
    Object.assign(this, { root, said, first: 0, line: -1 });
    root.innerHTML = `<div class="gh-bar"><span class="gh-keys"></span><button type="button" class="gh-quiet" data-do="save">Save as PNG</button></div>
      <div class="gh-matrix" tabindex="0" role="application"><canvas class="gh-whole"></canvas><canvas class="gh-window"></canvas></div><p class="gh-hint" aria-live="polite"></p>`;
    [this.whole, this.window] = root.querySelectorAll("canvas");
    this.box = root.querySelector(".gh-matrix");
    this.tip = new Tip(root);
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.box);
    this.listen();
  }

  // `data`: runs [{id, text, share}], images, truth, predicted (int16, line by line, base64), names, classes, title.
  show(data) {
    const count = data.names.length;
    data = { ...data, predicted: numbers(data.predicted, Int16Array) };
    Object.assign(this, { data, count, runs: data.runs.length, line: -1, first: Math.min(this.first, Math.max(0, count - 1)) });
    this.states = new Int8Array(count * this.runs); // 0 right, 1 wrong, -1 unknown
    for (let i = 0; i < this.states.length; i += 1) {
      const said = data.predicted[i];
      this.states[i] = said < 0 ? -1 : Number(said !== data.truth[Math.floor(i / this.runs)]);
    }
    this.box.setAttribute("aria-label", `${data.title}. Arrow keys go through the images, Enter opens one.`);
    this.box.style.height = `${Math.max(120, Math.min(560, 40 + count * LINE_HEIGHT))}px`;
    const shade = theme(this.root).dark ? "dark" : "light";
    this.root.querySelector(".gh-keys").innerHTML = `<span class="gh-key" style="background:${WRONG[shade]}"></span>wrong <span class="gh-key" style="background:${RIGHT[shade]}"></span>right
      ${this.states.includes(-1) ? '<span class="gh-key gh-key-none"></span>not predicted' : ""}`;
    this.draw();
    this.tell();
  }

  get lines() {
    return Math.max(1, Math.floor((this.high - this.head) / LINE_HEIGHT));
  }

  // Where things are, in CSS pixels.
  measure() {
    this.wide = this.box.clientWidth;
    this.high = this.box.clientHeight;
    this.head = 34;
    this.strip = this.wide < 520 ? 56 : 120;
    const room = this.wide - this.strip - 24;
    this.names = Math.max(room * 0.34, Math.min(260, room - 56 * this.runs)); // columns are 56 wide at most
    this.column = Math.min(56, (room - this.names) / this.runs);
  }

  draw() {
    if (!this.data || !this.box.clientWidth) return;
    this.measure();
    this.first = Math.max(0, Math.min(this.first, this.count - this.lines));
    const look = theme(this.root), dark = look.dark ? "dark" : "light";
    Object.assign(look, { right: RIGHT[dark], wrong: WRONG[dark] });
    this.drawWhole(look);
    this.drawWindow(look);
  }

  // Each pixel's darkness is the share of wrong answers among the lines that fall on it.
  counted(look, shown) {
    const image = new ImageData(this.runs, shown), ground = channels(look.ground);
    const ends = [channels(look.right), channels(look.wrong)], pattern = channels(blend(look.ink, look.ground, 0.75));
    for (let y = 0; y < shown; y += 1) {
      const from = Math.floor((y * this.count) / shown), to = Math.max(from + 1, Math.floor(((y + 1) * this.count) / shown));
      for (let run = 0; run < this.runs; run += 1) {
        let wrong = 0, known = 0;
        for (let n = from; n < to; n += 1) {
          const state = this.states[n * this.runs + run];
          if (state >= 0) [wrong, known] = [wrong + state, known + 1];
        }
        const share = known ? wrong / known : 0, at = 4 * (y * this.runs + run);
        for (let c = 0; c < 3; c += 1) image.data[at + c] = known ? ends[0][c] + (ends[1][c] - ends[0][c]) * share : (y % 6 < 2 ? pattern[c] : ground[c]);
        image.data[at + 3] = 255;
      }
    }
    const made = Object.assign(document.createElement("canvas"), { width: this.runs, height: shown });
    made.getContext("2d").putImageData(image, 0, 0);
    return made;
  }

  drawWhole(look) {
    const ratio = fitted(this.whole, this.strip, this.high), brush = this.whole.getContext("2d");
    const top = Math.round(this.head * ratio), width = this.whole.width;
    const shown = Math.min(this.whole.height - top, Math.round(this.count * LINE_HEIGHT * ratio));
    const key = [shown, look.dark].join(); // thousands of lines are counted once for a size
    if (this.small?.key !== key || this.small.data !== this.data) this.small = { key, data: this.data, canvas: this.counted(look, shown) };
    brush.fillStyle = look.ground;
    brush.fillRect(0, 0, width, this.whole.height);
    brush.imageSmoothingEnabled = false;
    const room = width - 16 * ratio;
    brush.drawImage(this.small.canvas, 0, 0, this.runs, shown, 0, top, room, shown);
    Object.assign(brush, { font: `${12 * ratio}px ${look.font}`, fillStyle: look.quiet, textBaseline: "middle" });
    brush.fillText(shortened(brush, "All images", room), 0, top - 12 * ratio);
    const part = shown / this.count, y0 = top + this.first * part, tall = Math.min(shown, Math.max(6 * ratio, this.lines * part));
    Object.assign(brush, { strokeStyle: look.accent, lineWidth: 2 * ratio });
    brush.strokeRect(ratio, y0 + ratio, room - 2 * ratio, tall - 2 * ratio);
    this.scaleWhole = { top: top / ratio, part: part / ratio };
  }

  drawWindow(look) {
    const width = this.wide - this.strip - 8, ratio = fitted(this.window, width, this.high), brush = this.window.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.fillStyle = look.ground;
    brush.fillRect(0, 0, width, this.high);
    Object.assign(brush, { font: `12px ${look.font}`, textBaseline: "middle" });
    const { column, names, head } = this, left = names + 8;
    const widest = Math.max(...[...new Set(this.data.truth)].map((code) => brush.measureText(this.data.classes[code]).width));
    this.classRoom = Math.min(widest + 6, names * 0.45);
    this.data.runs.forEach((run, n) => {
      if (column < 20 && n % Math.ceil(26 / column)) return;
      brush.fillStyle = look.ink;
      brush.textAlign = "center";
      brush.fillText(`${run.id}`, left + (n + 0.5) * column, 10);
      brush.fillStyle = look.quiet;
      if (column > 30) brush.fillText(`${Math.round(run.share * 100)}%`, left + (n + 0.5) * column, 25);
    });
    brush.textAlign = "left";
    brush.fillStyle = look.quiet;
    brush.fillText("Run", 0, 10);
    if (column > 30) brush.fillText("wrong", 0, 25);
    for (let row = 0; row < this.lines && this.first + row < this.count; row += 1) this.drawLine(brush, look, this.first + row, head + row * LINE_HEIGHT, left);
    brush.setTransform(1, 0, 0, 1, 0, 0);
  }

  drawLine(brush, look, n, y, left) {
    const { column, names } = this, on = n === this.line;
    if (on) {
      brush.fillStyle = blend(look.accent, look.ground, 0.75);
      brush.fillRect(0, y, left + column * this.runs, LINE_HEIGHT);
    }
    const known = `${this.data.classes[this.data.truth[n]]}`, room = this.classRoom;
    brush.fillStyle = look.ink;
    brush.fillText(ended(brush, this.data.names[n], names - room - 10), 0, y + LINE_HEIGHT / 2);
    brush.fillStyle = look.quiet;
    brush.fillText(shortened(brush, known, room), names - room, y + LINE_HEIGHT / 2);
    for (let run = 0; run < this.runs; run += 1) {
      const state = this.states[n * this.runs + run], x = left + run * column, gap = column > 6 ? 1 : 0;
      if (state < 0) this.hatch(brush, look, x, y, column - gap, LINE_HEIGHT - 1);
      else {
        brush.fillStyle = state ? look.wrong : look.right;
        brush.fillRect(x, y, column - gap, LINE_HEIGHT - 1);
      }
      if (state && look.dark) { // dark cells on a dark page keep an edge
        Object.assign(brush, { strokeStyle: look.faint, lineWidth: 1 });
        brush.strokeRect(x + 0.5, y + 0.5, column - gap - 1, LINE_HEIGHT - 2);
      }
    }
  }

  hatch(brush, look, x, y, width, height) {
    brush.save();
    brush.beginPath();
    brush.rect(x, y, width, height);
    brush.clip();
    Object.assign(brush, { strokeStyle: blend(look.ink, look.ground, 0.6), lineWidth: 1 });
    brush.beginPath();
    for (let at = -height; at < width; at += 5) {
      brush.moveTo(x + at, y + height);
      brush.lineTo(x + at + height, y);
    }
    brush.stroke();
    brush.restore();
  }

  // ---- hands
  listen() {
    const { box } = this;
    let held = false;
    const onWhole = (event) => event.target === this.whole;
    const jump = (event) => {
      const y = event.clientY - this.whole.getBoundingClientRect().y - this.scaleWhole.top;
      this.scroll(Math.round(y / this.scaleWhole.part - this.lines / 2));
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.button || !onWhole(event)) return;
      held = true;
      this.whole.setPointerCapture(event.pointerId);
      jump(event);
    });
    box.addEventListener("pointermove", (event) => (held ? jump(event) : this.hover(event)));
    ["pointerup", "pointercancel"].forEach((name) => box.addEventListener(name, () => (held = false)));
    box.addEventListener("pointerleave", () => this.leave());
    box.addEventListener("click", (event) => !onWhole(event) && this.under(event) >= 0 && this.open(this.under(event)));
    box.addEventListener("wheel", (event) => {
      const by = Math.sign(event.deltaY) * Math.max(1, Math.round(Math.abs(event.deltaY) / LINE_HEIGHT)), before = this.first;
      this.scroll(this.first + by);
      if (this.first !== before) event.preventDefault(); // at either end the page goes on
    }, { passive: false });
    box.addEventListener("keydown", (event) => this.key(event));
    this.root.querySelector("[data-do=save]").addEventListener("click", () => this.save());
  }

  scroll(first) {
    const next = Math.max(0, Math.min(this.count - this.lines, first));
    if (next === this.first) return;
    this.first = next;
    this.tip.hide();
    this.draw();
    this.tell();
  }

  // The line under the pointer, -1 for none.
  under(event) {
    const whole = event.target === this.whole, box = event.target.getBoundingClientRect();
    const y = event.clientY - box.y;
    const n = whole ? Math.floor((y - this.scaleWhole.top) / this.scaleWhole.part) : this.first + Math.floor((y - this.head) / LINE_HEIGHT);
    const outside = whole ? y < this.scaleWhole.top : y < this.head || n >= this.first + this.lines;
    return outside || n < 0 || n >= this.count ? -1 : n;
  }

  hover(event) {
    if (event.pointerType === "touch" || !["CANVAS"].includes(event.target.tagName)) return;
    const n = this.under(event);
    if (n !== this.line) {
      this.line = n;
      this.draw();
    }
    this.box.style.cursor = n < 0 ? "default" : "pointer";
    if (n < 0) this.tip.hide();
    else this.tip.show(event, n, this.said_of(n), this.data.images[n]);
  }

  leave() {
    this.tip.hide();
    this.line = -1;
    this.draw();
  }

  said_of(n) {
    const { data, runs } = this, known = html(data.classes[data.truth[n]]);
    const each = data.runs.map((run, r) => {
      const said = data.predicted[n * runs + r], state = this.states[n * runs + r];
      return { state, text: said < 0 ? `run ${run.id}: –` : `run ${run.id}: ${html(data.classes[said])} ${state ? "✗" : "✓"}` };
    });
    const wrong = each.filter((one) => one.state === 1).length, judged = each.filter((one) => one.state >= 0).length;
    const more = each.length > MOST_TOLD ? `<br>and ${each.length - MOST_TOLD} more` : "";
    return `<strong>${html(data.names[n])}</strong><br>known as ${known}<br>${wrong} of ${counted(judged, "run")} wrong<br>
      ${each.slice(0, MOST_TOLD).map((one) => one.text).join("<br>")}${more}`;
  }

  key(event) {
    const page = this.lines, steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count };
    if (event.key === "Enter" && this.line >= 0) return this.open(this.line);
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.line = Math.max(0, Math.min(this.count - 1, (this.line < 0 ? this.first - 1 : this.line) + steps[event.key]));
    if (this.line < this.first) this.first = this.line;
    if (this.line >= this.first + this.lines) this.first = this.line - this.lines + 1;
    this.draw();
    this.tell();
  }

  open(n) {
    this.said({ what: "open", image: this.data.images[n] });
  }

  tell() {
    const last = Math.min(this.count, this.first + this.lines), named = this.line >= 0 ? ` · ${this.data.names[this.line]}` : "";
    this.root.querySelector(".gh-hint").textContent = `Lines ${(this.first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${this.count.toLocaleString("en")}, hardest first${named}. A click on a line opens its image with the maps of all runs.`;
  }

  save() {
    const look = theme(this.root), { canvas, brush, top } = sheet(look, this.data.title, this.wide + 24, this.high + 12);
    brush.drawImage(this.whole, 12, top, this.strip, this.high);
    brush.drawImage(this.window, this.strip + 20, top, this.wide - this.strip - 8, this.high);
    save(canvas, "runs-and-images");
  }

  end() {
    this.watch.disconnect();
    this.tip.hide();
  }
}
