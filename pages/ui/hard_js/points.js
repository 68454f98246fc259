// Many points as pixels, written straight into a picture: 100,000 of them take some milliseconds, without WebGL, which
// a browser on a machine without a graphics card does not have or draws by the processor, too.

const NEAR = 8; // pixels around the pointer within which a point is meant
const CELLS = 256; // of the index along each side
const ROUND = 0.8; // how much farther than its radius a dot of few pixels reaches, to look round
const FILLS = 4_000_000; // pixels that one drawing may write, at most: dots are as large as this allows

class Points {
  // x and y are in 0..1, from the upper left; `kind` is a number below 256 for each point, its colour.
  constructor(x, y) {
    Object.assign(this, { x, y, count: x.length });
    this.kind = new Uint8Array(x.length);
    this.order = Uint32Array.from(x, (_, i) => i);
    this.chosen = null; // Uint8Array, 1 where chosen; null where nothing is
    this.index();
  }

  // Points by cell of a grid, to find the one under the pointer.
  index() {
    const starts = new Uint32Array(CELLS * CELLS + 1), at = new Uint16Array(this.count);
    for (let i = 0; i < this.count; i += 1) {
      at[i] = this.cell(this.y[i]) * CELLS + this.cell(this.x[i]);
      starts[at[i] + 1] += 1;
    }
    for (let c = 0; c < CELLS * CELLS; c += 1) starts[c + 1] += starts[c];
    const free = starts.slice(), found = new Uint32Array(this.count);
    for (let i = 0; i < this.count; i += 1) found[free[at[i]]++] = i;
    Object.assign(this, { starts, found });
  }

  cell(value) {
    return Math.max(0, Math.min(CELLS - 1, Math.floor(value * CELLS)));
  }

  // `front` says how far in front each kind lies: rare ones and wrong ones are not to be hidden by the many.
  paint(kind, front) {
    this.kind = kind;
    const places = new Uint32Array(257);
    for (let i = 0; i < this.count; i += 1) places[front[kind[i]] + 1] += 1;
    for (let k = 0; k < 256; k += 1) places[k + 1] += places[k];
    for (let i = 0; i < this.count; i += 1) this.order[places[front[kind[i]]]++] = i;
  }

  // How many pixels a dot has from its middle outwards.
  radius(view, shown, ratio) {
    const part = Math.min(1, 1 / (view.scale * view.scale)), visible = Math.max(1, shown * part);
    const room = Math.sqrt((0.25 * view.width * view.height) / (Math.PI * visible));
    const budget = Math.sqrt(FILLS / (4 * Math.max(1, shown)));
    return Math.max(1, Math.min(Math.round(room), Math.round(5 * ratio), Math.floor(budget * Math.max(1, Math.sqrt(view.scale)))));
  }

  // Write all points into 32-bit pixels. `view` has width, height, scale and the left upper corner (left, top, of 0..1);
  // `colors` are 32-bit by kind, `pale` the same for what is not chosen, 0 where a kind is hidden; `ground` is behind.
  draw(pixels, view, colors, pale, ground, ratio) {
    pixels.fill(ground);
    const { width, height } = view, { x, y, kind, order, chosen } = this;
    const sx = view.spanX * view.scale, sy = view.spanY * view.scale;
    const ox = view.padX - view.left * sx, oy = view.padY - view.top * sy;
    const r = this.radius(view, this.count, ratio), stamp = disc(r, width), rim = r > 3 ? ring(r, width) : null;
    const reach = rim ? r + 1 : r;
    // What is chosen comes in a second pass, in front of all that is not.
    for (let pass = chosen ? 0 : 1; pass < 2; pass += 1) {
      const table = chosen && !pass ? pale : colors;
      for (let k = 0; k < order.length; k += 1) {
        const i = order[k], color = table[kind[i]];
        if (!color || (chosen && chosen[i] !== pass)) continue;
        const px = (x[i] * sx + ox) | 0, py = (y[i] * sy + oy) | 0;
        if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
        const at = py * width + px;
        if (rim) for (let s = 0; s < rim.length; s += 1) pixels[at + rim[s]] = ground;
        for (let s = 0; s < stamp.length; s += 1) pixels[at + stamp[s]] = color;
      }
    }
    return r;
  }

