// The clock in the page. Key event -> the next picture in the page, decoded, and two animation frames later. The same
// for every way: a picture counts as another one once both its name and its pixels are.
(() => {
  if (window.clock) return;
  const clock = (window.clock = { marks: [], presses: [], painted: new Set(), acks: [] });
  const roots = () => [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];
  const first = (selector) => { for (const r of roots()) { const e = r.querySelector(selector); if (e) return e; } };
  clock.card = () => first(".card");
  const nameIn = (text) => /([\w-]+\.jpg) · /.exec(text ?? "")?.[1];
  clock.name = () => {
    const card = first(".card");
    if (card) return card.dataset.image ? nameIn(first(".file").textContent) : undefined;
    return [...document.querySelectorAll('[data-testid="stCaptionContainer"], #name, h3')].map((e) => nameIn(e.textContent)).find(Boolean);
  };
  const picture = () => first("canvas.picture") ?? document.querySelector('[data-testid="stImage"] img, #picture, img[alt="image"]');
  let pending = null;
  let last = null;
  addEventListener("keydown", (event) => {
    if (event.key.length === 1) clock.choice = event.key;
    // a way with a key of its own to submit answers with that key only; what was chosen before is what is said
    if (clock.submit ? event.key !== clock.submit : event.key.length > 1) return;
    clock.presses.push([clock.shown, clock.choice, event.repeat, performance.timeOrigin + event.timeStamp]);
    pending ??= { at: event.timeStamp, name: clock.shown };
  }, true);
  const frames = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  const look = async () => {
    const [name, element] = [clock.name(), picture()];
    if (!name || !element || name === last) return;
    const source = element.src;
    if (element.tagName === "IMG") {
      if (source === clock.source && name !== clock.shown) return; // the name is new, the pixels are not yet
      try { await element.decode(); } catch { return; }
      if (clock.name() !== name || element.src !== source) return look();
    }
    if (name === last) return;
    last = name;
    clock.source = source;
    const key = pending;
    clock.shown = name;
    await frames();
    clock.painted.add(name);
    if (key && key.name !== name && pending === key) {
      clock.marks.push(performance.now() - key.at);
      pending = null;
    }
  };
  const watcher = new MutationObserver(look);
  const what = { subtree: true, childList: true, attributes: true, characterData: true };
  clock.watch = () => { roots().forEach((root) => watcher.observe(root, what)); look(); };
  new PerformanceObserver((list) => list.getEntries().forEach((e) => {
    if (e.name.endsWith("/gapwise/review")) {
      const since = e.serverTiming.find((t) => t.name === "since-commit");
      clock.acks.push([e.startTime, e.responseStart, since ? e.responseStart - since.duration : null]);
    }
  })).observe({ type: "resource" });
})();
