// Decisions that the server has not acknowledged yet. They lie in sessionStorage until it has, so that a reload, a
// killed server or a lost network loses none. Each has an id of its own (client:seq): sent twice, it is taken once.

const AT_ONCE = 60; // decisions in one request: a whole grid
const PATIENCE = 20000; // milliseconds that a request may take
const BACK_OFF = [250, 500, 1000, 2000, 4000, 8000]; // milliseconds between tries

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is there over https and on localhost only
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

class Outbox {
  // A new client id for every load of the page: a duplicated tab gets a copy of sessionStorage, and must not go on
  // counting where the other one does.
  constructor(place) {
    this.key = `gapwise-outbox-${place}`;
    this.client = randomId();
    this.seq = 0;
    this.entries = this.restore();
  }

  restore() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  save() {
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.entries));
      this.unsafe = false;
    } catch {
      this.unsafe = true; // full or forbidden: still sent, but a reload now would lose it
    }
  }

  add(sent, item) {
    this.seq += 1;
    const { bitmap, state, visible, painted, problem, thumb, asked, seen, tile, gone, ...card } = item ?? {};
    const entry = { sent: { client: this.client, seq: this.seq, ...sent }, card: item ? card : null };
    this.entries.push(entry);
    return entry; // the caller saves, once for all that it adds
  }

  // The entry that an acknowledgement is about, taken out; undefined when it had been acknowledged before.
  take(ack) {
    const at = this.entries.findIndex((e) => e.sent.client === ack.client && e.sent.seq === ack.seq);
    if (at < 0) return undefined;
    const [entry] = this.entries.splice(at, 1);
    return entry;
  }

  batch(size) {
    return this.entries.slice(0, size).map((e) => e.sent);
  }

  images() {
    return this.entries.filter((e) => e.card).map((e) => e.card.image);
  }
}

class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

async function ask(url, options) {
  const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE), credentials: "same-origin" });
  if (answer.ok) return answer;
  const text = await answer.json().then((j) => j.error, () => `The server answered ${answer.status}.`);
  throw new Refusal(answer.status, text);
}