  // The point nearest to a place in pixels, -1 for none; hidden ones are not there.
  nearest(view, px, py, colors, reach) {
    const sx = view.spanX * view.scale, sy = view.spanY * view.scale;
    const ux = (px - view.padX) / sx + view.left, uy = (py - view.padY) / sy + view.top;
    const rx = reach / sx, ry = reach / sy;
    let best = -1, least = reach * reach;
    for (let row = this.cell(uy - ry); row <= this.cell(uy + ry); row += 1) {
      for (let n = this.starts[row * CELLS + this.cell(ux - rx)]; n < this.starts[row * CELLS + this.cell(ux + rx) + 1]; n += 1) {
        const i = this.found[n];
        if (!colors[this.kind[i]]) continue;
        const dx = (this.x[i] - ux) * sx, dy = (this.y[i] - uy) * sy, far = dx * dx + dy * dy;
        if (far < least) [best, least] = [i, far];
      }
    }
    return best;
  }

  // Points inside a polygon, [[x, y], …] of 0..1, that are shown: a Uint8Array of 0 and 1.
  inside(polygon, colors) {
    const found = new Uint8Array(this.count), n = polygon.length;
    const xs = Float64Array.from(polygon, (p) => p[0]), ys = Float64Array.from(polygon, (p) => p[1]);
    const left = Math.min(...xs), right = Math.max(...xs), top = Math.min(...ys), bottom = Math.max(...ys);
    for (let i = 0; i < this.count; i += 1) {
      const px = this.x[i], py = this.y[i];
      if (px < left || px > right || py < top || py > bottom || !colors[this.kind[i]]) continue;
      let odd = 0; // a ray to the right crosses the border so often
      for (let a = 0, b = n - 1; a < n; b = a, a += 1) {
        if (ys[a] > py !== ys[b] > py && px < ((xs[b] - xs[a]) * (py - ys[a])) / (ys[b] - ys[a]) + xs[a]) odd ^= 1;
      }
      found[i] = odd;
    }
    return found;
  }
}

const stamps = new Map();

function disc(r, width) {
  return stamped(`disc ${r} ${width}`, (dx, dy) => dx * dx + dy * dy <= r * r + ROUND * r, r, width);
}

function ring(r, width) {
  const outer = (r + 1) * (r + 1) + ROUND * r, inner = r * r + ROUND * r;
  return stamped(`ring ${r} ${width}`, (dx, dy) => dx * dx + dy * dy <= outer && dx * dx + dy * dy > inner, r + 1, width);
}

function stamped(key, within, reach, width) {
  if (!stamps.has(key)) {
    const found = [];
    for (let dy = -reach; dy <= reach; dy += 1) {
      for (let dx = -reach; dx <= reach; dx += 1) if (within(dx, dy)) found.push(dy * width + dx);
    }
    if (stamps.size > 60) stamps.clear(); // windows of many widths
    stamps.set(key, Int32Array.from(found));
  }
  return stamps.get(key);
}

// "#rrggbb" as the 32 bits of a picture's pixel.
function packed(color) {
  const [r, g, b] = channels(color);
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

function channels(color) {
  if (color[0] !== "#") return color.match(/[\d.]+/g).slice(0, 3).map(Number);
  const whole = color.length === 4 ? [...color.slice(1)].map((c) => c + c).join("") : color.slice(1);
  return [0, 2, 4].map((n) => parseInt(whole.slice(n, n + 2), 16));
}

// A colour so far (0..1) towards another.
function blend(color, other, share) {
  const a = channels(color), b = channels(other);
  return `#${a.map((v, i) => Math.round(v + (b[i] - v) * share).toString(16).padStart(2, "0")).join("")}`;
}
