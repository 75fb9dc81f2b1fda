// Every page: theme, time zone, clock, forms.
import { startClock } from "./clock.js";
import { confirmForms } from "./confirm.js";
import { write } from "./stored.js";
import { isLocal, localise, toggleZone } from "./times.js";

const root = document.documentElement;
document.getElementById("theme").addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  write("theme", root.dataset.theme);
});

const zone = document.getElementById("zone");
zone.addEventListener("click", () => {
  toggleZone();
  zone.setAttribute("aria-pressed", String(isLocal()));
});
zone.setAttribute("aria-pressed", String(isLocal()));

localise(document);
startClock();
confirmForms();

// Said once: loading the page again does not say it again
const said = new URL(location.href);
if (said.searchParams.has("said")) {
  said.searchParams.delete("said");
  history.replaceState(null, "", said);
}
