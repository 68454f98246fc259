// Numbers as people read them, and what an element is made of.

const escaped = (text) => String(text ?? "").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const whole = (value) => Math.round(value).toLocaleString("en");

// Three digits that count, without an exponent.
function short(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 ? 2 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3)).replace(/^-0(\.0*)?$/, "0$1");
}

const billions = (value) => (value >= 1e12 ? `${short(value / 1e12)}T` : `${short(value / 1e9)}B`);
const millions = (value) => (value >= 1e9 ? `${short(value / 1e9)}B` : `${short(value / 1e6)}M`);
const times = (value) => `×${short(value)}`;
const percent = (share) => `${share > 0 ? "+" : share < 0 ? "−" : ""}${Math.abs(100 * share).toFixed(1)}%`;

function bytes(value) {
  return value >= 1e9 ? `${short(value / 1e9)} GB` : `${short(value / 1e6)} MB`;
}

// A number as a field shows it: no more digits than a slider can set.
const field = (value) => (Math.abs(value) < 1e-6 ? "0" : String(Number(value.toPrecision(5))));

// A number as an address keeps it: as many digits as build the same network again, and no exponent.
const exact = (value) => (Math.abs(value) < 1e-6 ? "0" : String(Number(value.toPrecision(12))));
