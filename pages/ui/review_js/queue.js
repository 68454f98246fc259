// What comes next: items with their pictures decoded, and what was decided but may be taken back.

const LOW = 12; // fewer than that, and more are asked for
const NEAR = 10; // decisions whose pictures stay decoded for an undo; a picture takes some 2 MB
const IDLE_POLL = 10000; // milliseconds until an empty queue asks again

class Queue extends Pictures {
  constructor(place) {
    super();
    this.outbox = new Outbox(place);
    this.history = []; // {entry, item}: decided here since the page was loaded, newest last
    this.refused = []; // texts
    this.contradicted = []; // {sent, decision, text}: answers that made an image contradict itself, newest first
    this.session = new Session();
    this.left = null;
    this.last = null; // what the server would take back
    this.undosWanted = 0;
    this.tries = 0;
    this.trouble = "";
    this.said = "";
    this.dry = false;
    this.settled = () => {};
    this.renew = () => {};
    addEventListener("online", () => this.pump(true));
    addEventListener("beforeunload", (event) => this.outbox.entries.length && event.preventDefault());
  }

  open({ base, token, label, order, blind }) {
    const view = `${label} ${order} ${blind}`;
    const renewed = token !== this.token || view !== this.view;
    Object.assign(this, { base, token });
    if (view !== this.view) {
      this.buffer.forEach((item) => item.bitmap?.close());
      Object.assign(this, { view, label, order, buffer: [], history: [], left: null, dry: false, said: "" });
    }
    this.pump(renewed);
  }

  get done() {
    return this.session.done;
  }

  get first() {
    return this.buffer[0];
  }

  // Decide about the item that painted the picture; its place is free for the next one at once.
  decide(item, action, value, note) {
    this.decideAll([item], action, value, false, note);
  }

  // The same decision about several, one each; taken back together.
  decideAll(items, action, value, together, note) {
    const entries = items.map((item) => {
      const sent = { action, cell: { image: item.image, label: item.label }, proposal: item.proposal };
      // What was on screen: it may be another class by the time the answer arrives, when somebody decides a tied cell.
      const shown = ["accept", "reject"].includes(action) ? item.value : null;
      if (value !== undefined) sent.value = value;
      else if (shown !== null) sent.value = shown;
      if (note) sent.note = note;
      if (item.blind) sent.blind = true;
      return this.outbox.add(sent, item);
    });
    this.outbox.save();
    const gone = new Set(items.map((item) => item.image));
    this.buffer = this.buffer.filter((other) => !gone.has(other.image));
    this.history.push({ entries, items, together });
    this.history.at(-1 - NEAR)?.items.forEach((far) => {
      far.bitmap?.close();
      Object.assign(far, { bitmap: null, state: "new" });
    });
    this.history.at(-3)?.items.forEach((far) => {
      far.thumb?.close(); // a grid's are many
      far.thumb = null;
    });
    this.session.decided(action, items.length, items[0].painted);
    this.soon();
  }

  // Once the key is dealt with and the next picture painted, but before the frame is: a timer would come after it.
  soon() {
    queueMicrotask(() => this.pump());
  }

  // A note by itself.
  note(item, text) {
    this.outbox.add({ action: "note", cell: { image: item.image, label: item.label }, note: text });
    this.outbox.save();
    item.notes = [...(item.notes ?? []), { by: "you", text }];
    this.session.add("note", 1);
    this.soon();
  }

  // Take back what was done last, a grid as a whole; returns the items that are back, if they are known here.
  // With `quiet` they don't come to the card: the caller shows them.
  undo(quiet = false) {
    const made = this.history.pop();
    if (made) {
      for (const { sent } of [...made.entries].reverse()) {
        this.outbox.add({ action: "undo", undoes: `${sent.client}:${sent.seq}` }).quiet = quiet;
      }
      this.outbox.save();
      this.session.undone(made.entries.length);
      if (!quiet) [...made.items].reverse().forEach((item) => this.bringBack(item, 0));
    } else {
      this.undosWanted += 1; // of an earlier visit: only the server knows which one
    }
    this.soon();
    return made?.items;
  }

  bringBack(item, place, instead = false) {
    if (item.label !== this.label) return;
    const at = this.buffer.findIndex((other) => other.image === item.image);
    if (at >= 0 && !instead) return;
    if (at >= 0) this.buffer.splice(at, 1)[0].bitmap?.close();
    this.buffer.splice(place, 0, item);
    this.load();
  }

  // Others have decided about these: they are not shown any more, but for the one that somebody looks at.
  drop(images, shown) {
    const gone = new Set(images);
    this.buffer = this.buffer.filter((item) => item === shown || !gone.has(item.image) || item.bitmap?.close());
    if (shown && gone.has(shown.image) && !shown.gone) {
      shown.gone = true;
      this.said = "Somebody else has decided this one meanwhile; your answer is kept beside theirs.";
    }
    if (this.buffer.length < LOW) this.pump();
  }

