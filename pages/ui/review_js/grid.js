// Many pictures with the same proposal: exceptions are marked, one key accepts all the others that were seen.

const SIZES = [12, 24, 40, 60];
const LOOK = 700; // milliseconds that a page of pictures must have been there: a second press was not meant for it
const AGAIN = 2000; // milliseconds until what could not be loaded is asked for again
const HALF = 0.5; // of a picture in the window: it counts as seen

class Grid {
  constructor(root, said) {
    this.root = root;
    this.said = said; // what changed, for the card
    this.items = [];
    this.aside = []; // marked when the others were accepted: they come next on the card
    this.marked = new Set();
    this.watcher = new IntersectionObserver((seen) => seen.forEach((entry) => this.look(entry)), { threshold: HALF });
    root.addEventListener("click", (event) => this.click(event));
    const sizes = root.querySelector("select");
    sizes.addEventListener("change", () => this.resize(Number(sizes.value)));
    // A choice by mouse leaves the list the keys: the next `a` would be typed into it.
    sizes.addEventListener("pointerdown", () => (this.pointed = true));
    sizes.addEventListener("keydown", () => (this.pointed = false));
    sizes.addEventListener("change", () => this.pointed && sizes.blur());
  }

  get tiles() {
    return this.root.querySelector(".tiles");
  }

  get page() {
    return this.items.slice(0, this.size);
  }

  open(queue, label, value) {
    this.size = Number(localStorage.getItem("gapwise-grid-size")) || 24;
    if (!SIZES.includes(this.size)) this.size = 24;
    this.root.querySelector("select").value = this.size;
    Object.assign(this, { queue, label, shown: true, counts: this.counts ?? {} });
    this.root.hidden = false;
    this.choose(value);
  }

  choose(value) {
    this.marked.clear();
    Object.assign(this, { value, items: [], dry: false, at: 0, problem: "", turn: {} });
    this.paint();
    this.fill();
  }

  close() {
    this.shown = false;
    this.root.hidden = true;
    const next = [...this.aside, ...this.page.filter((item) => this.marked.has(item))];
    const why = "Here because you marked it in the grid.";
    next.reverse().forEach((item) => this.queue.bringBack({ ...asSent(item), why, state: "new" }, 0, true));
    this.items.forEach((item) => item.thumb?.close());
    Object.assign(this, { items: [], aside: [] });
    this.marked.clear();
    this.watcher.disconnect();
  }

  resize(size) {
    this.size = size;
    try {
      localStorage.setItem("gapwise-grid-size", size);
    } catch {
      // until the page is left, then
    }
    this.paint();
    this.fill();
  }

  // Hold this page and the next one.
  async fill() {
    if (this.busy || this.dry || !this.shown || this.items.length >= 2 * this.size) return;
    this.busy = true;
    const { value, turn } = this;
    const want = Math.min(120, 2 * this.size - this.items.length);
    const held = [...this.items, ...this.aside].map((item) => item.image).concat(this.queue.outbox.images());
    try {
      const found = await this.queue.items({ want, grid: value, held });
      if (turn === this.turn && this.shown) {
        const there = new Set([...held, ...this.items.map((item) => item.image)]);
        this.items.push(...found.filter((item) => !there.has(item.image)));
        this.dry = found.length < want;
        this.problem = "";
      }
    } catch (error) {
      this.problem = reason(error);
      setTimeout(() => this.fill(), AGAIN);
    } finally {
      this.busy = false;
    }
    if (!this.shown) return;
    this.paint();
    this.load();
    if (!this.problem) this.fill(); // another class or size may have been chosen meanwhile
  }

  load() {
    for (let n = this.loading ?? 0; n < LOADERS; n += 1) this.loadOne();
  }

  async loadOne() {
    const item = this.items.find((other) => !other.thumb && !other.asked && !other.problem);
    if (!item) return;
    item.asked = true;
    this.loading = (this.loading ?? 0) + 1;
    try {
      item.thumb = await this.queue.bitmap(item, { resizeWidth: THUMB, resizeQuality: "medium" });
    } catch (error) {
      if (broken(error)) item.problem = error.message;
      else await new Promise((go) => setTimeout(go, AGAIN)); // the server or the workspace is away
    }
    item.asked = false;
    this.loading -= 1;
    if (this.shown) this.drawTile(item);
    this.loadOne();
  }

  paint() {
    this.watcher.disconnect();
    this.since = performance.now();
    this.at = Math.min(this.at, Math.max(0, this.page.length - 1));
    this.tiles.replaceChildren(...this.page.map((item, place) => (item.tile = makeTile(item, place === this.at))));
    this.tiles.style.setProperty("--columns", COLUMNS[this.size]);
    this.page.forEach((item) => this.drawTile(item));
    this.tell();
  }

