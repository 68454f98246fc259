// The linked part of the missing-value page: figures, choices, pictures, images. What is clicked goes to the server,
// which answers with new data; nothing is decided here.
const html = (text) => String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)

function figures(list) {
  return `<div class="gw-figures">${list.map((f) => `<div title="${html(f.help)}"><div class="gw-name">${html(f.label)}</div>
    <div class="gw-value">${html(f.value)}</div><div class="gw-note">${html(f.note)}</div></div>`).join("")}</div>`
}

function choices(c) {
  const chips = c.chips.map((chip, n) => `<button class="gw-chip" data-event="drop" data-n="${n}" title="Take back: ${html(chip.full)}">${html(chip.text)} <span aria-hidden="true">×</span></button>`).join("")
  return `<div class="gw-choices"><select data-event="pick" aria-label="Only images where"><option value="">Only images where …</option></select>
    ${c.chips.length ? `<strong>${html(c.told)}</strong>${chips}<button class="gw-plain" data-event="clear">Clear all</button>` : `<span class="gw-note">${html(c.told)}</span>`}</div>`
}

function picture(p) {
  const figure = p.figure ? `<div class="gw-plot" data-picture="${html(p.name)}" style="min-height:${p.figure.layout.height}px"></div>` : ""
  const large = p.figure ? `<button class="gw-plain" data-event="large" data-name="${html(p.name)}" title="Larger, with zoom, and to save as a picture" aria-label="Enlarge: ${html(p.title)}">⤢</button>` : ""
  const words = (p.words || []).map((w) => `<p class="${w.quiet ? "gw-note" : ""}">${w.parts.map(([text, strong]) => strong ? `<strong>${html(text)}</strong>` : html(text)).join("")}</p>`).join("")
  return `<section class="gw-picture ${p.wide ? "gw-wide" : ""}">${p.title ? `<h3>${html(p.title)}${large}</h3>` : `<div class="gw-corner">${large}</div>`}
    ${p.beside ? `<div class="gw-pair">${figure}<div>${words}</div></div>` : figure + words}</section>`
}

function images(s) {
  const cards = s.cards.map((c) => `<div class="gw-card">${c.src ? `<img src="${html(c.src)}" alt="">` : `<div class="gw-nofile">no picture file</div>`}
    <div class="gw-line" title="${html(c.name)}">${html(c.name)}</div>${c.cells.map((l) => `<div class="gw-line" title="${html(l.full)}">${l.color ? `<span style="color:${html(l.color)}">●</span> ` : ""}${html(l.text)}</div>`).join("")}</div>`).join("")
  return `<div class="gw-cards">${cards}</div><div class="gw-pages"><button data-event="page" data-n="-1" ${s.previous ? "" : "disabled"}>‹ Previous</button>
    <button data-event="page" data-n="1" ${s.next ? "" : "disabled"}>Next ›</button><span class="gw-note">${html(s.told)}</span></div>`
}

function controls(list) {
  return `<div class="gw-controls">${list.map((c) => c.kind === "segments"
    ? `<div role="radiogroup" aria-label="${html(c.label)}"><div class="gw-name">${html(c.label)}</div><div class="gw-segments">${c.options.map(([value, text]) =>
      `<button role="radio" aria-checked="${value === c.value}" data-event="set" data-name="${html(c.name)}" data-value="${html(value)}">${html(text)}</button>`).join("")}</div></div>`
    : c.kind === "boxes" // one is open, or none
    ? `<div role="group" aria-label="${html(c.label)}" class="gw-boxes">${c.options.map(([value, text]) =>
      `<button aria-expanded="${value === c.value}" data-event="set" data-name="${html(c.name)}" data-value="${value === c.value ? "" : html(value)}">${html(text)}</button>`).join("")}</div>`
    : `<label><div class="gw-name">${html(c.label)}</div><select data-event="set" data-name="${html(c.name)}">${c.options.map(([value, text]) =>
      `<option value="${html(value)}" ${value === c.value ? "selected" : ""}>${html(text)}</option>`).join("")}</select></label>`).join("")}</div>`
}

const PARTS = { figures, choices, images, controls, pictures: (list) => `<div class="gw-pictures">${list.map(picture).join("")}</div>` }

