// One picture with one map: asks for it, shows that it waits, what came, or why nothing did.

const QUICK = 250; // milliseconds that a map may take without a word about it
const FIRST = 4; // seconds after which a person should hear why it takes so long

class Pane {
  constructor(panes) {
    this.panes = panes;
    this.root = make("figure", { className: "pane" });
    this.root.innerHTML = `<div class="shown"><div class="stage"><div class="frame"><img class="picture" alt="" draggable="false"></div>
      <div class="cover"><div class="frame"><canvas class="map"></canvas></div></div>
      <div class="divider" role="slider" tabindex="0" aria-label="Divider between picture and map" aria-valuemin="0" aria-valuemax="100"></div></div>
      <div class="veil" hidden><span class="spin" aria-hidden="true"></span><span class="words"></span></div></div>
      <figcaption><div class="title"></div><div class="quiet about"></div><div class="trust"></div>
      <div class="steps"><button type="button" class="link" data-act="retry" hidden>Try again</button><button type="button" class="link" data-act="large">Enlarge</button></div></figcaption>`;
    this.find = (selector) => this.root.querySelector(selector);
    this.stage = this.find(".stage");
    panes.zoom.attach(this.stage, this.find(".frame"));
    this.find('[data-act="retry"]').addEventListener("click", () => this.ask());
    this.find('[data-act="large"]').addEventListener("click", () => panes.enlarge(this.wish));
    new Divider(this.find(".divider"), this.stage, panes);
  }

  // A wish, or null for the picture alone.
  show(wish) {
    const same = wish && this.wish && addressOf(this.wish) === addressOf(wish) && this.answer && !this.failed;
    this.turn = (this.turn ?? 0) + 1;
    this.wish = wish;
    clearInterval(this.clock); // it tells of the wish before
    const large = this.find('[data-act="large"]');
    large.hidden = !wish || (this.panes.wishes.length === 1 && !this.panes.alone);
    large.textContent = this.panes.alone ? "Show all" : "Enlarge";
    this.find(".title").textContent = wish?.title ?? "Picture";
    this.root.classList.toggle("plain", !wish);
    if (wish && same) {
      this.paint(this.answer); // words may be others
      return void this.judge(); // whoever asked before was told that it is dropped
    }
    Object.assign(this, { answer: null, failed: "" });
    this.find(".map").hidden = true;
    this.told("", wish ? this.wish.about ?? "" : "");
    this.veil("");
    this.find('[data-act="retry"]').hidden = true;
    this.find(".trust").replaceChildren();
    if (wish) this.ask();
    return undefined;
  }

  async ask() {
    const { wish, turn } = this;
    const known = this.panes.answers.peek(wish) ?? this.panes.answers.peek({ ...wish, trust: true });
    this.failed = "";
    this.find('[data-act="retry"]').hidden = true;
    if (known) this.paint(known);
    else if (this.panes.own(wish)) this.provisional(this.panes.own(wish));
    else this.wait();
    try {
      const answer = known ?? (await this.panes.answers.get(wish, true));
      if (turn !== this.turn) return;
      this.paint(answer);
      await this.judge(turn);
    } catch (error) {
      if (turn === this.turn && !(error instanceof Dropped)) this.fail(refused(error));
    } finally {
      if (turn === this.turn) clearInterval(this.clock);
    }
  }

  // Whether the map says more than chance: asked for once it is there, after all other maps.
  async judge(turn = this.turn) {
    if (!this.wish || !this.answer || !this.panes.view.trust) return this.trust();
    if (this.answer.trust) return this.trust();
    this.trusting("Holding it against chance…");
    try {
      const answer = await this.panes.answers.get({ ...this.wish, trust: true }, false);
      if (turn === this.turn) this.paint(answer);
    } catch (error) {
      if (turn === this.turn && !(error instanceof Dropped)) this.trusting(`Not held against chance: ${refused(error)}`);
    }
    return undefined;
  }

  // The map that came with the prediction, until the server has said what it is made of.
  provisional(map) {
    this.draw(map);
    this.veil("");
    if (this.panes.view.trust) this.trusting("Holding it against chance…");
  }

