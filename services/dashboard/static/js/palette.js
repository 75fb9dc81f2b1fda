// The style sheets' colours, for what is drawn on a canvas.
const names = ["card", "line", "line-strong", "text", "muted", "accent", "short", "up", "down", "warn", "candle-up", "candle-down",
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => `series-${n}`)];
const listeners = new Set();

export function palette() {
  const style = getComputedStyle(document.documentElement);
  const found = { face: style.getPropertyValue("--face").trim() };
  for (const name of names) found[name.replace(/-(.)/g, (_, c) => c.toUpperCase())] = style.getPropertyValue(`--${name}`).trim();
  return found;
}

// `#rrggbb` with an opacity between 0 and 1.
export const faded = (colour, opacity) => colour + Math.round(opacity * 255).toString(16).padStart(2, "0");
export const onTheme = (listener) => listeners.add(listener);

new MutationObserver(() => listeners.forEach((listener) => listener()))
  .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
