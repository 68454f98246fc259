// What comes next, and what was decided but may be taken back.

const NEAR = 10; // decisions whose pictures stay decoded for an undo; a picture takes some 2 MB

class Queue extends Exchange {
  constructor(place) {
    super(place);
    this.history = []; // {entry, item}: decided here since the page was loaded, newest last
    this.session = new Session();
    this.undosWanted = 0;
    addEventListener("online", () => this.pump(true));
    addEventListener("beforeunload", (event) => this.outbox.entries.length && event.preventDefault());
  }

  open({ base, token, label, order, blind }) {
    const view = `${label} ${order} ${blind}`;
    const renewed = token !== this.token || view !== this.view;
    Object.assign(this, { base, token, resting: false });
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
      if (item.check) sent.check = true;
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
    this.pump(); // at once: the server stores while the browser paints the next picture
  }

  // A note by itself.
  note(item, text) {
    this.outbox.add({ action: "note", cell: { image: item.image, label: item.label }, note: text });
    this.outbox.save();
    item.notes = [...(item.notes ?? []), { by: "you", text }];
    this.session.add("note", 1);
    this.pump();
  }

  // Take back what was done last, a grid as a whole; returns the items that are back, if they are known here.
  // With `quiet` they don't come to the card: the caller shows them.
  undo(quiet = false) {
    const made = this.history.pop();
    if (made) {
      for (const { sent } of [...made.entries].reverse()) {
        const entry = this.outbox.add({ action: "undo", undoes: `${sent.client}:${sent.seq}` });
        Object.assign(entry, { quiet, back: sent.cell.image });
      }
      this.outbox.save();
      this.session.undone(made.entries.length);
      if (!quiet) [...made.items].reverse().forEach((item) => this.bringBack(item, 0));
    } else {
      this.undosWanted += 1; // of an earlier visit: only the server knows which one
    }
    this.pump();
    return made?.items;
  }

  bringBack(item, place, instead = false) {
    if (item.label !== this.label) return;
    const at = this.buffer.findIndex((other) => other.image === item.image);
    if (at >= 0 && !instead) return;
    if (at >= 0) this.buffer.splice(at, 1)[0].bitmap?.close();
    item.state ??= "new"; // of the grid: its picture was only loaded small
    this.buffer.splice(place, 0, item);
    this.load();
  }

  // How many wait by now: fewer, too, after an acceptance in bulk. Of picked cells the answers to decisions tell.
  count(left) {
    if (["errors", "sent"].includes(this.order)) return;
    this.left = left;
    this.changed();
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

  // Checks by now, which were loaded before: they come again without their proposal, but for the one on screen. Says
  // whether there were any.
  hide(images, shown) {
    const asked = new Set(images);
    const open = (item) => asked.has(item.image) && !item.blind && item !== shown;
    if (!this.buffer.some(open)) return false;
    this.buffer = this.buffer.filter((item) => !open(item) || item.bitmap?.close());
    this.pump();
    return true;
  }

  refuse(entry, reason) {
    const { client, action } = entry.sent;
    // Only what this visit counted: not what lay in the outbox when the page was loaded, nor an earlier visit's undo.
    if (client === this.outbox.client && (action !== "undo" || "quiet" in entry)) this.session.refused(action);
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
    if (entry.back) this.stays(entry.back);
  }

  // It was not taken back after all: it is no more to be answered than before.
  stays(image) {
    this.buffer = this.buffer.filter((item) => item.image !== image || item.bitmap?.close());
    this.kept(image);
  }

  // The undo of an earlier visit, once the server has said which decision it would take back.
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
}
