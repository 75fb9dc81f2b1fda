// Make one tree of elements like another, touching only what differs: focus, scroll and open parts stay.
// data-keep: the inside belongs to scripts. `open` and what was typed belong to the reader.
export function morph(from, to) {
  if (from.isEqualNode(to)) return;
  attributes(from, to);
  if (from.hasAttribute("data-keep")) return;
  children(from, to);
}

function attributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (name !== "open" && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

function children(from, to) {
  const known = new Map();
  for (const child of from.children) if (child.id) known.set(child.id, child);
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const same = wanted.nodeType === Node.ELEMENT_NODE && wanted.id ? known.get(wanted.id) : null;
    if (same) {
      if (same === at) at = at.nextSibling;
      else from.insertBefore(same, at);
      morph(same, wanted);
    } else if (at && isAlike(at, wanted)) {
      const here = at;
      at = at.nextSibling;
      if (wanted.nodeType === Node.ELEMENT_NODE) morph(here, wanted);
      else if (here.data !== wanted.data) here.data = wanted.data;
    } else {
      from.insertBefore(document.importNode(wanted, true), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function isAlike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");
}
