// Gallery and viewer in one place; what is open stands in the address, so that going back closes it.

const IMAGE = "image"; // in the address

class Page {
  constructor(root) {
    this.root = root.querySelector(".maps");
    this.view = readView();
    // A rule of its own: a variable that the maps inherit would have each slide style every element here anew.
    this.sheet = new CSSStyleSheet();
    this.sheet.replaceSync(".map { opacity: 1; }");
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, this.sheet];
    this.gallery = new Gallery(this.root.querySelector(".gallery"), this);
    this.viewer = new Viewer(this.root.querySelector(".viewer"), this);
    this.onPop = () => this.popped();
    addEventListener("popstate", this.onPop);
    this.opacity();
  }

  update({ data, setStateValue }) {
    const first = !this.data;
    Object.assign(this, { data, send: (look) => setStateValue("look", look) });
    this.colors ??= bytesOf(data.colors);
    Object.assign(this.gallery.thumbs, { base: data.base, token: data.token });
    this.gallery.empty = `Run ${data.run} has no pictures in this list.`;
    keep(data.address);
    this.gallery.update(data, this.colors);
    this.viewer.update(data);
    const wished = data.open?.[1] ?? 0;
    if (data.open && wished !== window.gapwiseImageWishes) {
      window.gapwiseImageWishes = wished; // outlives the component: coming back to the page does not open it again
      if (data.open[2]) this.viewer.begin(data.open[2]);
      Object.assign(this, { came: data.open[3] ?? "", path: location.pathname });
      this.openImage(data.open[0], false); // in the place of the gallery, where nobody was: one step back leaves the page
      keep({ [IMAGE]: String(data.open[0]) });
    } else if (first || this.viewer.open || this.wanted) this.follow();
  }

  // Streamlit may have made an entry for the bare page before it knew the workspace: nobody was there, either.
  popped() {
    const bare = this.path === location.pathname && !new URL(location.href).searchParams.has(IMAGE);
    if (bare && this.viewer.open) return history.back();
    return this.follow();
  }

  // What the address says.
  follow() {
    const text = new URL(location.href).searchParams.get(IMAGE) ?? "";
    if (/^\d{1,15}$/.test(text) && Number(text)) return this.openImage(Number(text), false);
    if (text) this.lacks(text); // the server counts no further
    if (this.viewer.open) this.shut();
    return undefined;
  }

  openImage(image, push) {
    const row = this.rowOf(image);
    this.wanted = row ? 0 : image;
    if (row) return this.open(row, push);
    if (this.data.asked !== image && this.asked !== `${image} ${this.data.stamp}`) {
      this.asked = `${image} ${this.data.stamp}`;
      this.look({ image });
    } else {
      this.lacks(String(image));
    }
    if (push) keep({ [IMAGE]: String(image) }, true);
    return undefined;
  }

  lacks(text) {
    this.missing = `There is no picture with the number ${text.length > 30 ? `${text.slice(0, 29)}…` : text} here.`;
    this.gallery.paint();
  }

  rowOf(image) {
    return this.data.list.rows.find((row) => row.image === image) ?? (this.data.row?.image === image ? this.data.row : null);
  }

  open(row, push = true) {
    if (push && this.imageNow !== row.image) {
      this.pushed ||= !this.viewer.open;
      keep({ [IMAGE]: String(row.image) }, !this.viewer.open);
    }
    const before = this.viewer.open;
    this.missing = "";
    if (!before) this.scrolled = scrollerOf(this.root).scrollTop;
    this.gallery.root.hidden = true;
    this.viewer.show(row);
    if (!before) {
      this.viewer.root.focus({ preventScroll: true });
      this.root.scrollIntoView(); // the picture, not the page's title
    }
    this.say(`${row.fname} opened`);
  }

  get imageNow() {
    return Number(new URL(location.href).searchParams.get(IMAGE) ?? 0);
  }

  close() {
    if (this.pushed) return history.back(); // `follow` closes
    keep({ [IMAGE]: "" });
    return this.shut();
  }

  shut() {
    const { row } = this.viewer;
    Object.assign(this, { pushed: false, came: "", path: "" });
    this.viewer.hide();
    this.gallery.root.hidden = false;
    showView(this.gallery.root, this.view);
    if (row) this.gallery.backAt(row);
    scrollerOf(this.root).scrollTop = this.scrolled ?? 0;
  }

  // Place of a row in its list, from 0, -1 for none; and how long the list is.
  placeOf(row) {
    const { rows, from, total } = this.data.list;
    const place = rows.findIndex((other) => other.image === row.image);
    return [place < 0 ? -1 : from + place, total];
  }

  step(by) {
    const [at, total] = this.placeOf(this.viewer.row);
    const next = at + by;
    if (at < 0 || next < 0 || next >= total) return;
    const { rows, from } = this.data.list;
    const row = rows[next - from];
    if (row) {
      keep({ [IMAGE]: String(row.image) });
      this.open(row, false);
    }
    // The next ones in good time.
    const near = from + rows.length - next < 5 && from + rows.length < total;
    if (near || (next - from < 5 && from > 0)) this.look({ from: Math.max(0, next - 100), image: row?.image });
  }

  // Ask the server for other rows.
  look(what) {
    const text = JSON.stringify([this.data.stamp, what, this.data.list.from]);
    if (text === this.looked) return;
    this.looked = text;
    this.send({ stamp: this.data.stamp, from: this.data.list.from, ...what });
  }

  set(name, value) {
    this.view[name] = value;
    clearTimeout(this.keeping); // storing waits for the disk, and a slider moves sixty times a second
    this.keeping = setTimeout(() => keepView(this.view), 300);
    if (name === "opacity") return this.opacity();
    this.gallery.set(name);
    return this.viewer.set(name);
  }

  // No picture is drawn anew for it: the browser blends.
  opacity() {
    this.sheet.cssRules[0].style.opacity = this.view.opacity / 100;
  }

  get title() {
    return `${this.data.label.name} · run ${this.data.run}`;
  }

  get fileName() {
    return plainName(`${this.data.label.name}-run-${this.data.run}`);
  }

  say(text) {
    this.root.querySelector(".live").textContent = text;
  }

  closeAll() {
    keepView(this.view);
    removeEventListener("popstate", this.onPop);
    this.viewer.close();
    this.gallery.thumbs.close();
  }
}

// Keep values in the address, for a reload or a link; `push` makes an entry of the browser's history.
function keep(values, push = false) {
  const url = new URL(location.href);
  const before = url.search;
  for (const [name, value] of Object.entries(values)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  if (url.search === before) return;
  if (push) history.pushState(history.state, "", url);
  else history.replaceState(history.state, "", url);
}

// What scrolls when the page does: not the window, in Streamlit.
function scrollerOf(element) {
  for (let at = element; at; at = at.parentNode ?? at.host) {
    if (at instanceof Element && ["auto", "scroll"].includes(getComputedStyle(at).overflowY) && at.scrollHeight > at.clientHeight) return at;
  }
  return document.scrollingElement;
}

const pages = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  if (!pages.has(root)) pages.set(root, new Page(root));
  pages.get(root).update(component);
  return ending(root, () => {
    pages.get(root)?.closeAll();
    pages.delete(root);
  });
}
