// Decisions that the server has not acknowledged yet. They lie in sessionStorage until it has, so that a reload, a
// killed server or a lost network loses none. Each has an id of its own (client:seq): sent twice, it is taken once.

const AT_ONCE = 60; // decisions in one request: a whole grid
const BACK_OFF = [250, 500, 1000, 2000, 4000, 8000]; // milliseconds between tries

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is there over https and on localhost only
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

// What tells this tab's cards from those of another tab of the same person: it outlives a reload, as the cards do.
function tabId() {
  try {
    const tab = sessionStorage.getItem("gapwise-tab") ?? randomId();
    sessionStorage.setItem("gapwise-tab", tab);
    return tab;
  } catch {
    return ""; // forbidden: as if all were one tab
  }
}

// An item as the server sent it, without what became of it here.
function asSent({ bitmap, state, visible, painted, problem, thumb, asked, seen, tile, gone, ...card }) {
  return card;
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
    const entry = { sent: { client: this.client, seq: this.seq, ...sent }, card: item ? asSent(item) : null };
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

  // How many fewer may wait once all is stored; of an answered check nobody but the server knows.
  settling() {
    return this.entries.filter((e) => e.card && !e.card.check && ["accept", "reject", "choose"].includes(e.sent.action)).length;
  }

  images() {
    return this.entries.filter((e) => e.card).map((e) => e.card.image);
  }
}
