// The page of a text: copies all of its Markdown, fetched anew so that nothing is cut short.
const main = document.querySelector("[data-text]");
const button = main.querySelector("[data-copy]");
const word = button.querySelector("[data-copy-word]");
const say = main.querySelector("[data-say]");
const raw = main.querySelector(".raw");

const markdown = async () => {
  const reply = await fetch(main.dataset.text, { headers: { Accept: "text/markdown" } });
  if (!reply.ok) throw new Error(reply.status);
  return reply.text();
};

/** Where the clipboard is shut (a plain http address that is not this machine's), the text is marked to be copied by hand. */
function mark() {
  if (raw.matches("details")) raw.open = true;
  const pre = raw.querySelector("pre");
  pre.focus();
  getSelection().selectAllChildren(pre);
  return "The text is selected: copy it with your keyboard.";
}

async function copy() {
  try {
    const text = markdown().then((found) => new Blob([found], { type: "text/plain" }));
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
    word.textContent = "Copied";
    setTimeout(() => { word.textContent = "Copy"; }, 2000);
    return "Copied.";
  } catch {
    return mark();
  }
}

button.addEventListener("click", async () => { say.textContent = await copy(); });
button.hidden = false;
