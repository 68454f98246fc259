// What all scripts that talk to the routes of core.serving begin with.

const PATIENCE = 20000; // milliseconds that a request may take

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

// What ends a component. Streamlit calls the end of a call that a later one overtook while the script was still being
// loaded, too, when the later one may have drawn already: only what is gone from the page has ended.
function ending(place, then) {
  return () => place.isConnected || then();
}

// The server's own no, in its words.
class Refusal extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

// For people: a browser's own words for a network that is gone are none.
function reason(error) {
  return error instanceof Refusal ? error.message : "The server can't be reached.";
}

// `patience` in milliseconds; `signal` ends the request sooner.
async function ask(url, { patience = PATIENCE, signal, ...options } = {}) {
  const late = AbortSignal.timeout(patience);
  const either = signal ? AbortSignal.any([late, signal]) : late;
  const answer = await fetch(url, { ...options, signal: either, credentials: "same-origin" });
  if (answer.ok) return answer;
  const text = await answer.json().then((j) => j.error, () => `The server answered ${answer.status}.`);
  throw new Refusal(answer.status, text);
}
