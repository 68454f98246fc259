// The card: paints the first item of the queue, takes keys and clicks, says what is stored and what is not yet.

const PAUSE = 2500; // milliseconds without a decision until other figures on the page follow
const SEEN = 30; // milliseconds after which a picture counts as seen though no frame was reported: a busy machine
const CALM = 200; // milliseconds that a picture must have been there for the second click of a double click to count
const PAN = 60; // pixels, for an arrow key
const ZOOM = { larger: 1.4, smaller: 1 / 1.4, fit: 0 };
const queues = (window.gapwiseQueues ??= new Map()); // outlive the card: what is not stored yet is sent from any page

class Card {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.onKey = (event) => this.key(event);
    addEventListener("keydown", this.onKey, true); // before Streamlit's own keys
    root.addEventListener("click", (event) => this.click(event));
    this.neighbours = new Neighbours(this.find(".near"));
    this.help = new Help(this.find("dialog"), () => this.signs());
    this.grid = new Grid(this.find(".grid"), (found) => this.tellGrid(found));
    this.progress = new Progress(this.find(".figures"), (...heard) => this.hear(...heard));
    this.find(".figures").addEventListener("toggle", () => this.progress.poll(true, true));
    this.noting = new Noting(this.find(".noting"), (item, text) => this.note(item, text));
    root.addEventListener("mousedown", (event) => this.press(event));
  }

  update({ data, setTriggerValue }) {
    if (!queues.has(data.place)) queues.set(data.place, new Queue(data.place));
    const queue = queues.get(data.place);
    if (this.queue !== queue) this.noting.keep(); // a note is whose who wrote it, also where another name was typed then
    this.label = data.classes;
    this.picture ??= new Picture(this.find(".stage"), Uint8Array.from(atob(data.colors), (s) => s.charCodeAt(0)));
    this.mapKey = `gapwise-map-${data.place}`;
    this.withMap ??= sessionStorage.getItem(this.mapKey) === "1";
    const before = this.queue === queue ? null : this.queue;
    if (before) before.changed = () => {};
    if (this.queue !== queue) this.toldDone = queue.done;
    if (this.keys?.store !== `gapwise-keys-${data.place}`) this.keys = new Keys(data.place);
    if (this.grid.shown && (this.queue !== queue || this.view !== `${data.label} ${data.blind}`)) this.leaveGrid();
    if (before) queue.freed = before.rest();
    this.view = `${data.label} ${data.blind}`;
    this.queue = this.progress.queue = queue;
    this.progress.held = () => [...queue.buffer, ...this.grid.items].map((item) => item.image);
    queue.changed = (item) => this.follow(item);
    queue.settled = () => this.pauseThen(() => setTriggerValue("settled", queue.done));
    queue.kept = (image) => this.grid.shown && this.grid.without(this.grid.items.filter((item) => item.image === image));
    queue.renew = () => setTriggerValue("renew", Date.now());
    this.answers();
    queue.open(data);
    this.paint();
    this.progress.poll(true); // what was accepted or drawn on this page just now may be held here
  }

  // The very next thing after a key: nothing here waits for anybody.
  paint() {
    if (this.grid.shown) return this.status();
    const item = this.queue.first;
    const ready = item?.state === "ready";
    this.shown = ready ? item : null;
    this.picture.show(this.shown, this.withMap && !item?.blind);
    this.find(".veil").textContent = this.veil(item);
    this.find(".veil").hidden = ready && !item.problem;
    if (!ready && !item && !this.queue.busy && this.queue.asked) this.say(this.find(".veil").textContent);
    this.find(".question").hidden = this.find(".meter").hidden = !ready;
    for (const about of [".probs", ".others", ".why", ".notes", ".file"]) this.find(about).hidden = !item; // of the last one
    if (ready) {
      item.visible = false;
      item.painted = performance.now();
      requestAnimationFrame(() => (item.visible = true)); // a press before this frame was meant for another picture
      tell(this.find, item, this.label);
    }
    this.neighbours.show(this.shown, this.queue);
    this.noting.follow(this.shown);
    this.find(".card").dataset.image = ready ? item.image : "";
    this.find(".card").setAttribute("aria-busy", String(!ready));
    return this.status();
  }

  veil(item) {
    if (item?.problem) return `This picture can't be shown: ${item.problem} Skip or flag it.`;
    if (item || this.queue.busy || !this.queue.asked) return "Loading…";
    if (this.queue.trouble) return this.queue.trouble;
    const { left } = this.queue;
    if (left > 0) return `${left.toLocaleString("en")} more ${left === 1 ? "is" : "are"} on somebody else's screen just now. What nobody answers there comes here within minutes.`;
    const done = session(this.queue);
    return `Nothing waits for a decision here.${done ? ` This session: ${done}.` : ""}`;
  }

  // What may change without a key: never the picture that is there.
  follow(item) {
    if (!this.shown && (!item || item === this.queue.first)) this.paint();
    else if (this.shown && this.shown !== this.queue.first) this.paint(); // it was taken out: decided elsewhere
    else this.status();
  }

  status() {
    tellStanding(this.find, this.queue);
    for (const button of this.root.querySelectorAll("button[data-act]")) button.disabled = !this.can(button.dataset.act);
    this.find('[data-act="map"]').setAttribute("aria-pressed", String(this.withMap));
    this.find('[data-act="grid"]').setAttribute("aria-pressed", String(Boolean(this.grid.shown)));
  }

  can(act) {
    if (["help", "grid", "store-note"].includes(act)) return true;
    if (act === "undo") return Boolean(this.queue.history.length || this.queue.last);
    if (this.grid.shown) return act === "accept" ? this.gridCan.others > 0 : ["reject", "choose", "flag"].includes(act) && this.gridCan.marked > 0;
    if (!this.shown) return false;
    if (["skip", "flag", "note"].includes(act)) return true;
    if (act === "map") return Boolean(this.shown.map);
    if (["larger", "smaller", "fit"].includes(act)) return Boolean(this.shown.bitmap);
    return !this.shown.problem && !(this.shown.blind && act !== "choose");
  }

  // To screen readers; what was stored they hear from `.said`.
  say(text) {
    const live = this.find(".live");
    if (live.textContent !== text) live.textContent = text;
  }

  tellGrid(found) {
    const { others, marked } = found;
    const before = this.gridCan?.marked ?? 0;
    this.gridCan = found;
    if (this.grid.shown && marked !== before) this.say(`${marked} marked. Accept takes the other ${others}.`);
    this.find('[data-act="accept"] span').textContent = this.grid.shown ? `Accept the other ${others}` : "Accept";
    this.find('[data-act="reject"] span').textContent = this.grid.shown ? `Reject ${marked} marked` : "Reject";
    this.find('[data-act="grid"] span').textContent = this.grid.shown ? "One by one" : "Grid";
    for (const choice of this.root.querySelectorAll('[data-act="choose"] span')) {
      const name = this.label.names[choice.parentElement.dataset.value];
      choice.textContent = this.grid.shown ? `Marked: ${name}` : name;
    }
    this.find(".card").dataset.seen = others + marked;
    this.status();
  }

  answers() {
    const made = JSON.stringify(this.label);
    if (made !== this.built) this.find(".answers").replaceChildren(...answerButtons(this.label));
    this.built = made;
    this.signs();
  }

  // The keys on the buttons, as they are now; screen readers have them as keys, not as a part of the name.
  signs() {
    for (const sign of this.root.querySelectorAll("kbd[data-key]")) {
      sign.textContent = this.keys.sign(sign.dataset.key);
      sign.closest("button").setAttribute("aria-keyshortcuts", Keys.spoken(this.keys.map[sign.dataset.key]));
    }
  }

  act(action, value, y) {
    if (action === "help") return this.help.toggle(this.keys);
    if (action === "grid") return this.toggleGrid();
    if (this.grid.shown) return this.grid.act(action, value, y);
    if (action === "map") return this.toggleMap();
    if (action === "note") return this.noting.open(this.shown);
    if (action === "store-note") return this.noting.keep();
    if (action === "move") return this.picture.zoom > 1 && this.picture.pan(-value * PAN, -y * PAN);
    if (action in ZOOM) return this.picture.step(ZOOM[action]);
    if (action === "undo") return this.queue.undo() ? this.paint() : this.status();
    const item = this.shown; // the object that painted the picture, not what comes first by now
    if (!item) return this.ignore("loading");
    if (!item.visible && performance.now() - item.painted < SEEN) return this.ignore("early");
    if (!this.can(action)) return undefined;
    this.queue.decide(item, action, value, this.noting.take());
    return this.paint();
  }

  toggleGrid() {
    const { grid } = this;
    const value = this.shown?.value ?? this.queue.first?.value ?? 0;
    this.noting.follow(null);
    if (grid.shown) this.leaveGrid();
    else {
      this.find(".card").classList.add("gridded");
      this.find(".card").dataset.image = "";
      this.shown = null;
      this.neighbours.show(null);
      grid.open(this.queue, this.label, value);
    }
    this.paint();
    this.progress.poll(true);
  }

  leaveGrid() {
    this.grid.close();
    this.find(".card").classList.remove("gridded");
    this.tellGrid({ others: 0, marked: 0 });
  }

  note(item, text) {
    this.queue.note(item, text);
    if (item === this.shown) tell(this.find, item, this.label);
    this.status();
  }

  // What the server says every few seconds.
  hear(told, gone, checks) {
    this.grid.counts = told.classes;
    if (this.grid.shown) this.grid.drop([...gone, ...checks]);
    if (this.queue.hide(checks, this.shown)) this.follow();
    if (this.grid.shown) this.grid.tell();
    if (!gone.length) return;
    this.queue.drop(gone, this.shown);
    this.follow();
  }

  // A press that can't have been meant for a picture is no answer.
  ignore(why) {
    const { dataset } = this.find(".card");
    dataset[why] = Number(dataset[why] ?? 0) + 1;
  }

  key(event) {
    if (this.help.open) return this.help.key(event);
    const action = asked(event, this.keys, this.label.names.length);
    // Without a zoomed picture or a grid, arrows are the page's.
    if (action?.[0] === "move" && !this.grid.shown && this.picture.zoom === 1) return undefined;
    if (!action) return undefined;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat || ["move", "larger", "smaller"].includes(action[0])) this.act(...action);
    return undefined;
  }

  // What was clicked does not take the keys, space would press it again; and a list that has them lets go.
  press(event) {
    if (!event.target.closest("button, summary")) return;
    event.preventDefault();
    this.find("select:focus")?.blur();
  }

  click(event) {
    const button = event.target.closest("button[data-act]");
    if (!button || button.disabled) return;
    const calm = performance.now() - (this.shown?.painted ?? 0) > CALM;
    const decides = ["accept", "reject", "choose", "skip", "flag"].includes(button.dataset.act);
    if (event.detail > 1 && decides && !calm) return; // a double click decides once
    this.act(button.dataset.act, button.dataset.value && Number(button.dataset.value));
  }

  toggleMap() {
    this.withMap = !this.withMap;
    try {
      sessionStorage.setItem(this.mapKey, this.withMap ? "1" : "0");
    } catch {
      // forgotten with the page, then
    }
    this.picture.showMap(this.withMap);
    this.status();
  }

  pauseThen(then) {
    clearTimeout(this.pause);
    const { done } = this.queue;
    if (done === this.toldDone) return;
    this.pause = setTimeout(() => {
      if (this.queue.busy || this.queue.outbox.entries.length || this.queue.done !== done) return;
      this.toldDone = done;
      then();
    }, PAUSE);
  }

  close() {
    removeEventListener("keydown", this.onKey, true);
    clearTimeout(this.pause);
    Object.assign(this.queue, { changed: () => {}, settled: () => {}, renew: () => {}, kept: () => {} });
    this.picture.close();
    this.progress.close();
    this.noting.follow(null);
    this.neighbours.close();
    if (this.grid.shown) this.grid.close();
  }
}

const cards = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  if (!cards.has(root)) cards.set(root, new Card(root));
  cards.get(root).update(component);
  return ending(root, () => {
    cards.get(root)?.close();
    cards.delete(root);
  });
}
