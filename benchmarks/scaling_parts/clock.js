// The clock in the page: a key on a slider, networks of the new value in the page, two animation frames later. Each
// function focuses a slider; `clock.moved` is a promise of the milliseconds that the next key takes.
(() => {
  const frames = () => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => go(performance.now()))));
  const roots = () => [document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot).filter(Boolean)];

  window.clock = {
    // The explorer says what it has drawn; while it asks it is busy.
    explorer(name) {
      const found = roots().map((root) => root.querySelector(".scaling")).find(Boolean);
      const slider = found.querySelector(`input[type=range][data-name=${name}]`);
      clock.moved = new Promise((done) => {
        let began = null, asked = false;
        slider.addEventListener("keydown", (event) => (began = event.timeStamp), { once: true, capture: true });
        slider.addEventListener("input", () => (asked = true), { once: true });
        const watcher = new MutationObserver(async () => {
          if (!asked || found.hasAttribute("aria-busy")) return;
          watcher.disconnect();
          done((await frames()) - began);
        });
        watcher.observe(found, { attributes: true, attributeFilter: ["data-drawn", "aria-busy"] });
      });
      slider.focus();
    },

    // Of Streamlit's own slider: the last change of the page beside it, before so many milliseconds of rest.
    charts(label, rest) {
      const slider = [...document.querySelectorAll("[data-testid=stSlider]")].find((e) => e.textContent.startsWith(label));
      clock.moved = new Promise((done) => {
        let began = null, last = null;
        addEventListener("keydown", (event) => (began = event.timeStamp), { once: true, capture: true });
        const watcher = new MutationObserver(async (records) => {
          const beside = (node) => (node.closest ? node : node.parentElement)?.closest("[data-testid=stMain]") && !slider.contains(node);
          if (began === null || !records.some((r) => beside(r.target))) return;
          const drawn = (last = await frames());
          setTimeout(() => last === drawn && (watcher.disconnect(), done(drawn - began)), rest);
        });
        watcher.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
      });
      slider.querySelector("[role=slider], input[type=range]").focus();
    },
  };
})();
