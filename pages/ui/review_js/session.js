// What was done since the page was loaded.

const RECENT = 60000; // milliseconds that the rate is taken from

class Session {
  constructor() {
    Object.assign(this, { began: performance.now(), counts: {}, waits: [], times: [], done: 0 });
  }

  add(action, n) {
    this.counts[action] = (this.counts[action] ?? 0) + n;
  }

  decided(action, n, since) {
    const now = performance.now();
    this.add(action, n);
    if (since) this.waits.push(now - since);
    for (let i = 0; i < n; i += 1) this.times.push(now);
    this.done += n;
  }

  // The server did not take it.
  refused(action) {
    this.add(action, -1);
    if (action === "undo") this.done += 1;
    else if (action !== "note") this.done -= 1;
  }

  undone(n) {
    this.add("undo", n);
    this.done -= n;
  }

  // Decisions a minute, over the last minute; null for too few to say.
  rate() {
    const now = performance.now();
    this.times = this.times.filter((time) => now - time < RECENT);
    const span = now - Math.min(this.times[0] ?? now, now - 5000); // a grid's sixty come in one moment
    return this.times.length > 2 ? Math.round(((this.times.length - 1) / span) * 60000) : null;
  }
}
