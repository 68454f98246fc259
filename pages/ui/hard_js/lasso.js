// A lasso as a line of few corners, which fits into an address.

const STRAIGHT = 1; // CSS pixels that a corner may lie off the line between its neighbours
const DIGITS = 4; // digits of a corner in the address

// Without the corners that lie on a straight line (Ramer 1972; Douglas and Peucker 1973).
function simplified(line, ratio) {
  const kept = new Set([0, line.length - 1]), waiting = [[0, line.length - 1]];
  while (waiting.length) {
    const [from, to] = waiting.pop(), [ax, ay] = line[from], [bx, by] = line[to], length = Math.hypot(bx - ax, by - ay);
    let most = STRAIGHT * ratio, farthest = -1;
    for (let i = from + 1; i < to; i += 1) {
      const [x, y] = line[i];
      const off = length ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length : Math.hypot(x - ax, y - ay);
      if (off > most) [most, farthest] = [off, i];
    }
    if (farthest < 0) continue;
    kept.add(farthest);
    waiting.push([from, farthest], [farthest, to]);
  }
  return line.filter((_, i) => kept.has(i));
}

// A link chooses exactly what was chosen when it was made.
function rounded(polygon) {
  return polygon.map((at) => at.map((v) => Number(v.toFixed(DIGITS))));
}

function written(polygon) {
  return polygon.map((at) => at.join("_")).join("~");
}

// An address may come from anybody: null for what is no polygon.
function read(text) {
  const polygon = (text ?? "").split("~").slice(0, 2000).map((at) => at.split("_").map(Number));
  return polygon.length > 2 && polygon.every((at) => at.length === 2 && at.every(Number.isFinite)) ? polygon : null;
}
