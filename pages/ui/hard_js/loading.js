// The arrays of a set from the server; where they don't come, why, and again in a while or at a press.

const WAITS = [1, 2, 4, 8, 16]; // seconds between tries
const SET_PATIENCE = 60000; // milliseconds: 100,000 images are read and packed in some two seconds
const loaded = new Map(); // sets by address: coming back to the map asks the server nothing

// As core/serving/sets.py writes them: a JSON head, then each array, all little-endian.
async function loadSet(url, token) {
  if (!loaded.has(url)) {
    loaded.clear(); // of one set at a time
    loaded.set(url, readSet(url, token).catch((error) => { loaded.delete(url); throw error; }));
  }
  return loaded.get(url);
}

async function readSet(url, token) {
  const answer = await ask(url, { headers: { "X-Gapwise-Token": token }, patience: SET_PATIENCE });
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

// What is said while something does not come, with a button.
class Trouble {
  constructor(bar) {
    this.bar = bar;
    this.text = this.bar.appendChild(make("span"));
    this.again = this.bar.appendChild(make("button", { type: "button", textContent: "Try again" }));
    this.again.addEventListener("click", () => this.go?.());
  }

  // Returns when it is to be tried again: after so many seconds, or at a press where `seconds` is undefined.
  wait(error, seconds) {
    this.bar.hidden = false;
    this.text.textContent = `${reason(error)}${seconds === undefined ? "" : ` Trying again in ${seconds} s.`}`;
    return new Promise((go) => {
      const timer = seconds === undefined ? 0 : setTimeout(() => go(false), 1000 * seconds);
      this.go = () => { clearTimeout(timer); go(true); };
    });
  }

  hide() {
    this.bar.hidden = true;
  }

  // Whoever waits goes on, to find that nobody wants it any more.
  end() {
    this.go?.();
  }
}

// Return what `work` returns, however often it has to be asked; null once it is `over`. The server's own no is an
// answer: it is asked again at a press only.
async function patiently(work, trouble, over) {
  for (let tries = 0; ; tries += 1) {
    try {
      const found = await work();
      trouble.hide();
      return over() ? null : found;
    } catch (error) {
      if (over()) return null;
      const lasting = error instanceof Refusal && error.status < 500;
      if (await trouble.wait(error, lasting ? undefined : WAITS[tries])) tries = -1; // pressed: all of them again
      if (over()) return null;
    }
  }
}
