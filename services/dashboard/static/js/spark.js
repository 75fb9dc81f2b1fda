// Small equity curves in a table: loaded when they are seen, a few at a time, again when their run has a new bar.
const POINTS = 60, AT_ONCE = 3, AGAIN_MS = 15_000;
const WIDTH = 130, HEIGHT = 34, SVG = "http://www.w3.org/2000/svg";
const queue = [];
const drawn = new WeakMap(); // cell -> {at, when}
let busy = 0;

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    entry.target.dataset.seen = entry.isIntersecting ? "1" : "";
    if (entry.isIntersecting) want(entry.target);
  }
});

export function sparks(root) {
  for (const cell of root.querySelectorAll("[data-spark]")) {
    if (!drawn.has(cell)) {
      drawn.set(cell, { at: null, when: 0 });
      seen.observe(cell);
    } else want(cell);
  }
}

function want(cell) {
  const known = drawn.get(cell);
  const stale = known.at !== cell.dataset.sparkAt && Date.now() - known.when > AGAIN_MS;
  if (!cell.dataset.seen || !stale || queue.includes(cell)) return;
  queue.push(cell);
  next();
}

async function next() {
  if (busy >= AT_ONCE || queue.length === 0) return;
  busy += 1;
  const cell = queue.shift();
  drawn.set(cell, { at: cell.dataset.sparkAt, when: Date.now() });
  try {
    const answer = await fetch(`/data/runs/${cell.dataset.spark}/equity?points=${POINTS}`);
    if (answer.ok) draw(cell, (await answer.json()).items);
  } catch { /* the next refresh asks again */ }
  busy -= 1;
  next();
}

function draw(cell, items) {
  const values = items.map(([, equity]) => Number(equity));
  if (values.length < 2) return cell.replaceChildren();
  const low = Math.min(...values), high = Math.max(...values), span = high - low || 1;
  const from = items[0][0], length = items.at(-1)[0] - from || 1;
  const y = (value) => (HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4)).toFixed(1);
  const points = items.map(([ms], i) => `${(((ms - from) / length) * WIDTH).toFixed(1)} ${y(values[i])}`);
  const change = values.at(-1) - values[0];
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", "Equity since the start");
  picture.append(path("base", `M0 ${y(values[0])}H${WIDTH}`), path(change > 0 ? "up" : change < 0 ? "down" : "even", `M${points.join("L")}`));
  cell.replaceChildren(picture);
}

function path(name, d) {
  const found = document.createElementNS(SVG, "path");
  found.setAttribute("class", name);
  found.setAttribute("d", d);
  return found;
}