  drawTile(item) {
    const { tile, thumb } = item;
    if (!tile?.isConnected) return;
    if (thumb) {
      drawThumb(tile, thumb);
      this.watcher.observe(tile); // told again at once, now that there is something to see
    } else if (item.problem) tile.querySelector(".sure").textContent = "can't be shown";
    this.mark(item, this.marked.has(item));
  }

  look({ isIntersecting, target }) {
    const item = this.page.find((other) => other.tile === target);
    if (!item?.thumb || !isIntersecting || item.seen) return;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      item.seen = true;
      this.tell();
    }));
  }

  mark(item, marked) {
    this.marked[marked ? "add" : "delete"](item);
    markTile(item, this.label.names[item.value], marked);
  }

  get others() {
    return this.page.filter((item) => item.seen && !item.problem && !this.marked.has(item));
  }

  // Whatever a key or a button means here. Says whether the grid stays open.
  act(action, first, second) {
    if (action === "move") this.move(first, second);
    else if (action === "skip") this.toggle(this.page[this.at]);
    else if (action === "accept") this.accept();
    else if (action === "undo") this.undo();
    else if (["reject", "flag", "choose"].includes(action)) this.answer(action, first);
    else if (action === "grid") return false;
    this.tell();
    return true;
  }

  toggle(item) {
    if (item) this.mark(item, !this.marked.has(item));
  }

  accept() {
    if (performance.now() - this.since < LOOK) return;
    const { others } = this;
    if (!others.length) return;
    this.aside.push(...this.page.filter((item) => this.marked.has(item)));
    this.queue.decideAll(others, "accept", undefined, true);
    this.without([...others, ...this.aside]);
  }

  // The marked ones are another class, or not clear.
  answer(action, value) {
    const marked = this.page.filter((item) => this.marked.has(item));
    if (!marked.length) return;
    this.queue.decideAll(marked, action, value, true);
    this.without(marked);
  }

  without(gone) {
    this.items = this.items.filter((item) => !gone.includes(item));
    this.marked.clear();
    this.at = 0;
    this.paint();
    if (this.root.getBoundingClientRect().top < 0) this.root.scrollIntoView(); // the next page begins at its top
    this.fill();
  }

  // Others have decided about these: the next page comes without them; what is on screen stays where it is.
  drop(images) {
    const gone = new Set(images);
    this.items = [...this.page, ...this.items.slice(this.size).filter((item) => !gone.has(item.image))];
  }

  undo() {
    const back = [];
    for (const item of this.queue.undo(true) ?? []) {
      if (item.value === this.value && !item.blind) back.push(item);
      else this.queue.bringBack(item, 0);
    }
    const there = new Set(this.items.map((item) => item.image));
    this.aside = this.aside.filter((item) => !back.some((other) => other.image === item.image));
    this.items.unshift(...back.filter((item) => !there.has(item.image)));
    this.paint();
    this.load();
  }

  move(x, y) {
    const columns = getComputedStyle(this.tiles).gridTemplateColumns.split(" ").length;
    const at = this.at + x + y * columns;
    if (at < 0 || at >= this.page.length) return;
    this.page[this.at].tile.tabIndex = -1;
    this.at = at;
    this.page[at].tile.tabIndex = 0;
    this.page[at].tile.focus({ focusVisible: true });
  }

  click(event) {
    const tile = event.target.closest(".tile");
    if (tile) {
      this.at = [...this.tiles.children].indexOf(tile);
      this.toggle(this.page[this.at]);
      this.tell();
    }
    const other = event.target.closest("[data-class]");
    if (other) this.choose(Number(other.dataset.class));
  }

  tell() {
    const { others, page } = this;
    const marked = page.filter((item) => this.marked.has(item)).length;
    const unseen = page.filter((item) => !item.seen && !item.problem).length;
    this.said({ others: others.length, marked });
    const tabs = this.label.names.map((name, code) => classTab(name, code, code === this.value, this.counts[code]));
    this.root.querySelector(".classes").replaceChildren(...tabs);
    const left = unseen ? ` ${unseen} not seen yet: only what was on screen is accepted.` : "";
    const aside = this.aside.length ? ` ${this.aside.length} marked before: they come next on the card.` : "";
    const alone = "What waits with this proposal comes one by one on the card: it is hidden, or with somebody else.";
    const none = this.counts[this.value] ? alone : "Nothing with this proposal waits here.";
    const empty = this.busy ? "Loading…" : none;
    this.root.querySelector(".hint").textContent = this.problem || (page.length ? `Click what is wrong.${left}${aside}` : `${empty}${aside}`);
  }
}
