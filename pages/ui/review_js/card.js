// The card: paints the first item of the queue, takes keys and clicks, says what is stored and what is not yet.

const PAUSE = 2500; // milliseconds without a decision until other figures on the page follow
const SEEN = 30; // milliseconds after which a picture counts as seen though no frame was reported: a busy machine
const CALM = 200; // milliseconds that a picture must have been there for the second click of a double click to count
const queues = (window.gapwiseQueues ??= new Map()); // outlive the card: what is not stored yet is sent from any page

class Card {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.onKey = (event) => this.key(event);
    addEventListener("keydown", this.onKey, true); // before Streamlit's own keys
    root.addEventListener("click", (event) => this.click(event));
    // A button that was clicked does not take the keys: space would press it again.
    root.addEventListener("mousedown", (event) => event.target.closest("button") && event.preventDefault());
  }

  update({ data, setTriggerValue }) {
    this.label = data.classes;
    this.picture ??= new Picture(this.find(".stage"), Uint8Array.from(atob(data.colors), (s) => s.charCodeAt(0)));
    this.mapKey = `gapwise-map-${data.place}`;
    this.withMap ??= sessionStorage.getItem(this.mapKey) === "1";
    if (!queues.has(data.place)) queues.set(data.place, new Queue(data.place));
    const queue = queues.get(data.place);
    if (this.queue && this.queue !== queue) this.queue.changed = () => {};
    if (this.queue !== queue) this.toldDone = queue.done;
    this.queue = queue;
    queue.changed = (item) => this.follow(item);
    queue.settled = () => this.pauseThen(() => setTriggerValue("settled", queue.done));
    queue.renew = () => setTriggerValue("renew", Date.now());
    this.buildAnswers();
    queue.open(data);
    this.paint();
  }

  // The very next thing after a key: nothing here waits for anybody.
  paint() {
    const item = this.queue.first;
    const ready = item?.state === "ready";
    this.shown = ready ? item : null;
    this.picture.show(this.shown, this.withMap);
    this.find(".veil").textContent = this.veil(item);
    this.find(".veil").hidden = ready && !item.problem;
    if (ready) {
      item.visible = false;
      item.painted = performance.now();
      requestAnimationFrame(() => (item.visible = true)); // a press before this frame was meant for another picture
      this.tell(item);
    }
    this.find(".question").hidden = this.find(".meter").hidden = !ready;
    this.find(".card").dataset.image = ready ? item.image : "";
    this.find(".card").setAttribute("aria-busy", String(!ready));
    this.status();
  }

  veil(item) {
    if (item?.problem) return `This picture can't be shown: ${item.problem} Skip or flag it.`;
    if (item || this.queue.busy || !this.queue.asked) return "Loading…";
    return this.queue.trouble ? this.queue.trouble : "Nothing waits for a decision here.";
  }

  tell(item) {
    const name = this.label.names[item.value];
    this.find(".question").textContent = `${this.label.name}: ${name}? `;
    const confidence = document.createElement("small");
    confidence.textContent = item.confidence.toFixed(2);
    this.find(".question").append(confidence);
    this.find(".meter span").style.transform = `scaleX(${item.confidence})`;
    const ranked = item.probs.map((p, i) => [p, this.label.names[i]]).sort((a, b) => b[0] - a[0]);
    this.find(".probs").hidden = this.label.names.length < 3;
    this.find(".probs").textContent = ranked.slice(0, 5).map(([p, n]) => `${n} ${p.toFixed(2)}`).join(" · ");
    const others = item.others.map((o) => `${o.label} ${o.value ?? "–"} (${o.source})`);
    this.find(".others").textContent = others.length ? `This image: ${others.join(" · ")}` : "";
    this.find(".why").textContent = item.why;
    this.find(".file").textContent = `${item.fname} · run ${item.run}`;
    const said = `${item.fname}. ${this.label.name}: ${name}? ${item.confidence.toFixed(2)}`;
    this.find(".picture").setAttribute("aria-label", said);
    this.find(".live").textContent = said;
  }

  // What may change without a key: never the picture that is there.
  follow(item) {
    if (!this.shown && (!item || item === this.queue.first)) this.paint();
    else if (this.shown && this.shown !== this.queue.first) this.paint(); // it was taken out: decided elsewhere
    else this.status();
  }

  status() {
    const { queue } = this;
    const waiting = queue.outbox.entries.length;
    const warning = this.find(".warning");
    warning.hidden = !queue.trouble && !queue.outbox.unsafe;
    const kept = queue.outbox.unsafe ? "Keep this page open: the browser stores nothing." : "Kept in this tab, and sent again.";
    warning.textContent = waiting ? `${waiting} not stored yet. ${queue.trouble} ${kept}` : queue.trouble;
    const refused = this.find(".refused");
    refused.hidden = !queue.refused.length;
    refused.replaceChildren(...queue.refused.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    const contradicted = this.find(".contradicted");
    contradicted.hidden = !queue.contradicted.length;
    contradicted.textContent = queue.contradicted.map(({ text }) => text).join("\n");
    this.find(".said").textContent = queue.said;
    const rate = queue.rate();
    const left = queue.left === null ? "" : `${Math.max(0, queue.left - waiting).toLocaleString("en")} left`;
    const parts = [left, queue.done ? `${queue.done} done` : "", rate ? `${rate} a minute` : ""];
    this.find(".progress").textContent = parts.filter(Boolean).join(" · ");
    this.find(".card").dataset.waiting = waiting;
    for (const button of this.root.querySelectorAll("button[data-act]")) {
      const act = button.dataset.act;
      if (act === "undo") button.disabled = !queue.history.length && !queue.last;
      else if (act === "map") button.disabled = !this.shown?.map;
      else if (["skip", "flag"].includes(act)) button.disabled = !this.shown;
      else if (act !== "help") button.disabled = !this.shown || Boolean(this.shown.problem);
    }
    this.find('[data-act="map"]').setAttribute("aria-pressed", String(this.withMap));
  }

  buildAnswers() {
    const made = JSON.stringify(this.label);
    if (made === this.built) return;
    this.built = made;
    const button = (act, text, key, value) => {
      const made = document.createElement("button");
      Object.assign(made, { type: "button", textContent: `${text} ` });
      made.dataset.act = act;
      if (value !== undefined) made.dataset.value = value;
      if (key) made.append(Object.assign(document.createElement("kbd"), { textContent: key }));
      return made;
    };
    const accept = button("accept", "Accept", "a");
    accept.className = "main";
    const choices = this.label.names.map((name, i) => button("choose", name, i < 9 ? String(i + 1) : "", i));
    this.find(".answers").replaceChildren(accept, button("reject", "Reject", "x"), ...choices);
  }

  act(action, value) {
    if (action === "help") return this.help();
    if (action === "map") return this.toggleMap();
    if (action === "undo") {
      if (this.queue.undo()) this.paint();
      else this.status();
      return;
    }
    const item = this.shown; // the object that painted the picture, not what comes first by now
    if (!item) return this.ignore("loading");
    if (!item.visible && performance.now() - item.painted < SEEN) return this.ignore("early");
    if (item.problem && !["skip", "flag"].includes(action)) return;
    this.queue.decide(item, action, value);
    this.paint();
  }

  // A press that can't have been meant for a picture is no answer.
  ignore(why) {
    const { dataset } = this.find(".card");
    dataset[why] = Number(dataset[why] ?? 0) + 1;
  }

  key(event) {
    const action = this.actionOf(event);
    if (!action) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat) this.act(...action);
  }

  actionOf(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
    const from = event.composedPath()[0];
    if (from.closest?.("input, textarea, select, [contenteditable]:not([contenteditable=false])")) return null;
    if (this.find("dialog").open) return event.key === "?" ? ["help"] : null;
    if (document.querySelector('[data-testid="stDialog"], [role="dialog"]')) return null;
    if (event.key === " " && from.closest?.("button, a, summary, [role=button]")) return null; // presses that one
    if (/^[1-9]$/.test(event.key)) {
      const code = Number(event.key) - 1;
      return code < this.label.names.length ? ["choose", code] : null;
    }
    const key = event.shiftKey ? event.key : event.key.toLowerCase(); // caps lock
    const action = { a: "accept", x: "reject", " ": "skip", backspace: "undo", f: "flag", m: "map", "?": "help" }[key];
    return action ? [action] : null;
  }

  click(event) {
    const button = event.target.closest("button[data-act]");
    if (!button || button.disabled) return;
    const calm = performance.now() - (this.shown?.painted ?? 0) > CALM;
    const decides = !["undo", "map", "help"].includes(button.dataset.act);
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

  help() {
    const dialog = this.find("dialog");
    if (dialog.open) dialog.close();
    else dialog.showModal();
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
    Object.assign(this.queue, { changed: () => {}, settled: () => {}, renew: () => {} });
    this.picture.close();
  }
}

const cards = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  if (!cards.has(root)) cards.set(root, new Card(root));
  cards.get(root).update(component);
  return () => {
    cards.get(root)?.close();
    cards.delete(root);
  };
}
