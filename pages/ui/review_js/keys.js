// Which key does what: the defaults, what a person made of them (kept in this browser for a workspace and reviewer),
// and the help that shows and changes them.

const ACTIONS = {
  accept: ["a", "accept what is proposed; in the grid, all that are not marked"],
  reject: ["x", "reject it: with two classes that stores the other one; in the grid, the marked ones"],
  skip: [" ", "skip: it comes back at the end; in the grid, mark an exception"],
  undo: ["backspace", "take back the last answer or grid, and the one before, as far as you like"],
  flag: ["f", "flag for a second look: it comes back at the end; in the grid, the marked ones"],
  grid: ["g", "many pictures with the same proposal at once, and back"],
  map: ["m", "show where the network looked, and keep showing it"],
  note: ["n", "write a note on the picture"],
  larger: ["+", "zoom in"],
  smaller: ["-", "zoom out"],
  fit: ["0", "show the whole picture"],
  help: ["?", "these keys"],
};
const FIXED = ["escape", "enter", "tab", "shift", "control", "alt", "meta", "capslock", "dead", "unidentified", "process"];
const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, -1], arrowdown: [0, 1] };
// Nobody types into a switch, but a click leaves it the keys.
const TYPED = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]:not([contenteditable=false])";
const SIGNS = { " ": "space", backspace: "⌫" };

class Keys {
  constructor(place) {
    this.store = `gapwise-keys-${place}`;
    this.map = Object.fromEntries(Object.entries(ACTIONS).map(([action, [key]]) => [action, key]));
    try {
      const kept = JSON.parse(localStorage.getItem(this.store) ?? "{}");
      for (const [action, key] of Object.entries(kept)) if (action in ACTIONS && typeof key === "string") this.map[action] = key;
    } catch {
      // the defaults, then
    }
  }

  // What a key event asks for: [action], ["choose", class], ["move", x, y], or null. The caller has seen to it that nobody types.
  read(event, classes) {
    const key = Keys.name(event);
    if (key in ARROWS) return ["move", ...ARROWS[key]];
    const found = Object.keys(this.map).find((action) => this.map[action] === key);
    if (found) return [found];
    if (!/^[1-9]$/.test(key)) return null;
    return Number(key) <= classes ? ["choose", Number(key) - 1] : null;
  }

  // Caps lock makes no other key; shift does.
  static name(event) {
    return event.key.length > 1 || !event.shiftKey ? event.key.toLowerCase() : event.key;
  }

  sign(action) {
    return SIGNS[this.map[action]] ?? this.map[action];
  }

  // As `aria-keyshortcuts` writes it.
  static spoken(key) {
    return { " ": "Space", "+": "Plus", backspace: "Backspace" }[key] ?? key;
  }

  // Give an action another key; whichever had it gets the old one. Says why not, or nothing.
  change(action, key) {
    if (FIXED.includes(key) || key in ARROWS || /^[1-9]$/.test(key) || key.startsWith("f1")) return `The key ${key} can't be used for this.`;
    const other = Object.keys(this.map).find((name) => this.map[name] === key);
    if (other) this.map[other] = this.map[action];
    this.map[action] = key;
    this.save();
    return "";
  }

  reset() {
    for (const [action, [key]] of Object.entries(ACTIONS)) this.map[action] = key;
    this.save();
  }

  save() {
    try {
      localStorage.setItem(this.store, JSON.stringify(this.map));
    } catch {
      // until the page is left, then
    }
  }
}

// What a key asks the card for; null where it is somebody else's: typed into a field, a browser's or Streamlit's.
function asked(event, keys, classes) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const from = event.composedPath()[0];
  if (from.closest?.(TYPED)) return null;
  if (document.querySelector('[data-testid="stDialog"], [role="dialog"]')) return null;
  const tile = from.closest?.(".tile");
  if (event.key === "Enter" && tile) return ["skip"]; // marks it
  if (event.key === " " && !tile && from.closest?.("button, summary, input, [role=button]")) return null; // presses that one; a link it would not
  return keys.read(event, classes);
}

class Help {
  constructor(dialog, changed) {
    Object.assign(this, { dialog, changed, asked: "" });
    dialog.addEventListener("click", (event) => this.click(event));
    dialog.addEventListener("close", () => this.ask(""));
  }

  get open() {
    return this.dialog.open;
  }

  toggle(keys) {
    this.keys = keys;
    if (this.open) return this.dialog.close();
    this.paint();
    return this.dialog.showModal();
  }

  // A key while help is open: the new one for an action that waits for it, else the one that closes it.
  key(event) {
    const key = Keys.name(event);
    if (!this.asked) return this.keys.map.help === key ? this.dialog.close() : undefined;
    if (["shift", "control", "alt", "meta"].includes(key)) return undefined;
    event.preventDefault();
    event.stopImmediatePropagation();
    const problem = key === "escape" ? "" : this.keys.change(this.asked, key);
    this.ask("");
    this.dialog.querySelector(".problem").textContent = problem;
    return this.changed();
  }

  ask(action) {
    this.asked = action;
    if (this.keys) this.paint();
  }

  click(event) {
    const button = event.target.closest("button");
    if (button?.dataset.remap) this.ask(button.dataset.remap);
    if (button?.matches(".reset")) {
      this.keys.reset();
      this.ask("");
      this.changed();
    }
  }

  paint() {
    const rows = Object.entries(ACTIONS).flatMap(([action, [, text]]) => {
      const button = make("button", { type: "button", className: "key", textContent: this.asked === action ? "press a key…" : this.keys.sign(action) });
      button.dataset.remap = action;
      button.setAttribute("aria-label", `${text.split(";")[0]}: ${this.keys.sign(action)}. Change this key`);
      const term = make("dt");
      term.append(button);
      return [term, make("dd", { textContent: text })];
    });
    this.dialog.querySelector(".actions").replaceChildren(...rows);
    this.dialog.querySelector(`[data-remap="${this.asked}"]`)?.focus();
  }
}
