// Predictions of all runs for all held-out images: a line for each image, a column for each run, dark where it was wrong.
// At the left the whole, at the right a window of it in which lines can be read. How it is drawn: matrix_drawing.js.

const MOST_TOLD = 12; // runs that the card beside the pointer names

class Matrix extends MatrixDrawing {
  constructor(root, said) {
    super();
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
    this.back();
    this.draw();
    this.tell();
  }

  // Back from the image that was opened here: at its line again.
  back() {
    const { title, image, first } = window.gapwiseLine ?? {};
    const line = title === this.data.title ? this.data.images.indexOf(image) : -1;
    if (line < 0) return;
    delete window.gapwiseLine;
    Object.assign(this, { line, first: Math.min(first, line) });
    this.box.focus({ preventScroll: true });
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

  // How many of the runs that judged it miss an image.
  missed(n) {
    const states = this.states.subarray(n * this.runs, (n + 1) * this.runs), judged = states.filter((one) => one >= 0);
    return `${judged.filter((one) => one === 1).length} of ${counted(judged.length, "run")} wrong`;
  }

  said_of(n) {
    const { data, runs } = this, known = html(data.classes[data.truth[n]]);
    const each = data.runs.map((run, r) => {
      const said = data.predicted[n * runs + r], state = this.states[n * runs + r];
      return { state, text: said < 0 ? `run ${run.id}: –` : `run ${run.id}: ${html(data.classes[said])} ${state ? "✗" : "✓"}` };
    });
    const more = each.length > MOST_TOLD ? `<br>and ${each.length - MOST_TOLD} more` : "";
    return `<strong>${html(data.names[n])}</strong><br>known as ${known}<br>${this.missed(n)}<br>
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
    window.gapwiseLine = { title: this.data.title, image: this.data.images[n], first: this.first }; // outlives the component
    this.said({ what: "open", image: this.data.images[n] });
  }

  tell() {
    const last = Math.min(this.count, this.first + this.lines), n = this.line;
    const named = n < 0 ? "" : ` · ${this.data.names[n]}, known as ${this.data.classes[this.data.truth[n]]}, ${this.missed(n)}`;
    this.root.querySelector(".gh-hint").textContent = `Lines ${(this.first + 1).toLocaleString("en")} to ${last.toLocaleString("en")} of ${this.count.toLocaleString("en")}, hardest first${named}. A click on a line, or Enter, opens its image with the maps of all runs.`;
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
