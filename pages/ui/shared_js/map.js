// Activation maps from their cells, coloured as core/explain/overlay.py colours them.

const FINE = 96; // pixels of a map's longer side, at least: the browser's own scaling of 7 x 7 cells shows diamonds

// What the server sends as base64.
function bytesOf(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

// Draw a map, as fine as its cells need; CSS makes it as large as its picture, and its `opacity` is the strongest cell's.
// Where the map is 0 the picture is untouched. `colors` are 256 x RGB, flat.
function paintMap(canvas, { cells, height, width }, colors, fine = FINE) {
  const times = Math.max(1, Math.ceil(fine / Math.max(height, width)));
  const tall = enlarged(cells, height, width, times); // turned: (width, height * times)
  const values = enlarged(tall, width, height * times, times); // turned back: (height * times, width * times)
  const inks = inksOf(colors);
  Object.assign(canvas, { width: width * times, height: height * times });
  const pixels = new ImageData(canvas.width, canvas.height);
  const words = new Uint32Array(pixels.data.buffer);
  for (let i = 0; i < words.length; i += 1) words[i] = inks[Math.max(0, Math.min(255, values[i])) | 0]; // bicubic overshoots at peaks
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

// The colour of each value, as opaque as it is strong, as one word of an image's bytes.
function inksOf(colors) {
  if (inkTables.has(colors)) return inkTables.get(colors);
  const bytes = new Uint8ClampedArray(1024);
  for (let value = 0; value < 256; value += 1) bytes.set([...colors.subarray(3 * value, 3 * value + 3), value], 4 * value);
  inkTables.set(colors, new Uint32Array(bytes.buffer));
  return inkTables.get(colors);
}

const inkTables = new WeakMap();

// Rows of an image, `times` as many of them, as columns: bicubic (Keys 1981, a = -1/2), at the border by the rows there are.
function enlarged(values, height, width, times) {
  const result = new Float32Array(height * times * width); // (width, height * times)
  for (let y = 0; y < height * times; y += 1) {
    const at = (y + 0.5) / times - 0.5;
    const first = Math.max(0, Math.floor(at) - 1);
    const last = Math.min(height - 1, Math.floor(at) + 2);
    let sum = 0;
    for (let row = first; row <= last; row += 1) sum += cubic(Math.abs(at - row));
    for (let row = first; row <= last; row += 1) {
      const weight = cubic(Math.abs(at - row)) / sum;
      for (let x = 0; x < width; x += 1) result[x * height * times + y] += weight * values[row * width + x];
    }
  }
  return result;
}

function cubic(far) {
  if (far < 1) return (1.5 * far - 2.5) * far * far + 1;
  return far < 2 ? ((-0.5 * far + 2.5) * far - 4) * far + 2 : 0;
}
