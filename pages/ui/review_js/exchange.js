// Talking to the server: what was decided goes out, one request at a time, and what comes next comes in.

const LOW = 12; // fewer than that, and more are asked for
const MOST_HELD = 1000; // images that the server takes to be held: many grids that were taken back are more
const IDLE_POLL = 10000; // milliseconds until an empty queue asks again

// Whoever extends it has `nextUndo`, `bringBack` and `refuse`: what becomes of the items.
class Exchange extends Pictures {
  constructor(place) {
    super();
    this.outbox = new Outbox(place);
    this.tab = tabId();
    this.refused = []; // texts
    this.contradicted = []; // {sent, decision, text}: answers that made an image contradict itself, newest first
    this.left = null;
    this.last = null; // what the server would take back
    this.tries = 0;
    this.trouble = "";
    this.said = "";
    this.dry = false;
    this.settled = () => {};
    this.renew = () => {};
    this.kept = () => {}; // takes an image whose undo was refused
  }

  // Whether more is to be held.
  get short() {
    return !this.resting && this.buffer.length < LOW;
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
      if (this.freed) await this.freed; // not always: a decision goes out before anything else is done
      this.freed = null;
      while (this.nextUndo() || this.outbox.entries.length || (this.short && !this.dry)) {
        if (!(await this.exchange())) break;
      }
    } finally {
      this.busy = false;
      this.changed();
      if (!this.outbox.entries.length) this.settled();
      if (!this.buffer.length && !this.timer && !this.resting) this.idle = setTimeout(() => this.wake(), IDLE_POLL);
    }
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
    const want = this.short ? FULL - this.buffer.length : 0;
    const held = [...this.buffer.map((item) => item.image), ...this.outbox.images()];
    const decisions = this.outbox.batch(this.alone ? 1 : AT_ONCE);
    try {
      const wish = { label: this.label, order: this.order, want };
      const answer = await (await this.send({ ...wish, held }, decisions)).json();
      Object.assign(this, { tries: 0, trouble: "", alone: false, asked: true, last: answer.last });
      answer.acks.forEach((ack) => this.acknowledge(ack));
      this.outbox.save();
      // What was just put off was named as held: it comes with the next question.
      const again = decisions.some(({ action }) => ["skip", "flag", "reject"].includes(action));
      if (view === this.view) this.receive(answer, want, again);
      return true;
    } catch (error) {
      return this.failed(error, decisions);
    } finally {
      this.changed();
    }
  }

  send({ held, ...more }, decisions) {
    const wish = { ...more, tab: this.tab, held: held.slice(0, MOST_HELD) };
    const headers = { "X-Gapwise-Token": this.token };
    if (!decisions.length) {
      return ask(`${this.base}/review?${new URLSearchParams(wish)}`, { headers }); // lists with commas between
    }
    headers["Content-Type"] = "application/json";
    const body = JSON.stringify({ ...wish, decisions });
    return ask(`${this.base}/review`, { method: "POST", headers, body, keepalive: body.length < 60000 });
  }

  // Somebody else sits here now: what this person had is free for others, not only when its lease ends.
  rest() {
    clearTimeout(this.idle);
    this.resting = true; // what is not stored yet is sent all the same
    const free = this.buffer.map((item) => item.image).slice(0, MOST_HELD);
    this.buffer.splice(0).forEach((item) => item.bitmap?.close());
    this.dry = false;
    if (!free.length) return null;
    return this.send({ label: this.label, order: this.order, want: 0, held: [], free }, []).catch(() => {}); // leases end
  }

  receive(answer, want, again) {
    this.left = answer.left;
    const held = new Set([...this.buffer.map((item) => item.image), ...this.outbox.images()]);
    const fresh = answer.items.filter((item) => !held.has(item.image));
    this.buffer.push(...fresh.map((item) => ({ ...item, state: "new" })));
    this.dry = want > 0 && answer.items.length < want && !again;
    if (this.resting) this.rest(); // it was under way
    else this.load();
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
    // Who was quick, or without a server, has answered it again before its undo was stored.
    else if (ack.card && !entry.quiet && !this.outbox.images().includes(ack.card.image)) this.bringBack({ ...ack.card, state: "new" }, 0);
    this.dry = false;
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
    this.trouble = reason(error);
    const delay = BACK_OFF[Math.min(this.tries, BACK_OFF.length - 1)];
    this.tries += 1;
    this.again(delay * (0.75 + Math.random() / 2)); // tabs that lost the server together don't come back together
    return false;
  }

  async items(wish) {
    const { label, order } = this;
    return (await (await this.send({ label, order, ...wish }, [])).json()).items;
  }

  async progress(images, exact) {
    const wish = { label: this.label, order: this.order, held: images.slice(0, 200).join(), exact: exact ? 1 : 0 };
    const headers = { "X-Gapwise-Token": this.token };
    const answer = await ask(`${this.base}/progress?${new URLSearchParams(wish)}`, { headers });
    return answer.json();
  }
}
