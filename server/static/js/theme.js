// The look that was chosen, set before the first paint; the button that changes it. A classic script for that reason.
(() => {
  const KEY = "leash-look";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const recall = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const remember = (look) => { try { localStorage.setItem(KEY, look); } catch { /* a private window forgets */ } };
  const current = () => root.dataset.look || (system.matches ? "dark" : "light");

  const chosen = recall();
  if (chosen === "dark" || chosen === "light") root.dataset.look = chosen;

  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    const word = button.querySelector("[data-theme-word]");
    const tell = () => { word.textContent = `Switch to the ${current() === "dark" ? "light" : "dark"} look`; };
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.look = current() === "dark" ? "light" : "dark";
      remember(root.dataset.look);
      tell();
      dispatchEvent(new Event("leash-look"));
    });
    system.addEventListener("change", tell);
    tell();
  });
})();
