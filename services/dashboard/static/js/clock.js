// The exchange's clock: it may run faster than ours, and years away from it. Ages on the page are by it.
import { duration, onZone, stamp } from "./times.js";

let anchorMs = null, anchorAt = 0, rate = 1;

export function setClock(exchangeMs, clockRate) {
  if (exchangeMs === null || !Number.isFinite(exchangeMs)) return;
  anchorMs = exchangeMs;
  anchorAt = performance.now();
  rate = clockRate || 1;
}

export function exchangeNow() {
  return anchorMs === null ? null : anchorMs + (performance.now() - anchorAt) * rate;
}

export function writeAges(root) {
  const now = exchangeNow();
  if (now === null) return;
  for (const element of root.querySelectorAll("[data-age-of]")) {
    const text = duration((now - Number(element.dataset.ageOf)) / 1000);
    if (element.textContent !== text) element.textContent = text;
  }
}

export function startClock() {
  const shown = document.getElementById("clock");
  if (!shown) return;
  setClock(shown.dataset.exchangeMs ? Number(shown.dataset.exchangeMs) : null, Number(shown.dataset.rate));
  const tick = () => {
    const now = exchangeNow();
    if (now !== null) shown.textContent = stamp(now, true);
    writeAges(document);
  };
  tick();
  onZone(tick);
  setInterval(tick, 1000);
}
