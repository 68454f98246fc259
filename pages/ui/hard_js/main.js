// One component for all views of the page: what is drawn hangs on `data.kind`.

const VIEWS = { map: SetMap, matrix: Matrix, confusion: Confusion, bars: Bars, look: Look };
const drawn = new WeakMap(), loaded = new Map(); // sets by address: coming back to the map asks the server nothing

// The arrays of a set, as core/serving/sets.py writes them: a JSON head, then each array, all little-endian.
async function loadSet(url, token) {
  if (!loaded.has(url)) {
    loaded.clear(); // of one set at a time
    loaded.set(url, readSet(url, token).catch((error) => { loaded.delete(url); throw error; }));
  }
  return loaded.get(url);
}

async function readSet(url, token) {
  const answer = await fetch(url, { headers: { "X-Gapwise-Token": token } });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error ?? `The server answered ${answer.status}.`);
  const bytes = await answer.arrayBuffer(), length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const kinds = { int32: Int32Array, int16: Int16Array, int8: Int8Array, float32: Float32Array };
  let at = 4 + length;
  const set = { classes: head.classes, sources: head.sources };
  for (const [name, kind] of head.arrays) {
    set[name] = new kinds[kind](bytes, at, head.count);
    at += Math.ceil(set[name].byteLength / 4) * 4;
  }
  set.names = new TextDecoder().decode(new Uint8Array(bytes, at)).split("\n");
  return set;
}

async function showMap(view, data) {
  view.wanted = data.version;
  try {
    const set = await loadSet(`${data.base}/set?run=${data.run}&v=${encodeURIComponent(data.version)}`, data.token);
    if (view.ended || view.wanted !== data.version) return; // a later one is under way, or shown
    if (view.url === data.version) {
      if (view.drawnDark !== view.look.dark) view.recolor();
      return void view.keep(); // a run of the page may have written the address anew
    }
    view.url = data.version;
    view.show({ ...set, title: data.title, key: data.place });
  } catch (error) {
    if (view.wanted === data.version) view.root.querySelector(".gh-hint").textContent = error.message;
  }
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
    view.end();
    drawn.delete(parentElement);
    parentElement.querySelector(".gh-root")?.remove();
  };
}
