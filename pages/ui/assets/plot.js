// Draws the part of plotly's figures that the missing-value page has: bars, points, heat maps, frames.
// Plotly itself takes a third of a second for such a page, this takes some milliseconds. `core/charts` makes the figures.

const INK = "var(--st-text-color)", FAINT = "rgba(127, 127, 127, 0.25)", SIZE = 12, LINE = 15
const pen = document.createElement("canvas").getContext("2d")
pen.font = `${SIZE}px sans-serif`
const widths = new Map() // measuring takes most of the time that a picture takes

// Texts of a figure are HTML for plotly, with its own escapes: they are read, then written for SVG.
function read(text) {
  return String(text ?? "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&")
}
function write(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
function label(text) {
  return write(read(text))
}
function width(text) {
  if (!widths.has(text)) widths.set(text, pen.measureText(read(text)).width)
  return widths.get(text)
}

export function format(value, how) {
  if (value == null) return ""
  if (how && how.endsWith("%")) return `${(100 * value).toFixed(Number(how.replace(/\D/g, "")) || 0)}%`
  const digits = Number.isInteger(value) ? 0 : value < 10 ? 2 : 1
  return value.toLocaleString("en-US", { maximumFractionDigits: digits })
}

// What a mouse over a thing says: plotly's templates, as far as the figures use them. Lines of plain text.
export function tip(trace, i) {
  if (!trace.hovertemplate) return []
  const at = (name, place) => {
    const value = trace[name]
    const one = Array.isArray(value) ? value[i] : value
    return place == null ? one : one?.[place]
  }
  const text = trace.hovertemplate.replace(/<extra>.*<\/extra>/, "")
    .replace(/%\{(\w+)(?:\[(\d+)\])?(?::([^}]*))?\}/g, (_, name, place, how) => {
      const value = at(name, place)
      return typeof value === "number" ? format(value, how) : value ?? ""
    })
  return text.split("<br>").map(read)
}

function ticks(low, high, room) {
  const rough = (high - low) / Math.max(2, room / 70)
  const power = 10 ** Math.floor(Math.log10(rough || 1))
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough) || power
  const found = []
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-6; v += step) found.push(Math.abs(v) < step * 1e-6 ? 0 : v)
  return found
}

class Axis {
  constructor(settings, data) {
    this.settings = settings || {}
    let [low, high] = this.settings.range || data
    if (!this.settings.range && this.settings.autorange === "reversed") [low, high] = [high, low]
    this.low = low
    this.high = low === high ? low + 1 : high
  }
  place(from, to) {
    this.from = from
    this.to = to
    return this
  }
  at(value) {
    return this.from + ((value - this.low) / (this.high - this.low)) * (this.to - this.from)
  }
  get unit() {
    return Math.abs((this.to - this.from) / (this.high - this.low))
  }
  get marks() {
    const s = this.settings
    if (s.showticklabels === false) return []
    if (s.tickvals) return s.tickvals.map((v, i) => [v, s.ticktext[i]])
    const ends = [this.low, this.high].sort((a, b) => a - b)
    return ticks(ends[0], ends[1], Math.abs(this.to - this.from)).map((v) => [v, format(v, s.tickformat)])
  }
  get title() {
    return this.settings.title?.text || ""
  }
}

const many = (value, i) => (Array.isArray(value) ? value[i] : value)

// Bars that are stacked begin where those before them end.
function bars(traces) {
  const ends = new Map()
  return traces.filter((t) => t.type === "bar").map((trace) => {
    const flat = trace.orientation === "h"
    const along = flat ? trace.x : trace.y, across = flat ? trace.y : trace.x
    const spans = along.map((value, i) => {
      const key = `${trace.xaxis || "x"}:${across[i]}`
      const start = trace.base ?? ends.get(key) ?? 0
      if (trace.base == null) ends.set(key, start + value)
      return [start, start + value]
    })
    return { trace, flat, across, spans }
  })
}

function extent(traces, stacks, which) {
  let low = Infinity, high = -Infinity
  const see = (...values) => values.forEach((v) => { if (v != null) { low = Math.min(low, v); high = Math.max(high, v) } })
  const here = (trace) => (trace.xaxis || "x") === (which.at(-1) === "2" ? "x2" : "x")
  for (const { trace, flat, across, spans } of stacks) {
    if (!here(trace)) continue
    if (flat === (which[0] === "x")) see(0, ...spans.flat())
    else see(...across.map((v) => v - 0.5), ...across.map((v) => v + 0.5))
  }
  for (const trace of traces.filter((t) => t.type === "scatter" && here(t))) {
    const values = trace[which[0]]
    see(...values)
    if (which[0] === "y" && trace.error_y) values.forEach((v, i) => see(v + trace.error_y.array[i], v - trace.error_y.arrayminus[i]))
  }
  if (!Number.isFinite(low)) return [0, 1]
  const numbers = which[0] === "x" ? stacks.some((s) => s.flat) : !stacks.some((s) => s.flat)
  return numbers ? [Math.min(0, low), high + (high - low) * 0.05] : [low, high]
}