  trusting(text) {
    this.find(".trust").replaceChildren(make("span", { className: "quiet", textContent: text }));
  }

  wait() {
    const since = performance.now();
    clearInterval(this.clock);
    this.find(".map").hidden = true;
    this.clock = setInterval(() => {
      const seconds = Math.round((performance.now() - since) / 1000);
      if (performance.now() - since < QUICK) return;
      const why = this.panes.answers.trouble.get(addressOf(this.wish)) ?? "The first one loads the network.";
      this.veil(seconds < FIRST ? "Making the map…" : `Making the map… ${seconds} s. ${why}`, true);
    }, QUICK);
  }

  paint(answer) {
    clearInterval(this.clock);
    this.answer = answer;
    this.veil("");
    this.draw(answer);
    const { wish } = this;
    const code = answer.probs.indexOf(Math.max(...answer.probs));
    const says = `says ${wish.names[code] ?? code} ${answer.probs[code].toFixed(2)}`;
    const known = wish.truth >= 0 ? (wish.truth === code ? ", right" : `, is ${wish.names[wish.truth]}`) : "";
    const of = targetText(answer.resolved, wish.names);
    const about = [wish.about, wish.says && `${says}${known}`, of !== wish.title && `map for ${of}`, answer.layer && `layer ${answer.layer}`, `${answer.height} × ${answer.width}`];
    this.told(wish.title, about.filter(Boolean).join(" · "));
    if (!answer.cells.some(Boolean)) this.veil(`Nothing speaks for ${of}.`);
    this.trust();
  }

  draw(map) {
    const canvas = this.find(".map");
    canvas.hidden = false;
    paintMap(canvas, map, this.panes.colors);
  }

  told(title, about) {
    if (title) this.find(".title").textContent = title;
    this.find(".about").textContent = about;
    this.find(".picture").alt = `${this.panes.fname}. ${this.find(".title").textContent}. ${about}`;
  }

  trust() {
    const found = this.panes.view.trust ? this.answer?.trust : null;
    const line = make("span", { className: found?.holds ? "holds" : "fails" });
    const [verdict, ...why] = (found?.sentence ?? "").split(/(?<=: )/); // what to think of it, then the reason
    if (found) line.append(make("b", { textContent: found.holds ? "✓ " : "⚠ ", ariaHidden: "true" }), make("span", { textContent: verdict }), make("span", { className: "quiet", textContent: why.join("") }));
    this.find(".trust").replaceChildren(...(found ? [line] : []));
  }

  fail(text) {
    this.failed = text;
    this.find(".map").hidden = true;
    this.trusting("");
    this.veil(text);
    this.find('[data-act="retry"]').hidden = false;
    this.panes.said(`${this.wish.title}: ${text}`);
  }

  veil(text, spins = false) {
    const veil = this.find(".veil");
    veil.hidden = !text;
    veil.classList.toggle("waits", spins);
    veil.querySelector(".words").textContent = text;
  }

  // For a PNG: picture, map and words as they are.
  cell() {
    const { view, swipe } = this.panes;
    const map = this.find(".map");
    const trust = this.find(".trust").textContent;
    const lines = [this.find(".title").textContent, this.find(".about").textContent, ...(trust ? [trust] : [])];
    const shown = this.wish && view.map && !map.hidden;
    return { picture: this.panes.original.image, map: shown ? map : null, opacity: view.opacity / 100, swipe: view.mode === "swipe" ? swipe / 100 : 0, lines };
  }

  close() {
    this.turn = (this.turn ?? 0) + 1;
    clearInterval(this.clock);
  }
}

// The line between picture and map, dragged or moved with arrow keys; all panes have it at the same place.
class Divider {
  constructor(root, stage, panes) {
    root.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      root.setPointerCapture(event.pointerId);
      root.focus();
    });
    root.addEventListener("pointermove", (event) => {
      if (!root.hasPointerCapture(event.pointerId)) return;
      const box = stage.getBoundingClientRect();
      panes.swipeTo((100 * (event.clientX - box.x)) / box.width);
    });
    root.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      panes.swipeTo(panes.swipe + step);
    });
  }
}
