// What all views of the hard examples share: colours of the page, previews, the card beside the pointer, pictures to save.

const TIP_WAIT = 60; // milliseconds that the pointer rests on something before its preview is asked for
const KEPT = 400; // previews kept decoded by the browser

const html = (text) => String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const counted = (n, thing) => `${n.toLocaleString("en")} ${thing}${n === 1 ? "" : "s"}`;

// Bytes as the server writes them, as an array of numbers.
function numbers(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  return new Kind(bytes.buffer, 0, Math.floor(bytes.length / Kind.BYTES_PER_ELEMENT));
}

function coded(array) {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength), parts = [];
  for (let at = 0; at < bytes.length; at += 0x8000) parts.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  return btoa(parts.join(""));
}

// The page's own colours, as #rrggbb, so that canvases follow light and dark.
function theme(element) {
  const style = getComputedStyle(element);
  const read = (name, other) => style.getPropertyValue(`--st-${name}`).trim() || other;
  const ground = read("background-color", "#ffffff"), ink = read("text-color", "#16211f");
  const [r, g, b] = channels(ground);
  const dark = 0.299 * r + 0.587 * g + 0.114 * b < 128;
  const font = read("font", "sans-serif");
  return { ground, ink, dark, font, accent: read("primary-color", "#0f766e"), quiet: blend(ink, ground, 0.4), faint: blend(ink, ground, 0.85) };
}

// A canvas as large as its place, in the screen's own pixels; returns how many of them one CSS pixel has.
function fitted(canvas, width, height) {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  return ratio;
}

// A text cut so that it fits a width.
function shortened(brush, text, width) {
  if (brush.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && brush.measureText(`${text.slice(0, n)}…`).width > width) n -= 1;
  return `${text.slice(0, n)}…`;
}

// A file's name cut at its beginning: names of a set differ at their ends.
function ended(brush, text, width) {
  if (brush.measureText(text).width <= width) return text;
  let n = 0;
  while (n < text.length - 1 && brush.measureText(`…${text.slice(n)}`).width > width) n += 1;
  return `…${text.slice(n)}`;
}

class Previews {
  constructor() {
    this.known = new Map();
  }

  // An object URL of an image's preview; the token goes in a header, never in an address. `digest` of its file, where
  // that is known; else of all tables.
  url(image, digest = this.version) {
    const key = `${image} ${digest}`;
    if (!this.known.has(key)) {
      if (this.known.size >= KEPT) this.forget(this.known.keys().next().value);
      this.known.set(key, this.load(image, digest).catch((error) => (this.known.delete(key), Promise.reject(error))));
    }
    return this.known.get(key);
  }

  async load(image, digest) {
    const answer = await fetch(`${this.base}/preview/${image}?v=${digest}`, { headers: { "X-Gapwise-Token": this.token } });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? "The picture can't be shown.");
    return URL.createObjectURL(await answer.blob());
  }

  forget(key) {
    this.known.get(key)?.then(URL.revokeObjectURL, () => {});
    this.known.delete(key);
  }
}

const previews = new Previews();

// Fill all `img[data-image]` below an element.
function fillPictures(root) {
  root.querySelectorAll("img[data-image]:not([src])").forEach((img) => {
    previews.url(img.dataset.image, img.dataset.digest).then((url) => (img.src = url), (error) => (img.alt = error.message));
  });
}

// The card beside the pointer: what is known of the thing under it, with its preview.
class Tip {
  constructor(root) {
    this.card = root.appendChild(document.createElement("div"));
    Object.assign(this.card, { className: "gh-tip", hidden: true });
    this.card.setAttribute("role", "tooltip");
  }

  show(event, key, body, image) {
    this.card.hidden = false;
    if (this.key !== key) {
      this.key = key;
      this.card.innerHTML = `${image == null ? "" : '<div class="gh-shot"></div>'}<div>${body}</div>`;
      clearTimeout(this.timer);
      if (image != null) this.timer = setTimeout(() => this.picture(key, image), TIP_WAIT);
    }
    const { offsetWidth: w, offsetHeight: h } = this.card, gap = 14;
    const left = event.clientX + gap + w > innerWidth ? event.clientX - gap - w : event.clientX + gap;
    const top = Math.min(event.clientY + gap, innerHeight - h - 4);
    Object.assign(this.card.style, { left: `${Math.max(4, left)}px`, top: `${Math.max(4, top)}px` });
  }

  picture(key, image) {
    previews.url(image).then(
      (url) => this.key === key && this.card.querySelector(".gh-shot").replaceChildren(Object.assign(new Image(), { src: url, alt: "" })),
      (error) => this.key === key && (this.card.querySelector(".gh-shot").textContent = error.message),
    );
  }

  hide() {
    clearTimeout(this.timer);
    this.key = null;
    this.card.hidden = true;
  }
}

// Offer a canvas as a PNG.
function save(canvas, name) {
  canvas.toBlob((blob) => {
    if (!blob) return; // larger than this browser's canvases
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

// A new canvas to be saved, with the page's ground and a title; returns it, its brush and where the title ends.
function sheet(look, title, width, height) {
  // Browsers refuse sides of more than some 16,000 pixels: rows of a thousand classes.
  const scale = Math.min(2, 15000 / width, 15000 / (height + 40));
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.ceil(width * scale), height: Math.ceil((height + 40) * scale) });
  const brush = canvas.getContext("2d");
  brush.scale(scale, scale);
  brush.fillStyle = look.ground;
  brush.fillRect(0, 0, width, height + 40);
  Object.assign(brush, { fillStyle: look.ink, font: `600 15px ${look.font}`, textBaseline: "middle" });
  brush.fillText(shortened(brush, title, width - 24), 12, 20);
  return { canvas, brush, top: 40 };
}