function mix(scale, share) {
  const parse = (c) => c[0] === "#" ? [1, 3, 5].map((n) => parseInt(c.slice(n, n + 2), 16)).concat(1)
    : c.match(/[\d.]+/g).map(Number)
  let n = scale.findIndex(([stop]) => stop >= share)
  if (n <= 0) n = 1
  const [[a, one], [b, two]] = [scale[n - 1], scale[n]]
  const part = Math.min(1, Math.max(0, (share - a) / (b - a || 1)))
  const [p, q] = [parse(one), parse(two)]
  return p.map((v, k) => v + ((q[k] ?? 1) - v) * part)
}

function heat(trace, x, y) {
  const share = (v) => (v - trace.zmin) / (trace.zmax - trace.zmin)
  if (trace.z.bytes !== undefined) { // shares of many rows, as bytes
    const { rows, columns, bytes } = trace.z, levels = atob(bytes), canvas = document.createElement("canvas")
    canvas.width = columns
    canvas.height = rows
    const brush = canvas.getContext("2d"), image = brush.createImageData(columns, rows)
    const known = Array.from({ length: 256 }, (_, v) => mix(trace.colorscale, v / 255).map((c, k) => k < 3 ? c : 255 * c))
    for (let n = 0; n < levels.length; n++) image.data.set(known[levels.charCodeAt(n)], 4 * n)
    brush.putImageData(image, 0, 0)
    const left = x.at(-0.5), right = x.at(columns - 0.5)
    let found = `<image href="${canvas.toDataURL()}" x="${left}" y="${y.to < y.from ? y.to : y.from}" width="${right - left}"
      height="${Math.abs(y.to - y.from)}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`
    for (let j = 1; j < columns; j++) found += `<line x1="${x.at(j - 0.5)}" x2="${x.at(j - 0.5)}" y1="${y.from}" y2="${y.to}"
      stroke="var(--st-background-color)" stroke-width="2"/>`
    return found
  }
  return trace.z.flatMap((row, i) => row.map((v, j) => { // a map of labels: cells apart, each with its number
    if (v == null) return ""
    const [x0, x1] = [x.at(j - 0.5) + 1, x.at(j + 0.5) - 1], [y0, y1] = [y.at(i - 0.5), y.at(i + 0.5)].sort((a, b) => a - b)
    const [r, g, b] = mix(trace.colorscale, share(v))
    const ink = 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#1F2933" : "#FFFFFF"
    return `<rect x="${x0}" y="${y0 + 1}" width="${Math.max(0, x1 - x0)}" height="${Math.max(0.3, y1 - y0 - 2)}" fill="rgb(${r | 0},${g | 0},${b | 0})"/>
      ${trace.text ? `<text x="${(x0 + x1) / 2}" y="${(y0 + y1) / 2}" class="gw-in" fill="${ink}">${label(trace.text[i][j])}</text>` : ""}`
  })).join("")
}

function hit(trace, t, i, clickable) {
  return clickable && trace.customdata ? `data-t="${t}" data-i="${i}" class="gw-hit"` : trace.hovertemplate ? `data-t="${t}" data-i="${i}"` : ""
}

function barShapes({ trace, flat, across, spans }, t, x, y, gap, clickable) {
  return spans.map(([start, stop], i) => {
    const thick = (many(trace.width, i) ?? 1 - gap) * (flat ? y : x).unit
    const middle = (flat ? y : x).at(across[i])
    const [a, b] = [(flat ? x : y).at(start), (flat ? x : y).at(stop)].sort((p, q) => p - q)
    if (b - a < 0.01 && !trace.base) return ""
    const box = flat ? `x="${a}" y="${middle - thick / 2}" width="${b - a}" height="${thick}"`
      : `x="${middle - thick / 2}" y="${a}" width="${thick}" height="${b - a}"`
    const found = `<rect ${box} fill="${write(many(trace.marker.color, i))}" opacity="${many(trace.marker.opacity, i) ?? 1}"
      ${hit(trace, t, i, clickable)}/>`
    const text = many(trace.text, i)
    if (!text) return found
    if (trace.textposition === "outside") {
      const turned = trace.textangle ? ` transform="rotate(${trace.textangle} ${middle} ${a - 4})" text-anchor="start" dominant-baseline="middle"`
        : ` text-anchor="middle"`
      return `${found}<text x="${middle}" y="${a - 4}" fill="${INK}"${turned}>${label(text)}</text>`
    }
    if (width(text) > b - a - 4 || thick < LINE) return found // a number that does not fit says nothing
    return `${found}<text x="${(a + b) / 2}" y="${middle}" class="gw-in" fill="${write(many(trace.insidetextfont?.color, i) || INK)}">${label(text)}</text>`
  }).join("")
}

