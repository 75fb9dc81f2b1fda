// Server-sent events with an indicator that tells the truth: live, reconnecting, or stale.
// A stream that ends is opened again, later each time; a tab that nobody looks at gives its place to others.
import { reload } from "./leaving.js";

const STALE_MS = 20_000; // /system comes every 5 s
const FIRST_MS = 500, LONGEST_MS = 30_000;
const HIDDEN_MS = 60_000;
const NAMES = ["run", "bar", "tick", "system", "reset"];
const WORDS = { live: "live", reconnecting: "reconnecting", stale: "stale", off: "idle" };

export function listen(address, handlers) {
  let source = null, delay = FIRST_MS, heard = 0, retry = 0, hide = 0, wasOpen = false;
  const shown = document.getElementById("live"), text = document.getElementById("live-text");
  const show = (state) => {
    shown.hidden = false;
    if (shown.dataset.state !== state) [shown.dataset.state, text.textContent] = [state, WORDS[state]];
  };

  const open = () => {
    clearTimeout(retry);
    source?.close();
    const mine = source = new EventSource(address);
    for (const name of NAMES) {
      mine.addEventListener(name, (event) => {
        heard = Date.now();
        delay = FIRST_MS;
        show("live");
        handlers[name]?.(JSON.parse(event.data));
      });
    }
    mine.onopen = () => {
      heard = Date.now();
      show("live");
      if (wasOpen) handlers.reopened?.(); // whatever happened meanwhile was missed
      wasOpen = true;
    };
    mine.onerror = () => { if (mine === source) again(); };
  };
  const again = () => {
    source?.close();
    source = null;
    show("reconnecting");
    clearTimeout(retry);
    retry = setTimeout(async () => {
      delay = Math.min(LONGEST_MS, delay * 2);
      if (await isLoggedOut()) reload();
      else open();
    }, delay * (0.75 + Math.random() / 2));
  };

  show("reconnecting");
  open();
  setInterval(() => {
    if (source && Date.now() - heard > STALE_MS) {
      show("stale");
      if (Date.now() - heard > 2 * STALE_MS) again();
    }
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hide);
    if (document.hidden) {
      hide = setTimeout(() => { clearTimeout(retry); source?.close(); source = null; show("off"); }, HIDDEN_MS);
    } else if (!source) {
      delay = FIRST_MS;
      open();
    }
  });
  window.addEventListener("pagehide", () => source?.close());
}

async function isLoggedOut() {
  try { return (await fetch("/data/system", { cache: "no-store" })).status === 401; } catch { return false; }
}