// What outlives a visit to another page: boards by name with all that is drawn in them, and how wide each figure's place
// was in a board of some width. To look at a width anew, in the middle of drawing, makes the browser lay out the page
// twice; where one is wrong by now, the watch below sees it before the page is painted.
const ALT = { gap_matrix: "Row by row: which rows lack which label", gaps_together: "Labels that are missing together", gap_rates: "Share of missing cells by group" }
const boards = new Map(), rooms = new Map()
const sheet = new CSSStyleSheet()
sheet.replaceSync(CSS)
// Once: a style that comes and goes with the board makes the browser style the whole page anew.
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  const root = parentElement.querySelector(".gw-board") || parentElement.appendChild(board(data.name)).firstChild
  root.turn = data.turn
  keep(...data.where)
  root.send = (event) => setTriggerValue("event", { ...event, turn: root.turn })
  // What stays the same is left alone: a list that is open, a picture that is looked at.
  const fresh = []
  while (root.children.length > data.parts.length) root.lastChild.remove()
  data.parts.forEach(([kind, text], n) => {
    const place = root.children[n] || root.appendChild(document.createElement("div"))
    if (place.kind === kind && place.text === text) return
    Object.assign(place, { kind, text, value: JSON.parse(text), className: `gw-${kind}-part` })
    place.innerHTML = PARTS[kind](place.value)
    fresh.push(...place.querySelectorAll(".gw-plot"))
  })
  // All widths first: each look at one after a change makes the browser lay out the page anew.
  root.known ||= root.clientWidth
  const found = fresh.map((place) => room(root, place))
  fresh.forEach((place, n) => plot(root, place, found[n]))
  return () => { root.hint.style.display = "none" }
}

// Keep what is chosen in the address, for a reload or a link; in the entry of the browser's history that is there.
function keep(name, text) {
  const url = new URL(location.href)
  if ((url.searchParams.get(name) ?? "") === text) return
  if (text) url.searchParams.set(name, text)
  else url.searchParams.delete(name)
  history.replaceState(history.state, "", url)
}

function room(root, place) {
  const key = `${root.known} ${place.dataset.picture}`
  if (!rooms.has(key)) rooms.set(key, place.clientWidth)
  return rooms.get(key)
}

function picturesOf(root) {
  return [...root.children].filter((place) => place.kind === "pictures").flatMap((place) => place.value)
}

function plot(root, place, wide) {
  const found = picturesOf(root).find((p) => p.name === place.dataset.picture)
  place.innerHTML = draw(found.figure, Math.max(240, wide), found.title || ALT[found.name] || found.name, found.clickable)
}

// Return a frame with a board in it: the one that was there before, if it is free.
function board(name) {
  const kept = boards.get(name)
  if (kept && !kept.isConnected) return kept
  const frame = document.createElement("div"), root = document.createElement("div"), hint = document.createElement("div")
  Object.assign(frame, { className: "gw-frame" }).append(root, hint)
  Object.assign(root, { className: "gw-board", hint })
  hint.className = "gw-tip"
  listen(root, hint)
  boards.set(name, frame)
  return frame
}

function listen(root, hint) {
  const under = (event) => {
    const thing = event.target.closest?.("[data-t]")
    if (!thing) return null
    const name = thing.closest(".gw-plot").dataset.picture
    const found = picturesOf(root).find((p) => p.name === name)
    if (!found) return null
    const trace = found.figure.data[thing.dataset.t], i = Number(thing.dataset.i)
    return { name, trace, i, at: found.clickable && trace.customdata ? trace.customdata[i] : null }
  }
  root.addEventListener("click", (event) => {
    const found = under(event)
    if (found?.at) return root.send({ what: "click", picture: found.name, at: found.at })
    const button = event.target.closest?.("button[data-event]")
    if (button?.dataset.event === "set") root.send({ what: "set", name: button.dataset.name, value: button.dataset.value })
    else if (button) root.send({ what: button.dataset.event, n: Number(button.dataset.n ?? 0), picture: button.dataset.name })
  })
  // Some hundred options, made when somebody is about to look at them.
  const fill = (event) => {
    const list = event.target.closest?.("select[data-event=pick]")
    if (!list || list.length > 1) return
    const { options } = [...root.children].find((place) => place.kind === "choices").value
    list.append(...options.map((text, n) => new Option(text, n)))
  }
  for (const kind of ["pointerover", "pointerdown", "focusin"]) root.addEventListener(kind, fill)
  root.addEventListener("change", (event) => {
    const list = event.target
    if (list.dataset.event === "set") return root.send({ what: "set", name: list.dataset.name, value: list.value })
    if (list.dataset.event !== "pick" || list.value === "") return
    root.send({ what: "pick", n: Number(list.value), text: list.selectedOptions[0].textContent })
    list.value = ""
  })
  root.addEventListener("mousemove", (event) => {
    const found = under(event), lines = found ? tip(found.trace, found.i) : []
    hint.style.display = lines.length ? "block" : "none"
    if (!lines.length) return
    hint.replaceChildren(...lines.map((line) => Object.assign(document.createElement("div"), { textContent: line })))
    const box = root.parentElement.getBoundingClientRect()
    hint.style.left = `${Math.min(event.clientX - box.left + 14, box.width - hint.offsetWidth - 4)}px`
    hint.style.top = `${event.clientY - box.top + 16}px`
  })
  root.addEventListener("mouseleave", () => { hint.style.display = "none" })
  new ResizeObserver(() => {
    if (!root.clientWidth || root.clientWidth === root.known) return
    root.known = root.clientWidth
    const places = [...root.querySelectorAll(".gw-plot")], found = places.map((place) => room(root, place))
    places.forEach((place, n) => plot(root, place, found[n]))
  }).observe(root)
}
