/** Puts text on the clipboard for the worker, which has no document. */

const area = /** @type {HTMLTextAreaElement} */ (document.querySelector("textarea"));
let text = "";

document.addEventListener("copy", (event) => {
  event.preventDefault();
  event.clipboardData?.setData("text/plain", text);
});

chrome.runtime.onMessage.addListener((message, _sender, reply) => {
  if (message?.to !== "offscreen") return;
  text = message.text;
  area.value = "-"; // something must be selected; the text itself goes by the event, whatever its size
  area.select();
  reply(document.execCommand("copy"));
  text = "";
});