// Points that nothing is said of and nothing is done with: one shape for all that look alike.
function dots(trace, x, y) {
  const m = trace.marker, alike = new Map()
  trace.x.forEach((v, i) => {
    const open = many(m.symbol, i) === "circle-open", r = m.size / 2 - (open ? 1 : 0)
    const look = `${open ? `fill="none" stroke="${write(many(m.color, i))}" stroke-width="2"` : `fill="${write(many(m.color, i))}"`} opacity="${many(m.opacity, i) ?? 1}"`
    alike.set(look, `${alike.get(look) ?? ""}M${x.at(v) - r} ${y.at(trace.y[i])}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`)
  })
  return [...alike].map(([look, path]) => `<path d="${path}" ${look}/>`).join("")
}

function pointShapes(trace, t, x, y, clickable) {
  if (trace.hoverinfo === "skip" && !trace.customdata) return dots(trace, x, y)
  return trace.x.map((v, i) => {
    const [cx, cy] = [x.at(v), y.at(trace.y[i])], m = trace.marker, color = write(many(m.color, i)), r = m.size / 2
    const open = many(m.symbol, i) === "circle-open", opacity = many(m.opacity, i) ?? 1
    let found = ""
    if (trace.error_y) {
      const [top, low] = [y.at(trace.y[i] + trace.error_y.array[i]), y.at(trace.y[i] - trace.error_y.arrayminus[i])]
      found = `<path d="M${cx} ${top}V${low}M${cx - 4} ${top}h8M${cx - 4} ${low}h8" stroke="${color}" stroke-width="1.5" opacity="${opacity}"/>`
    }
    if (m.symbol === "square") {
      return `${found}<rect x="${cx - r}" y="${cy - r}" width="${2 * r}" height="${2 * r}" fill="${color || "#000"}" opacity="${opacity}" ${hit(trace, t, i, clickable)}/>`
    }
    return `${found}<circle cx="${cx}" cy="${cy}" r="${open ? r - 1 : r}" fill="${open ? "transparent" : color}"
      ${open ? `stroke="${color}" stroke-width="2"` : ""} opacity="${opacity}" ${hit(trace, t, i, clickable)}/>`
  }).join("")
}

function axisShapes(axis, sideways, box, flip) {
  const s = axis.settings
  let found = ""
  for (const [value, text] of axis.marks) {
    const at = axis.at(value)
    if (sideways) {
      if (s.showgrid !== false) found += `<line x1="${at}" x2="${at}" y1="${box.top}" y2="${box.bottom}" stroke="${FAINT}"/>`
      found += axis.turned
        ? `<text x="${at}" y="${flip ? box.top - 8 : box.bottom + 10}" text-anchor="${flip ? "start" : "end"}" transform="rotate(-40 ${at} ${flip ? box.top - 8 : box.bottom + 10})" fill="${INK}">${label(text)}</text>`
        : `<text x="${at}" y="${flip ? box.top - 8 : box.bottom + 16}" text-anchor="middle" fill="${INK}">${label(text)}</text>`
    } else {
      if (s.showgrid !== false) found += `<line x1="${box.left}" x2="${box.right}" y1="${at}" y2="${at}" stroke="${FAINT}"/>`
      found += `<text x="${box.left - 6}" y="${at}" text-anchor="end" dominant-baseline="central" fill="${INK}">${label(text)}</text>`
    }
  }
  if (axis.title && sideways) found += `<text x="${(box.left + box.right) / 2}" y="${box.foot}" text-anchor="middle" fill="${INK}">${label(axis.title)}</text>`
  if (axis.title && !sideways) found += `<text transform="translate(10 ${(box.top + box.bottom) / 2}) rotate(-90)" text-anchor="middle" dominant-baseline="central" fill="${INK}">${label(axis.title)}</text>`
  return found
}

