// Maps from the server: few requests at a time, what is on screen first, every answer kept.

const ASKING = 3; // at the same time; the server lets eight wait
const KEPT = 400; // answers
const BUSY = [400, 800, 1500, 3000, 5000]; // milliseconds between tries while others wait for the worker, too
const ATTEMPT = 1000; // milliseconds after which a refusal was no full waiting line: the worker tried, or was lost
const LONG = 90000; // milliseconds that a map may take: the first one starts a process and loads a network

class Answers {
  constructor() {
    this.known = new Map();
    this.waiting = [];
    this.asking = 0;
    this.trouble = new Map(); // address → why it takes so long, in the server's words
  }

  // Return what is known of a wish; undefined when nobody asked yet.
  peek(wish) {
    return this.known.get(addressOf(wish));
  }

  // Return a promise of a wish's answer; `first` goes before what waits. It fails with `dropped` when `keep` lets it go.
  get(wish, first) {
    const address = addressOf(wish);
    const answer = this.known.get(address);
    if (answer) return Promise.resolve(answer);
    const there = this.waiting.find((other) => other.address === address);
    if (there) return there.promise;
    const entry = { address, first };
    entry.promise = new Promise((resolve, reject) => Object.assign(entry, { resolve, reject }));
    this.waiting.push(entry);
    this.pump();
    return entry.promise;
  }

  // What nobody looks at any more is not asked for; what is under way may end, and is kept.
  drop() {
    const gone = this.waiting.filter((entry) => !entry.going);
    this.waiting = this.waiting.filter((entry) => entry.going);
    gone.forEach((entry) => entry.reject(new Dropped()));
  }

  pump() {
    while (this.asking < ASKING) {
      const idle = this.waiting.filter((entry) => !entry.going);
      const entry = idle.find((other) => other.first) ?? idle[0];
      if (!entry) return;
      entry.going = true;
      this.asking += 1;
      this.fetched(entry.address)
        .then((answer) => this.keep(entry, answer), entry.reject)
        .finally(() => {
          this.asking -= 1;
          this.trouble.delete(entry.address);
          this.waiting.splice(this.waiting.indexOf(entry), 1);
          this.pump();
        });
    }
  }

  async fetched(address) {
    const headers = { "X-Gapwise-Token": this.token };
    const since = performance.now();
    for (let tries = 0, made = 0; ; tries += 1) {
      const began = performance.now();
      try {
        return await (await ask(`${this.base}/map?${address}`, { headers, patience: LONG })).json();
      } catch (error) {
        if (error.name === "TimeoutError") throw new Error(`No answer within ${LONG / 1000} seconds.`);
        if (performance.now() - began > ATTEMPT) made += 1;
        // A worker that ended twice over this map would end a third time, and others wait for it, too.
        if (error.status !== 503 || made > 1 || performance.now() - since > LONG) throw error;
        this.trouble.set(address, error.message);
        await new Promise((go) => setTimeout(go, BUSY[Math.min(tries, BUSY.length - 1)]));
      }
    }
  }

  keep(entry, answer) {
    answer.cells = bytesOf(answer.map);
    this.known.set(entry.address, answer);
    for (const address of this.known.keys()) {
      if (this.known.size <= KEPT) break;
      this.known.delete(address);
    }
    entry.resolve(answer);
  }
}

class Dropped extends Error {}

// In words, for people.
function refused(error) {
  return error instanceof Refusal || error.constructor === Error ? error.message : "The server can't be reached.";
}

function addressOf({ image, run, method, layer, target, smooth, trust }) {
  return new URLSearchParams({ image, run, method, ...(layer ? { layer } : {}), target, smooth, ...(trust ? { trust: 1 } : {}) }).toString();
}
