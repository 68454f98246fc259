// How the matrix of runs and images is drawn: the whole of it in a strip, and a window of lines.

const LINE_HEIGHT = 18; // CSS pixels of a line in the window
const RIGHT = { light: "#DDE5E3", dark: "#A9B8B5" }, WRONG = { light: "#1B2A28", dark: "#030706" };

class MatrixDrawing {
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
    brush.fillText(this.strip < 80 ? "All" : "All images", 0, top - 12 * ratio);
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
}
