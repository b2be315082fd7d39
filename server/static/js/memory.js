// What this browser remembers of itself. A private window may remember nothing: then nothing is kept, and nothing fails.
export function recall(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

/** Whether it was kept; nothing (null) is kept by forgetting. */
export function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return true;
  } catch { return false; }
}
