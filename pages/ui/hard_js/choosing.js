// The gallery of the Activation maps page with a box on each picture: some or all of a list go to the review queue.

class ChoosingGallery extends Gallery {
  constructor(root, page) {
    super(root, page);
    this.list.setAttribute("aria-label", "Pictures; arrow keys move, Enter opens, space chooses");
    this.list.setAttribute("aria-multiselectable", "true");
    // Before the gallery's own listener, which would open the picture.
    this.list.addEventListener("click", (event) => {
      if (!event.target.closest(".pick")) return;
      event.stopPropagation();
      this.pick(this.tiles.find((tile) => tile.root === event.target.closest(".tile")), event.shiftKey);
    }, true);
  }

  paintTile(tile, row, i) {
    super.paintTile(tile, row, i);
    if (!tile.pick) {
      tile.pick = make("span", { className: "pick", title: "Choose; with shift all up to here" });
      tile.pick.append(make("span", { textContent: "✓", ariaHidden: "true" }));
      tile.root.prepend(tile.pick);
    }
    this.mark(tile);
  }

  mark(tile) {
    const chosen = this.page.chosen.has(tile.row.image);
    tile.root.setAttribute("aria-selected", String(chosen));
  }

  pick(tile, upTo) {
    if (!tile) return;
    const { chosen } = this.page, rows = this.shown, at = rows.indexOf(tile.row), on = !chosen.has(tile.row.image);
    const last = upTo ? rows.findIndex((row) => row.image === this.pickedLast) : -1; // of this page
    const from = last < 0 ? at : last;
    rows.slice(Math.min(from, at), Math.max(from, at) + 1).forEach((row) => chosen[on ? "add" : "delete"](row.image));
    this.pickedLast = tile.row.image;
    this.page.tell();
  }

  key(event) {
    if (event.key !== " ") return super.key(event);
    event.preventDefault();
    return this.pick(this.tiles.find((tile) => tile.root === event.target), event.shiftKey);
  }

  turn(to) {
    super.turn(to);
    this.page.tell();
  }
}

// What the gallery asks of its page, without a viewer: pictures are opened elsewhere.
class Choosing {
  constructor(root) {
    this.root = root.querySelector(".maps");
    this.root.querySelector(".viewer").remove();
    this.chosen = new Set();
    this.view = readView();
    this.bar = make("div", { className: "send" });
    this.root.querySelector(".gallery").prepend(this.bar);
    this.bar.addEventListener("click", (event) => this.click(event.target.closest("button")));
    this.gallery = new ChoosingGallery(this.root.querySelector(".gallery"), this);
    this.opacity();
  }

  update({ data, setStateValue, setTriggerValue }) {
    const first = !this.data;
    if (this.data?.stamp !== data.stamp) this.chosen.clear(); // another list
    Object.assign(this, { data, ask: (look) => setStateValue("look", look), event: (event) => setTriggerValue("event", event) });
    this.colors ??= bytesOf(data.colors);
    Object.assign(this.gallery.thumbs, { base: data.base, token: data.token });
    this.gallery.update(data, this.colors);
    if (first && window.gapwiseOpened?.stamp === data.stamp) this.back(window.gapwiseOpened);
    this.tell();
  }

  click(button) {
    const rows = this.gallery.shown, act = button?.dataset.do;
    if (act === "page") rows.forEach((row) => this.chosen.add(row.image));
    if (act === "none") this.chosen.clear();
    if (act === "some") {
      this.event({ what: "send", images: [...this.chosen] });
      this.chosen.clear();
    }
    if (act === "all") this.event({ what: "send", images: null });
    if (act) this.tell();
  }

  tell() {
    const { chosen, gallery } = this, n = chosen.size, rows = gallery.shown, { total } = gallery;
    const made = [];
    const add = (act, text, main = false) => {
      const one = make("button", { type: "button", textContent: text, className: main ? "main" : "" });
      one.dataset.do = act;
      made.push(one);
    };
    if (n) add("some", `Send ${n.toLocaleString("en")} to the review queue`, true);
    else if (total) add("all", total === 1 ? "Send it to the review queue" : `Send all ${total.toLocaleString("en")} to the review queue`);
    if (rows.some((row) => !chosen.has(row.image)) && rows.length > 1) add("page", `Choose these ${rows.length}`);
    if (n) add("none", "Choose none");
    const held = this.root.getRootNode().activeElement, act = this.bar.contains(held) && held.dataset.do;
    this.bar.replaceChildren(...made);
    // Who chooses by keys goes on, but never on a button that sends: a second press would be one on it.
    const safe = made.filter((one) => ["page", "none"].includes(one.dataset.do));
    if (act) (safe.find((one) => one.dataset.do === act) ?? safe[0])?.focus();
    gallery.tiles.slice(0, rows.length).forEach((tile) => tile.row && gallery.mark(tile));
  }

  look(what) {
    const text = JSON.stringify([this.data.stamp, what, this.data.list.from]);
    if (text === this.looked) return;
    this.looked = text;
    this.ask({ stamp: this.data.stamp, ...what });
  }

  // Back from a picture: its page of the list, and the keys on its tile.
  back({ at, image }) {
    this.gallery.at = Math.min(at, Math.max(0, this.gallery.total - 1));
    this.gallery.backAt({ image });
    this.gallery.tiles.find((tile) => tile.row?.image === image && tile.root.isConnected)?.root.scrollIntoView({ block: "center" });
    delete window.gapwiseOpened;
  }

  open(row) {
    window.gapwiseOpened = { stamp: this.data.stamp, at: this.gallery.at, image: row.image }; // outlives the component
    this.event({ what: "open", image: row.image });
  }

  set(name, value) {
    this.view[name] = value;
    keepView(this.view);
    this.opacity();
    this.gallery.set(name);
    this.tell();
  }

  opacity() {
    this.root.style.setProperty("--opacity", this.view.opacity / 100);
  }

  get title() {
    return this.data.title;
  }

  get fileName() {
    return plainName(this.data.title);
  }

  say(text) {
    this.root.querySelector(".live").textContent = text;
  }
}

const places = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  if (!places.has(root)) places.set(root, new Choosing(root));
  places.get(root).update(component);
  return ending(root, () => {
    places.get(root)?.gallery.thumbs.close();
    places.delete(root);
  });
}
