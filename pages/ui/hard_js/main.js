// One component for all views of the page: what is drawn hangs on `data.kind`.

const VIEWS = { map: SetMap, matrix: Matrix, confusion: Confusion, bars: Bars, look: Look };
const drawn = new WeakMap();

async function showMap(view, data) {
  view.token = data.token; // the newest, also for one that is tried again
  if (view.loading === data.version) return;
  view.wanted = view.loading = data.version;
  view.trouble.end();
  const url = `${data.base}/set?run=${data.run}&v=${encodeURIComponent(data.version)}`;
  const over = () => view.ended || view.wanted !== data.version; // a later one is under way, or shown
  const set = await patiently(() => loadSet(url, view.token), view.trouble, over);
  if (!set) return;
  view.loading = null;
  if (view.url === data.version) {
    if (view.drawnDark !== view.look.dark) view.recolor();
    return void view.keep(); // a run of the page may have written the address anew
  }
  view.url = data.version;
  view.show({ ...set, title: data.title, key: data.place });
}

// Styles once for the document: a component's own come and go with it, and the page is styled anew each time.
if (!document.adoptedStyleSheets.some((one) => one.gapwiseHard)) {
  const made = Object.assign(new CSSStyleSheet(), { gapwiseHard: true });
  made.replaceSync(CSS);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, made];
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  let view = drawn.get(parentElement);
  if (view?.kind !== data.kind) {
    view?.end();
    parentElement.querySelector(".gh-root")?.remove();
    const root = parentElement.appendChild(document.createElement("div"));
    root.className = `gh-root gh-${data.kind}-view`;
    view = new VIEWS[data.kind](root, (event) => view.send(event));
    view.kind = data.kind;
    drawn.set(parentElement, view);
  }
  view.send = (event) => setTriggerValue("event", event);
  Object.assign(previews, { base: data.base, token: data.token, version: data.pictures });
  const text = JSON.stringify({ ...data, token: "", dark: theme(view.root).dark }); // Streamlit calls for a new theme, too
  if (data.kind === "map") showMap(view, data);
  else if (view.text !== text) view.show(data); // what stays the same is left alone: scrolled, chosen, looked at
  view.text = text;
  return () => {
    // As `ending` of shared_js: a call that was overtaken by a later one does not end what that one draws.
    if (parentElement.isConnected) return;
    view.ended = true;
    view.trouble?.end();
    view.end();
    drawn.delete(parentElement);
    parentElement.querySelector(".gh-root")?.remove();
  };
}
