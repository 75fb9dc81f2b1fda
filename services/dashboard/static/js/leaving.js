// A page that has sent a form is on its way somewhere: what it learns meanwhile must not take it elsewhere.
let leaving = false;
document.addEventListener("submit", (event) => { if (!event.defaultPrevented) leaving = true; });
window.addEventListener("pageshow", () => { leaving = false; });

export function reload() { if (!leaving) location.reload(); }
