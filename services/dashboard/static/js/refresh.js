// Load the page again and take over what it marks as data-live: the server alone knows how a value is written.
import { setClock, writeAges } from "./clock.js";
import { reload } from "./leaving.js";
import { morph } from "./morph.js";
import { localise } from "./times.js";

const EVERY_MS = 1000; // at most
let wanted = false, busy = false, last = 0;
const after = new Set();

export const onRefresh = (listener) => after.add(listener);

// Soon: many wishes within a second are one.
export function refresh() {
  wanted = true;
  if (!busy) setTimeout(run, Math.max(0, last + EVERY_MS - Date.now()));
}

async function run() {
  if (busy || !wanted) return;
  [busy, wanted, last] = [true, false, Date.now()];
  try {
    await load(location.href);
  } catch { /* the stream's indicator says that the API is away; the next event asks again */ }
  busy = false;
  if (wanted) refresh();
}

export async function load(address) {
  const answer = await fetch(address, { headers: { "X-Refresh": "1" }, cache: "no-store" });
  if (answer.status === 401) return reload();
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (address !== location.href) return; // the reader went on meanwhile
  localise(page);
  const clock = page.getElementById("clock");
  if (clock?.dataset.exchangeMs) setClock(Number(clock.dataset.exchangeMs), Number(clock.dataset.rate));
  writeAges(page);
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    if (fresh) morph(old, fresh);
  }
  for (const listener of after) listener();
}