  // One request at a time, in order, until everything is stored and enough is held.
  async pump(now = false) {
    clearTimeout(this.idle);
    if (now) {
      clearTimeout(this.timer);
      this.timer = null;
    }
    if (this.busy || this.timer || !this.token) return;
    this.busy = true;
    try {
      while (this.nextUndo() || this.outbox.entries.length || (this.buffer.length < LOW && !this.dry)) {
        if (!(await this.exchange())) break;
      }
    } finally {
      this.busy = false;
      this.changed();
      if (!this.outbox.entries.length) this.settled();
      if (!this.buffer.length && !this.timer) this.idle = setTimeout(() => this.wake(), IDLE_POLL);
    }
  }

  nextUndo() {
    if (!this.undosWanted || this.outbox.entries.length || !this.last) {
      if (!this.last && this.asked && !this.outbox.entries.length) this.undosWanted = 0;
      return false;
    }
    this.undosWanted -= 1;
    this.outbox.add({ action: "undo", undoes: this.last.decision });
    this.outbox.save();
    return true;
  }

  again(delay) {
    this.timer = setTimeout(() => this.wake(), delay);
  }

  wake() {
    this.dry = false;
    this.pump(true);
  }

  async exchange() {
    const view = this.view;
    const want = this.buffer.length < LOW ? FULL - this.buffer.length : 0;
    const held = [...this.buffer.map((item) => item.image), ...this.outbox.images()];
    const decisions = this.outbox.batch(this.alone ? 1 : AT_ONCE);
    try {
      const wish = { label: this.label, order: this.order, want };
      const answer = await (await this.send({ ...wish, held }, decisions)).json();
      Object.assign(this, { tries: 0, trouble: "", alone: false, asked: true, last: answer.last });
      answer.acks.forEach((ack) => this.acknowledge(ack));
      this.outbox.save();
      if (view === this.view) this.receive(answer, want);
      return true;
    } catch (error) {
      return this.failed(error, decisions);
    } finally {
      this.changed();
    }
  }

  send(wish, decisions) {
    const headers = { "X-Gapwise-Token": this.token };
    if (!decisions.length) {
      return ask(`${this.base}/review?${new URLSearchParams({ ...wish, held: wish.held.join() })}`, { headers });
    }
    headers["Content-Type"] = "application/json";
    const body = JSON.stringify({ ...wish, decisions });
    return ask(`${this.base}/review`, { method: "POST", headers, body, keepalive: body.length < 60000 });
  }

  receive(answer, want) {
    this.left = answer.left;
    const held = new Set([...this.buffer.map((item) => item.image), ...this.outbox.images()]);
    const fresh = answer.items.filter((item) => !held.has(item.image));
    this.buffer.push(...fresh.map((item) => ({ ...item, state: "new" })));
    this.dry = want > 0 && answer.items.length < want;
    this.load();
  }

  acknowledge(ack) {
    const entry = this.outbox.take(ack);
    if (!entry) return;
    this.said = ack.state === "refused" ? "" : ack.told;
    const { undoes } = entry.sent;
    this.contradicted = this.contradicted.filter((c) => ack.state === "refused" || ![c.sent, c.decision].includes(undoes));
    if (ack.contradicts) {
      const made = { sent: `${ack.client}:${ack.seq}`, decision: ack.decision, text: ack.contradicts };
      this.contradicted = [made, ...this.contradicted].slice(0, 3);
    }
    if (ack.state === "refused") this.refuse(entry, ack.told);
    else if (ack.card && !entry.quiet) this.bringBack({ ...ack.card, state: "new" }, 0);
    this.dry = false;
  }

  refuse(entry, reason) {
    this.history.forEach((made) => (made.entries = made.entries.filter((other) => other !== entry)));
    this.history = this.history.filter((made) => made.entries.length);
    if (entry.card) {
      this.refused = [`${entry.card.fname}: ${reason}`, ...this.refused].slice(0, 5);
      // Second in line: the picture that somebody looks at stays.
      this.bringBack({ ...entry.card, state: "new" }, Math.min(1, this.buffer.length));
      return;
    }
    this.refused = [reason, ...this.refused].slice(0, 5);
    this.history = []; // what is really last, the server says
  }

  failed(error, decisions) {
    const status = error.status ?? 0;
    if (status === 401) this.renew(); // and again in a moment, with the new token
    else if ([400, 403, 409, 413, 415, 422].includes(status) && decisions.length) {
      if (decisions.length > 1) {
        this.alone = true; // find the one that is refused
        return true;
      }
      this.acknowledge({ ...decisions[0], state: "refused", told: error.message });
      this.outbox.save();
      return true;
    }
    this.trouble = error instanceof Refusal ? error.message : "The server can't be reached.";
    const delay = BACK_OFF[Math.min(this.tries, BACK_OFF.length - 1)];
    this.tries += 1;
    this.again(delay * (0.75 + Math.random() / 2)); // tabs that lost the server together don't come back together
    return false;
  }

  async items(wish) {
    const { label, order } = this;
    return (await (await this.send({ label, order, ...wish }, [])).json()).items;
  }

  async progress(images) {
    const wish = { label: this.label, order: this.order, held: images.slice(0, 200).join() };
    const headers = { "X-Gapwise-Token": this.token };
    const answer = await ask(`${this.base}/progress?${new URLSearchParams(wish)}`, { headers });
    return answer.json();
  }
}
