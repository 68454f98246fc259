// The small pictures of the grid.

const THUMB = 360; // pixels wide; sixty pictures in full would take 120 MB
const COLUMNS = { 12: 4, 24: 6, 40: 8, 60: 10 }; // by how many there are; fewer on a phone

function makeTile(item, first) {
  const tile = make("button", { type: "button", className: "tile", tabIndex: first ? 0 : -1 });
  tile.setAttribute("role", "option");
  tile.dataset.image = item.image;
  const sure = make("span", { className: "sure", textContent: item.confidence.toFixed(2) });
  tile.append(make("canvas"), sure, make("span", { className: "mark", textContent: "✕", ariaHidden: "true" }));
  return tile;
}

function drawThumb(tile, thumb) {
  const canvas = tile.querySelector("canvas");
  Object.assign(canvas, { width: thumb.width, height: thumb.height });
  canvas.getContext("2d", { alpha: false }).drawImage(thumb, 0, 0);
}

function markTile(item, name, marked) {
  item.tile.setAttribute("aria-selected", String(marked));
  const said = marked ? ", marked as an exception" : "";
  item.tile.setAttribute("aria-label", `${item.fname}, ${name} ${item.confidence.toFixed(2)}${said}`);
}

// A button that shows the grid of another class, with how many wait there.
function classTab(name, code, chosen, count) {
  const waiting = count === undefined ? "" : ` ${count.toLocaleString("en")}`;
  const button = make("button", { type: "button", textContent: `${name}${waiting}` });
  button.dataset.class = code;
  button.setAttribute("aria-pressed", String(chosen));
  return button;
}
