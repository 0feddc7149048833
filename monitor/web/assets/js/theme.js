// Sets light or dark before anything is drawn: the choice that was kept, else that of the system. A classic script for that.
(() => {
  const KEY = "marginwatch.theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // private windows may refuse
    }
  };
  const set = () => {
    const choice = kept();
    document.documentElement.dataset.theme = choice === "light" || choice === "dark" ? choice : dark.matches ? "dark" : "light";
    dispatchEvent(new Event("themechange"));
  };
  dark.addEventListener("change", set);
  globalThis.toggleTheme = () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      // What the system wants anyway needs no memory.
      if ((next === "dark") === dark.matches) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // It holds for this page then.
    }
    document.documentElement.dataset.theme = next;
    dispatchEvent(new Event("themechange"));
  };
  set();
})();
