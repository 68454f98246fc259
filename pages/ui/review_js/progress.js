// How far the review is: done and left, rate and time left, where cells came from, how often people agree with what is
// proposed, with and without seeing it; and what others decided meanwhile.

const POLL = 4000; // milliseconds between two questions while the page is looked at
const SOURCES = { given: "given", human: "by people", derived: "by rules", pseudo: "by a model", open: "open" };

class Progress {
  constructor(root, found) {
    this.root = root;
    this.found = found; // takes what the server said
    this.timer = setInterval(() => this.poll(), POLL);
  }

  // Ask; `now` while decisions are under way, too; `exact` for figures of this moment.
  async poll(now = false, exact = false) {
    const { queue } = this;
    if (document.hidden || !queue?.token || (queue.busy && !now)) return;
    if (this.busy) {
      // The answer under way may be of a moment before.
      if (now) this.once = { exact: exact || Boolean(this.once?.exact) };
      return;
    }
    this.busy = true;
    try {
      const { seq } = queue.outbox;
      const { view } = queue;
      const told = await queue.progress(this.held(), exact);
      if (queue !== this.queue || view !== queue.view) return; // of a label or a workspace that was left meanwhile
      this.told = told;
      // Whoever decided or took back meanwhile knows better what is gone.
      const calm = seq === queue.outbox.seq && !queue.outbox.entries.length;
      if (calm) queue.count(told.left);
      this.found(told, calm ? told.gone : [], calm ? told.checks : []);
      this.paint();
    } catch {
      // the next one asks again; what can't be stored is said by the card
    } finally {
      this.busy = false;
      const { once } = this;
      this.once = null;
      if (once) this.poll(true, once.exact);
    }
  }

  paint() {
    const { told, queue } = this;
    if (!told || !this.root.open) return;
    const sources = Object.entries(SOURCES).filter(([name]) => told.sources[name]);
    const all = sources.reduce((sum, [name]) => sum + told.sources[name], 0);
    const bar = sources.map(([name]) => {
      const part = make("span", { className: `part ${name}` });
      part.style.flexGrow = told.sources[name];
      return part;
    });
    this.root.querySelector(".bar").replaceChildren(...bar);
    const share = (n) => `${((100 * n) / Math.max(1, all)).toFixed(1)}%`;
    const legend = sources.map(([name, text]) => {
      const item = make("li", { textContent: `${text} ${told.sources[name].toLocaleString("en")} (${share(told.sources[name])})` });
      item.className = name;
      return item;
    });
    this.root.querySelector(".legend").replaceChildren(...legend);
    const lines = [
      ["Proposals confirmed, where they were shown", agreement(told.seen)],
      ["Proposals confirmed, where they were hidden", told.blind.of ? agreement(told.blind) : ""],
      ["Answers by", Object.entries(told.people).slice(0, 8).map(([name, n]) => `${name} ${n.toLocaleString("en")}`).join(" · ")],
      ["This session", session(queue)],
    ];
    const shown = lines.filter(([, text]) => text);
    this.root.querySelector(".lines").replaceChildren(
      ...shown.flatMap(([head, text]) => [make("dt", { textContent: head }), make("dd", { textContent: text })]),
    );
  }

  close() {
    clearInterval(this.timer);
  }
}

function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

function agreement({ hits, of, low, high }) {
  if (!of) return "none yet";
  return `${percent(hits / of)} of ${of.toLocaleString("en")} (95% interval ${percent(low)} to ${percent(high)})`;
}

// What was done since the page was loaded, in words.
function session(queue) {
  const { counts, began } = queue.session;
  const names = { accept: "accepted", reject: "rejected", choose: "chosen", skip: "skipped", flag: "flagged", undo: "taken back", note: "noted" };
  const parts = Object.entries(names).filter(([action]) => counts[action]).map(([action, text]) => `${counts[action]} ${text}`);
  if (!parts.length) return "";
  const waits = [...queue.session.waits].sort((a, b) => a - b);
  const median = waits.length > 4 ? `, ${(waits[Math.floor(waits.length / 2)] / 1000).toFixed(1)} s each (median)` : "";
  return `${parts.join(", ")} in ${minutes((performance.now() - began) / 60000)}${median}`;
}

function minutes(n) {
  const whole = Math.round(n);
  if (whole < 1) return "less than a minute";
  if (whole < 90) return `${whole} min`;
  return whole < 48 * 60 ? `${Math.floor(whole / 60)} h ${whole % 60} min` : `${Math.round(whole / 1440)} days`;
}
