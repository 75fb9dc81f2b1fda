// One time zone for the whole page: UTC, or the browser's. Pages come with UTC; local time is written over it.
import { read, write } from "./stored.js";

const MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400;
const listeners = new Set();
let local = read("zone") === "local";

export const isLocal = () => local;
export const onZone = (listener) => listeners.add(listener);
const two = (n) => String(n).padStart(2, "0");

// What a local clock shows at `ms`, as if it were UTC: for charts that know no time zones.
export function shifted(ms) {
  return local ? ms - new Date(ms).getTimezoneOffset() * 60_000 : ms;
}

export function stamp(ms, seconds = false) {
  const at = new Date(shifted(ms));
  const day = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  return seconds ? `${day} ${time}:${two(at.getUTCSeconds())}` : `${day} ${time}`;
}

export function zoneName() {
  if (!local) return "UTC";
  const minutes = -new Date().getTimezoneOffset();
  return `UTC${minutes < 0 ? "−" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

// The same as the server's `duration`.
export function duration(seconds) {
  const left = Math.max(0, Math.round(seconds));
  if (left < MINUTE_S) return `${left}s`;
  if (left < HOUR_S) return `${Math.round(left / MINUTE_S)}m`;
  const [large, unit, small, part] = left < DAY_S ? [HOUR_S, "h", MINUTE_S, "m"] : [DAY_S, "d", HOUR_S, "h"];
  const rest = Math.floor((left % large) / small);
  return `${Math.floor(left / large)}${unit}${rest ? ` ${rest}${part}` : ""}`;
}

// Write every time inside `root` in the chosen zone.
export function localise(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const ms = Date.parse(element.getAttribute("datetime"));
    if (!Number.isNaN(ms)) element.textContent = stamp(ms, element.hasAttribute("data-seconds"));
  }
  for (const element of root.querySelectorAll(".zone")) element.textContent = zoneName();
}

export function toggleZone() {
  local = !local;
  write("zone", local ? "local" : "utc");
  localise(document);
  for (const listener of listeners) listener();
}
