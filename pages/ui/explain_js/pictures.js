// Previews as small pictures, decoded before they are needed; the address of one picture in its own resolution.

const LOADERS = 4; // browsers give a server six connections; maps need some of them
const MOST = 24e6; // pixels kept decoded, some 96 MB

class Thumbs {
  constructor() {
    this.known = new Map(); // image → { bitmap, wide } or { problem }; the last used come last
    this.waiting = [];
    this.loading = 0;
    this.came = () => {};
  }

  // What is there of a row's picture, at least so wide; undefined for nothing yet.
  get(row, wide) {
    const found = this.known.get(keyOf(row));
    if (!found || (found.bitmap && found.wide < wide)) return undefined;
    this.known.delete(keyOf(row));
    this.known.set(keyOf(row), found);
    return found;
  }

  // Load these, first things first; what was wanted before and is no more is let go.
  want(rows, wide) {
    this.wide = wide;
    const lacks = (found) => !found || found.passing;
    this.waiting = rows.filter((row) => lacks(this.get(row, wide)));
    while (this.loading < LOADERS && this.waiting.length) this.load(this.waiting.shift(), wide);
  }

  async load(row, wide) {
    this.loading += 1;
    const found = await this.fetched(row, wide);
    this.loading -= 1;
    if (this.ended) return found?.bitmap?.close();
    if (found) {
      this.known.get(keyOf(row))?.bitmap?.close();
      this.known.set(keyOf(row), found);
      this.came(row);
      this.forget();
    }
    if (this.waiting.length) this.load(this.waiting.shift(), this.wide);
    return undefined;
  }

  async fetched(row, wide) {
    for (const wait of [500, 2000, 8000, 0]) {
      try {
        const answer = await ask(`${this.base}/preview/${row.image}?v=${row.digest}`, { headers: { "X-Gapwise-Token": this.token } });
        const size = row.width > wide ? { resizeWidth: wide, resizeQuality: "medium" } : {};
        return { bitmap: await createImageBitmap(await answer.blob(), size), wide };
      } catch (error) {
        if (error.status === 422 || error.status === 404 || error.name === "InvalidStateError") return { problem: error.message };
        if (!wait) return { problem: reason(error), passing: true }; // asked for again with the next look
        await new Promise((go) => setTimeout(go, wait));
      }
    }
    return null;
  }

  close() {
    this.ended = true;
    this.waiting = [];
    for (const { bitmap } of this.known.values()) bitmap?.close();
    this.known.clear();
  }

  forget() {
    let pixels = 0;
    for (const { bitmap } of this.known.values()) pixels += bitmap ? bitmap.width * bitmap.height : 0;
    for (const [key, { bitmap }] of this.known) {
      if (pixels <= MOST) return;
      pixels -= bitmap ? bitmap.width * bitmap.height : 0;
      bitmap?.close();
      this.known.delete(key);
    }
  }
}

function keyOf(row) {
  return `${row.image}-${row.digest}`;
}

// One picture for many panes: the browser decodes an address once. First its preview, then the original if that is
// needed and to be had.
class Original {
  constructor(changed) {
    this.changed = changed; // hears of { src, width, height } or { problem }, the latter also of the original
    this.url = "";
  }

  async show(row, base, token) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    // Without the picture before: its pixels are not to stand below this one's name, nor its size to be asked about.
    Object.assign(this, { row, base, token, whole: false, asking: false, image: null, width: 0 });
    try {
      await this.take(`${base}/preview/${row.image}?v=${row.digest}`, turn);
    } catch (error) {
      if (turn === this.turn) this.changed({ problem: reason(error) });
    }
  }

  // The picture is shown so many device pixels wide.
  async need(wide) {
    const { row, turn } = this;
    if (!row || this.asking || this.whole || !this.width || wide <= this.width * 1.05 || this.width >= row.width) return;
    this.asking = true;
    try {
      await this.take(`${this.base}/full/${row.image}?v=${row.digest}`, turn);
      this.whole = turn === this.turn;
    } catch (error) {
      if (turn === this.turn) this.changed({ problem: reason(error) }); // the preview stays
    }
  }

  async take(address, turn) {
    const answer = await ask(address, { headers: { "X-Gapwise-Token": this.token }, patience: 60000 });
    const url = URL.createObjectURL(await answer.blob());
    const image = new Image();
    image.src = url;
    try {
      await image.decode();
    } catch {
      URL.revokeObjectURL(url);
      throw new Refusal(422, "the file can't be decoded");
    }
    if (turn !== this.turn) return URL.revokeObjectURL(url);
    if (this.url) URL.revokeObjectURL(this.url);
    Object.assign(this, { url, image, width: image.naturalWidth, height: image.naturalHeight });
    return this.changed({ src: url, width: this.width, height: this.height });
  }

  close() {
    this.turn = (this.turn ?? 0) + 1;
    if (this.url) URL.revokeObjectURL(this.url);
    Object.assign(this, { url: "", row: null, image: null, width: 0 });
  }
}
