// What a reader chose, kept in this browser; storage may be blocked, and then lasts as long as the page.
export function read(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

export function write(name, value) {
  try { localStorage.setItem(name, value); } catch { /* not kept */ }
}