function shapes(figure, x, y) {
  return (figure.layout.shapes || []).map((s) => {
    const across = s.xref === "x domain" ? (v) => x.from + v * (x.to - x.from) : (v) => x.at(v)
    const [x0, x1] = [across(s.x0), across(s.x1)].sort((a, b) => a - b), [y0, y1] = [y.at(s.y0), y.at(s.y1)].sort((a, b) => a - b)
    const stroke = s.line?.width === 0 ? "" : `stroke="${write(s.line?.color || INK)}" stroke-width="${s.line?.width ?? 2}" ${s.line?.dash ? 'stroke-dasharray="3 4"' : ""}`
    if (s.type === "line") return `<line x1="${x0}" x2="${x1}" y1="${y0}" y2="${y1}" ${stroke}/>`
    return `<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="${write(s.fillcolor || "none")}" ${stroke} pointer-events="none"/>`
  }).join("")
}

// Return a figure as SVG for a width in pixels.
export function draw(figure, room, name, clickable) {
  const layout = figure.layout, traces = figure.data, stacks = bars(traces)
  const axes = {}
  for (const key of ["xaxis", "yaxis", "xaxis2", "yaxis2"]) {
    if (layout[key]) axes[key] = new Axis(layout[key], extent(traces, stacks, key.replace("axis", "")))
  }
  const widest = Math.max(0, ...["yaxis", "yaxis2"].filter((k) => axes[k])
    .flatMap((k) => axes[k].place(layout.height, 0).marks.map(([, text]) => width(text))))
  const titled = ["yaxis", "yaxis2"].some((k) => axes[k]?.title)
  const left = Math.ceil(widest) + 14 + (titled ? 18 : 0), right = room - 12
  const { xaxis } = axes, above = xaxis.settings.side === "top"
  const named = xaxis.settings.tickvals ? xaxis.settings.ticktext : []
  // Names that would run into each other are turned.
  xaxis.turned = named.length > 1 && Math.max(...named.map((n) => width(n))) > (right - left) / named.length - 6
  const long = xaxis.turned ? Math.max(...named.map((n) => width(n))) * 0.65 + 12 : LINE + 6
  const shown = xaxis.settings.showticklabels !== false
  const legend = layout.showlegend ? 24 : 0
  const top = legend + (above ? long + 6 : layout.margin?.t ?? 8) + 4
  const foot = (shown && !above ? long : 0) + (xaxis.title ? 20 : 0) + 6
  const high = layout.height - top - foot
  const frame = (axis) => {
    const [low, up] = axis.settings.domain || [0, 1]
    return { left, right, top: top + (1 - up) * high, bottom: top + (1 - low) * high, foot: layout.height - 5 }
  }
  let x1 = right
  if (xaxis.settings.scaleanchor) { // cells are square, as what is clicked in them
    const unit = Math.min((right - left) / Math.abs(xaxis.high - xaxis.low), high / Math.abs(axes.yaxis.high - axes.yaxis.low))
    x1 = left + unit * Math.abs(xaxis.high - xaxis.low)
    const box = frame(axes.yaxis)
    axes.yaxis.place(box.top + unit * Math.abs(axes.yaxis.high - axes.yaxis.low), box.top)
  } else {
    for (const key of ["yaxis", "yaxis2"]) if (axes[key]) { const box = frame(axes[key]); axes[key].place(box.bottom, box.top) }
  }
  for (const key of ["xaxis", "xaxis2"]) axes[key]?.place(left, x1)
  let body = ""
  for (const key of ["yaxis", "yaxis2"]) {
    if (!axes[key]) continue
    const box = { ...frame(axes[key]), right: x1, top: axes[key].to, bottom: axes[key].from }
    body += axisShapes(axes[key], false, box)
    if (key === "yaxis") body += axisShapes(xaxis, true, box, above)
  }
  let n = 0
  traces.forEach((trace, t) => {
    const second = trace.xaxis === "x2"
    const x = second ? axes.xaxis2 : xaxis, y = second ? axes.yaxis2 : axes.yaxis
    if (trace.type === "heatmap") body += heat(trace, x, y)
    else if (trace.type === "bar") body += barShapes(stacks[n++], t, x, y, layout.bargap ?? 0.2, clickable)
    else body += pointShapes(trace, t, x, y, clickable)
  })
  body += shapes(figure, xaxis, axes.yaxis)
  let at = left
  const entries = layout.showlegend ? traces.filter((t) => t.name && t.showlegend !== false).map((t) => {
    const found = `<rect x="${at}" y="4" width="12" height="12" fill="${write(many(t.marker.color, 0))}"/><text x="${at + 17}" y="14" fill="${INK}">${label(t.name)}</text>`
    at += width(t.name) + 36
    return found
  }).join("") : ""
  return `<svg width="${room}" height="${layout.height}" viewBox="0 0 ${room} ${layout.height}" role="img" aria-label="${write(name)}"
    font-size="${SIZE}">${entries}${body}</svg>`
}
