// Forms that ask first, and buttons that cannot be pressed twice.
export function confirmForms() {
  const dialog = document.getElementById("confirm");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      ask(dialog, form).then((yes) => {
        if (!yes) return;
        form.dataset.confirmed = "yes";
        form.requestSubmit();
      });
      return;
    }
    // After the browser has collected the form, a pressed button's name included
    setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
  });
  // A page from the browser's memory has forms that were sent already
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

function ask(dialog, form) {
  document.getElementById("confirm-title").textContent = form.dataset.confirm;
  document.getElementById("confirm-text").textContent = form.dataset.confirmText || "";
  document.getElementById("confirm-yes").textContent = form.dataset.confirmYes || "Yes";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
