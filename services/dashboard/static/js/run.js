// The page of a run, live: figures from the server, bars and markers in the chart, equity below.
import { Candles } from "./candles.js";
import { setClock } from "./clock.js";
import { Equity } from "./equity.js";
import { listen } from "./live.js";
import { load, refresh } from "./refresh.js";

const { run, instrument, entryTimeframe, quote, cash, endMs } = document.body.dataset;
const byId = (id) => document.getElementById(id);

const candles = new Candles(byId("candles"), {
  run, instrument, timeframe: entryTimeframe, endMs: endMs ? Number(endMs) : null,
  legend: byId("legend"), note: byId("candles-note"), crowd: byId("fills-note"), latest: byId("latest"),
});
const equity = new Equity(byId("equity"), { run, quote, cash, note: byId("equity-note") });

byId("timeframes").addEventListener("click", (event) => {
  const button = event.target.closest("[data-timeframe]");
  if (!button) return;
  for (const one of button.parentElement.children) one.setAttribute("aria-pressed", String(one === button));
  candles.change(button.dataset.timeframe);
});

// A trade's entry in the table shows it in the chart
document.addEventListener("click", (event) => {
  const shown = event.target.closest("[data-show-from]");
  if (!shown) return;
  byId("candles").closest(".card").scrollIntoView({ behavior: "smooth", block: "start" });
  candles.reveal(Number(shown.dataset.showFrom), Number(shown.dataset.showTo));
});

// Tabs and pages of tables come without loading the charts again
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-tab]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const wanted = new URL(link.href);
  if (wanted.searchParams.get("tab") === "strategy") return;
  event.preventDefault();
  byId("panel").setAttribute("data-live", "");
  wanted.hash = "";
  history.pushState(null, "", wanted);
  markTab();
  try { await load(location.href); } catch { location.reload(); }
});
addEventListener("popstate", () => location.reload());

function markTab() {
  const tab = new URL(location.href).searchParams.get("tab") || "trades";
  for (const link of document.querySelectorAll(".tabs a")) {
    if (new URL(link.href).searchParams.get("tab") === tab) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function position() {
  try {
    const answer = await fetch(`/data/runs/${run}/position`);
    if (answer.ok) candles.setPosition(await answer.json());
  } catch { /* the next event asks again */ }
}

let last = null;
function changed(found) {
  refresh();
  const key = [found.status, found.trade_count, found.position.side, found.position.quantity, found.position.stop, found.position.target].join();
  if (key !== last) { // the position or the fills may have changed
    last = key;
    position();
    candles.loadFills().catch(() => {});
  }
  equity.follow();
}

function everything() {
  refresh();
  position();
  candles.follow();
  candles.loadFills().catch(() => {});
  equity.follow();
}

position();
listen(`/events?run=${run}`, {
  run: (found) => { if (String(found.id) === run) changed(found); },
  bar: (event) => { if (event.instrument === instrument) candles.touch(event.bar, true); },
  tick: (event) => { if (event.instrument === instrument) candles.touch(event.bar, false); },
  system: (system) => setClock(system.exchange_now_ms, system.clock_rate),
  reset: everything,
  reopened: everything,
});
