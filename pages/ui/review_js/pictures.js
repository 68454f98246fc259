// Pictures of what comes next, loaded and decoded before they are needed.

const FULL = 20; // items held; pictures of all of them are decoded
const LOADERS = 3; // pictures loaded at the same time; browsers give a server six connections, one is for decisions

// Whether a picture can never be shown; all else passes: a server or a workspace that is away.
function broken(error) {
  return error.status === 422 || error.name === "InvalidStateError";
}

class Pictures {
  constructor() {
    this.buffer = []; // items, the first is on screen
    this.loading = 0;
    this.changed = () => {};
  }

  async load() {
    while (this.loading < LOADERS) {
      const item = this.buffer.slice(0, FULL).find((other) => other.state === "new"); // a grid that was taken back is long
      if (!item) return;
      item.state = "loading";
      this.loading += 1;
      this.picture(item).finally(() => {
        this.loading -= 1;
        this.changed(item);
        this.load();
      });
    }
  }

  async picture(item) {
    for (let tries = 0; this.buffer.includes(item); tries += 1) {
      try {
        item.bitmap = await this.bitmap(item);
        item.state = "ready";
        return;
      } catch (error) {
        if (broken(error)) {
          item.problem = error.message;
          item.state = "ready";
          return;
        }
        await new Promise((go) => setTimeout(go, BACK_OFF[Math.min(tries, BACK_OFF.length - 1)]));
      }
    }
  }

  async bitmap(item, options = {}) {
    const url = `${this.base}/preview/${item.image}?v=${item.digest}`;
    const answer = await ask(url, { headers: { "X-Gapwise-Token": this.token } });
    return createImageBitmap(await answer.blob(), options);
  }
}
