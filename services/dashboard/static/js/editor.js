// The strategy form: a problem's line is one click away, Ctrl+Enter checks, Tab indents.
const text = document.getElementById("text");

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  if (!link) return;
  event.preventDefault();
  const lines = text.value.split("\n"), line = Math.max(1, Number(link.dataset.line));
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const column = Math.min(Math.max(1, Number(link.dataset.column)), (lines[line - 1] || "").length + 1);
  text.focus();
  text.setSelectionRange(before + column - 1, before + (lines[line - 1] || "").length);
  text.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(text).lineHeight));
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    text.form.querySelector('[value="check"]').click();
  } else if (event.key === "Tab" && !event.shiftKey && !event.ctrlKey && !event.altKey && text.selectionStart !== text.value.length) {
    // Inside the text Tab indents; at its end it leaves the field, so that the keyboard is never caught
    event.preventDefault();
    text.setRangeText("  ", text.selectionStart, text.selectionEnd, "end");
  }
});
