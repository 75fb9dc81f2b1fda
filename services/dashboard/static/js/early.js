// Before the first paint: the theme that was chosen here, else the system's.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const set = () => {
    let chosen = null;
    try { chosen = localStorage.getItem("theme"); } catch { /* storage is blocked: the system's theme */ }
    document.documentElement.dataset.theme = chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light";
  };
  set();
  dark.addEventListener("change", set);
})();
