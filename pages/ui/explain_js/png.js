// Saving what is seen: pictures, maps and captions drawn on one canvas in the browser.

const GAP = 16;
const LINE = 1.35; // times the letters' size
const WIDEST = 8000; // pixels of a side; browsers refuse canvases of more than some 16,000
const TALLEST = 15000;

// `cells` are { picture, map, opacity, ratio, lines, zoom, at, swipe }, `wide` pixels each, `ratio` of their boxes.
function savePng(sheet, name) {
  const across = Math.max(1, Math.min(sheet.columns, sheet.cells.length));
  const widest = Math.min(sheet.wide, Math.floor((WIDEST - GAP) / across) - GAP);
  const most = Math.floor((TALLEST / Math.ceil(sheet.cells.length / across)) * sheet.ratio * 0.7); // words take the rest
  const canvas = drawn(sheet, across, Math.max(64, Math.min(widest, most)));
  return canvas.toBlob((blob) => {
    if (!blob) return; // larger than this browser's canvases
    const link = make("a", { href: URL.createObjectURL(blob), download: `${name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }, "image/png");
}

function drawn({ cells, ratio, title }, across, width) {
  const letters = Math.max(13, Math.round(width / 34));
  const canvas = make("canvas");
  const pen = canvas.getContext("2d");
  pen.font = fontOf(letters);
  const high = Math.round(width / ratio);
  const texts = cells.map((cell) => cell.lines.flatMap((line) => wrapped(pen, line, width)));
  const head = wrapped(pen, title, across * (width + GAP) - GAP);
  const rows = Math.ceil(cells.length / across);
  const lines = Array.from({ length: rows }, (_, row) => Math.max(...texts.slice(row * across, (row + 1) * across).map((text) => text.length)));
  const top = GAP + head.length * letters * LINE + GAP / 2;
  const tops = lines.map((_, row) => top + lines.slice(0, row).reduce((sum, count) => sum + high + (count + 0.6) * letters * LINE + GAP, 0));
  canvas.width = across * (width + GAP) + GAP;
  canvas.height = Math.ceil(tops.at(-1) + high + (lines.at(-1) + 0.6) * letters * LINE + GAP);
  Object.assign(pen, { fillStyle: "white" });
  pen.fillRect(0, 0, canvas.width, canvas.height);
  write(pen, head, GAP, GAP, letters, "bold ");
  cells.forEach((cell, i) => {
    const [x, y] = [GAP + (i % across) * (width + GAP), tops[Math.floor(i / across)]];
    drawCell(pen, cell, x, y, width, high);
    write(pen, texts[i], x, y + high + letters * 0.3, letters);
  });
  return canvas;
}

function drawCell(pen, { picture, map, opacity, ratio, zoom = 1, at = [0, 0], swipe = 0 }, x, y, width, high) {
  const scale = Math.min(width, high * ratio);
  const [w, h] = [scale * zoom, (scale / ratio) * zoom];
  const left = x + width / 2 + (at[0] * w) / zoom - w / 2;
  const top = y + high / 2 + (at[1] * h) / zoom - h / 2;
  pen.save();
  pen.beginPath();
  pen.rect(x, y, width, high);
  pen.clip();
  pen.fillStyle = "#eee";
  pen.fillRect(x, y, width, high);
  pen.imageSmoothingQuality = "high";
  if (picture) pen.drawImage(picture, left, top, w, h);
  if (map) {
    pen.beginPath();
    pen.rect(x + swipe * width, y, width, high);
    pen.clip();
    pen.globalAlpha = opacity;
    pen.drawImage(map, left, top, w, h);
  }
  pen.restore();
}

function fontOf(letters) {
  return `${letters}px system-ui, sans-serif`;
}

function write(pen, lines, x, y, letters, weight = "") {
  Object.assign(pen, { fillStyle: "black", textBaseline: "top", font: `${weight}${fontOf(letters)}` });
  lines.forEach((line, i) => pen.fillText(line, x, y + i * letters * LINE));
}

// Break a text into lines that fit.
function wrapped(pen, text, width) {
  const lines = [""];
  const parts = text.split(" ").flatMap((word) => fitting(pen, word, width));
  for (const word of parts) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (lines.at(-1) && pen.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// A word in pieces that fit: a file's name may be wider than its picture.
function fitting(pen, word, width) {
  const pieces = [];
  let rest = word;
  while (rest.length > 1 && pen.measureText(rest).width > width) {
    let n = rest.length - 1;
    while (n > 1 && pen.measureText(rest.slice(0, n)).width > width) n -= 1;
    pieces.push(rest.slice(0, n));
    rest = rest.slice(n);
  }
  return [...pieces, rest];
}

// A name that every file system takes.
function plainName(text) {
  return text.replace(/\.[A-Za-z0-9]{1,5}$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|-+$/g, "").slice(-80) || "picture";
}
