// A picture of the gallery: thumb, map over it, what was said and what is so.

const SIZES = { S: 150, M: 230, L: 380 }; // CSS pixels that a tile is wide, at least
const DETAIL = { S: 240, M: 360, L: 640 }; // pixels that its thumb is wide

const COARSE = 48; // pixels of a map's longer side are enough for a small picture

// `label` has the names of the classes, and whether the run has predicted: else nothing says what it learned from.
function verdict(row, { names, predicted }) {
  const sure = row.confidence === null || row.confidence === undefined ? "" : ` ${row.confidence.toFixed(2)}`;
  if (row.value === null || row.value === undefined) return { kind: "none", sign: "·", text: row.truth === null ? "not predicted" : `${names[row.truth]}, ${predicted ? "learned from" : "not predicted"}` };
  const said = `${names[row.value]}${sure}`;
  if (row.truth === null || row.truth === undefined) return { kind: "open", sign: "?", text: said };
  if (row.truth === row.value) return { kind: "right", sign: "✓", text: said };
  return { kind: "wrong", sign: "✗", text: `${said}, is ${names[row.truth]}` };
}

const SPOKEN = { wrong: "wrong: ", right: "right: ", open: "open: ", none: "" };

function badge(found) {
  const made = make("span", { className: `badge ${found.kind}` });
  made.append(make("b", { textContent: found.sign, ariaHidden: "true" }), ` ${found.text}`);
  return made;
}

class Tile {
  constructor() {
    this.root = make("div", { className: "tile" });
    this.root.setAttribute("role", "option");
    this.root.tabIndex = -1;
    this.boxes = ["plain", "over"].map((kind) => {
      const box = make("div", { className: `box ${kind}` });
      const fit = make("div", { className: "fit" });
      fit.append(make("canvas", { className: "thumb" }), ...(kind === "over" ? [make("canvas", { className: "map" })] : []));
      box.append(fit, make("span", { className: "problem" }));
      return box;
    });
    this.pair = make("div", { className: "pair" });
    this.pair.append(...this.boxes);
    this.caption = make("div", { className: "caption" });
    this.root.append(this.pair, this.caption);
  }

  // Words and map of a row; its picture comes by `draw`.
  fill(row, label, colors) {
    this.row = row;
    this.root.dataset.image = row.image;
    const found = verdict(row, label);
    this.root.setAttribute("aria-label", `${row.fname}, ${SPOKEN[found.kind]}${found.text}${row.reason ? `, ${row.reason}` : ""}${row.map ? "" : ", no map"}`);
    const name = make("span", { className: "file", textContent: row.fname, title: row.fname });
    const why = row.reason ? [make("span", { className: "quiet reason", textContent: row.reason, title: row.reason })] : [];
    this.caption.replaceChildren(badge(found), name, ...why);
    const map = this.root.querySelector(".map");
    map.hidden = !row.map;
    if (row.map) paintMap(map, { cells: bytesOf(row.map), height: row.mapSize[0], width: row.mapSize[1] }, colors, COARSE);
  }

  // `found` as Thumbs.get returns it; `ratio` of the box, width over height.
  draw(found, ratio, both) {
    const own = this.row.width / this.row.height;
    for (const box of this.boxes) {
      const fit = box.querySelector(".fit");
      fit.style.width = `${own >= ratio ? 100 : (100 * own) / ratio}%`;
      fit.style.height = `${own >= ratio ? (100 * ratio) / own : 100}%`;
      fit.hidden = !found?.bitmap;
      box.querySelector(".problem").textContent = found?.problem ? "This picture can't be shown." : "";
      box.title = found?.problem ?? "";
      if (found?.bitmap && (both || box.matches(".over"))) drawThumb(fit.querySelector(".thumb"), found.bitmap);
    }
    this.drawn = Boolean(found);
  }
}

function drawThumb(canvas, bitmap) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
}
