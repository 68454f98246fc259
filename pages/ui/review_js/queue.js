// What comes next: items with their pictures decoded, and what was decided but may be taken back.

const FULL = 20; // items held; pictures of all of them are decoded
const LOW = 12; // fewer than that, and more are asked for
const NEAR = 10; // decisions whose pictures stay decoded for an undo; a picture takes some 2 MB
const LOADERS = 3; // pictures loaded at the same time; browsers give a server six connections, one is for decisions
const IDLE_POLL = 10000; // milliseconds until an empty queue asks again

class Queue {
  constructor(place) {
    this.outbox = new Outbox(place);
    this.buffer = [];
    this.history = []; // {entry, item}: decided here since the page was loaded, newest last
    this.refused = []; // texts
    this.contradicted = []; // {sent, decision, text}: answers that made an image contradict itself, newest first
    this.times = []; // of decisions, for the rate
    this.done = 0;
    this.left = null;
    this.last = null; // what the server would take back
    this.undosWanted = 0;
    this.tries = 0;
    this.trouble = "";
    this.said = "";
    this.dry = false;
    this.loading = 0;
    this.changed = () => {};
    this.settled = () => {};
    this.renew = () => {};
    addEventListener("online", () => this.pump(true));
    addEventListener("beforeunload", (event) => this.outbox.entries.length && event.preventDefault());
  }

  open({ base, token, label, order }) {
    const view = `${label} ${order}`;
    const renewed = token !== this.token || view !== this.view;
    Object.assign(this, { base, token });
    if (view !== this.view) {
      this.buffer.forEach((item) => item.bitmap?.close());
      Object.assign(this, { view, label, order, buffer: [], history: [], left: null, dry: false, said: "" });
    }
    this.pump(renewed);
  }

  get first() {
    return this.buffer[0];
  }

  // Decide about the item that painted the picture; its place is free for the next one at once.
  decide(item, action, value) {
    const sent = { action, cell: { image: item.image, label: item.label }, proposal: item.proposal };
    if (value !== undefined) sent.value = value;
    const entry = this.outbox.add(sent, item);
    this.buffer = this.buffer.filter((other) => other !== item);
    this.history.push({ entry, item });
    const far = this.history.at(-1 - NEAR)?.item;
    if (far) {
      far.bitmap?.close();
      Object.assign(far, { bitmap: null, state: "new" });
    }
    this.times.push(performance.now());
    this.done += 1;
    setTimeout(() => this.pump());
  }

  undo() {
    const made = this.history.pop();
    if (made) {
      this.outbox.add({ action: "undo", undoes: `${made.entry.sent.client}:${made.entry.sent.seq}` });
      this.done -= 1;
      this.bringBack(made.item, 0);
    } else {
      this.undosWanted += 1; // of an earlier visit: only the server knows which one
    }
    setTimeout(() => this.pump());
    return made?.item;
  }

  bringBack(item, place) {
    if (item.label !== this.label || this.buffer.some((other) => other.image === item.image)) return;
    this.buffer.splice(place, 0, item);
    this.load();
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
    else if (ack.card && entry.sent.action === "undo") this.bringBack({ ...ack.card, state: "new" }, 0);
    this.dry = false;
  }

  refuse(entry, reason) {
    this.history = this.history.filter((made) => made.entry.sent.seq !== entry.sent.seq);
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

  async load() {
    while (this.loading < LOADERS) {
      const item = this.buffer.find((other) => other.state === "new");
      if (!item) return;
      item.state = "loading";
      this.loading += 1;
      this.picture(item).finally(() => {
        this.loading -= 1;
        this.changed(item);
        this.load();
      });
    }
  }

  async picture(item) {
    const url = `${this.base}/preview/${item.image}?v=${item.digest}`;
    for (let tries = 0; this.buffer.includes(item); tries += 1) {
      try {
        const answer = await ask(url, { headers: { "X-Gapwise-Token": this.token } });
        item.bitmap = await createImageBitmap(await answer.blob());
        item.state = "ready";
        return;
      } catch (error) {
        if (error.status === 422 || error.name === "InvalidStateError") {
          item.problem = error.message;
          item.state = "ready";
          return;
        }
        await new Promise((go) => setTimeout(go, BACK_OFF[Math.min(tries, BACK_OFF.length - 1)]));
      }
    }
  }

  // Decisions a minute, over the last minute.
  rate() {
    const now = performance.now();
    this.times = this.times.filter((time) => now - time < 60000);
    const span = now - (this.times[0] ?? now);
    return this.times.length > 2 ? Math.round(((this.times.length - 1) / span) * 60000) : null;
  }
}
