// The keys of the page. A key that somebody types into a field is none of them.

const TYPING = "input, select, textarea, [contenteditable]";

/** `everywhere`: what each key does; `inList`: what it does while the list of pools has the focus, or nothing has. */
export function listen({ everywhere, inList, list, find, help }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open || event.defaultPrevented) return;
    if (event.target.closest(TYPING)) {
      if (event.target === find && (event.key === "Escape" || event.key === "Enter")) list.focus();
      else if (event.key === "Escape") everywhere.Escape();
      return;
    }
    const home = event.target === list || event.target === document.body;
    const act = (home ? inList[event.key] : undefined) ?? everywhere[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
}
