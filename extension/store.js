/** What is kept on this machine: captures that are not sent yet, the tray, and the text that each window's panel shows. */

/**
 * @typedef {{id: string, window: number, tab: number, url: string, title: string, html: string, selection: boolean,
 *   captured_at: string, left: Left}} Unsent
 */
/** @typedef {{fields: number, secrets: number, frames: number, more_frames: number, cut: boolean}} Left  what the capture left out */
/**
 * @typedef {{id: string, order: number, kind: "capture" | "repository" | "address", capture: string, url: string, title: string,
 *   site: string, date: string, tokens: number, exact: boolean, text: string}} TrayItem
 */
/** @typedef {{window: number, capture: import("./api.js").Capture, left: Left}} Shown */

const STORES = { unsent: "id", tray: "id", shown: "window" };

/** @typedef {keyof typeof STORES} Name */

export class Store {
  /** @type {Promise<IDBDatabase> | null} */
  opened = null;

  open() {
    this.opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open("leash", 1);
      request.onupgradeneeded = () => {
        for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return this.opened;
  }

  /** @param {Name} name @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest | void} work @returns {Promise<any>} */
  async within(name, mode, work) {
    const base = await this.open();
    return new Promise((resolve, reject) => {
      const step = base.transaction(name, mode);
      const request = work(step.objectStore(name));
      step.oncomplete = () => resolve(request?.result);
      step.onerror = step.onabort = () => reject(step.error);
    });
  }

  /** @param {Name} name @returns {Promise<any[]>} */
  all(name) { return this.within(name, "readonly", (store) => store.getAll()); }
  /** @param {Name} name @param {string | number} key @returns {Promise<any>} */
  get(name, key) { return this.within(name, "readonly", (store) => store.get(key)); }
  /** @param {Name} name @param {object} value */
  put(name, value) { return this.within(name, "readwrite", (store) => store.put(value)); }
  /** @param {Name} name @param {string | number} key */
  drop(name, key) { return this.within(name, "readwrite", (store) => store.delete(key)); }
  /** @param {Name} name */
  clear(name) { return this.within(name, "readwrite", (store) => store.clear()); }

  /** The tray in its order. @returns {Promise<TrayItem[]>} */
  async tray() {
    return (await this.all("tray")).sort((one, other) => one.order - other.order);
  }

  /** At the end of the tray; the same text again takes its old place. @param {Omit<TrayItem, "order">} item */
  async add(item) {
    const tray = await this.tray();
    const same = tray.find((one) => one.id === item.id);
    await this.put("tray", { ...item, order: same?.order ?? (tray.at(-1)?.order ?? 0) + 1 });
  }

  /** One place up (-1) or down (1). @param {string} id @param {number} by */
  async move(id, by) {
    const tray = await this.tray();
    const from = tray.findIndex((one) => one.id === id);
    const to = from + by;
    if (from < 0 || to < 0 || to >= tray.length) return;
    const [one, other] = [tray[from], tray[to]];
    await this.within("tray", "readwrite", (store) => {
      store.put({ ...one, order: other.order });
      store.put({ ...other, order: one.order });
    });
  }
}
