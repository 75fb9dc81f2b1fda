// A page that could not be shown tries again by itself.
const seconds = Number(document.querySelector("[data-retry]")?.dataset.retry || 0);
if (seconds) setTimeout(() => location.reload(), seconds * 1000);
