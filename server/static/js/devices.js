// The code that pairs a browser: counts down, copies, and leads to the list as soon as the browser is in it.
const SAYS = {
  over: "This code has run out. Take another one.",
  void: "Too many wrong codes were tried, so this one is void. Take another one.",
};
const EVERY = 2000;
const section = document.querySelector("[data-code]");

const clock = (left) => `Good for ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} more`;

function follow(code) {
  const say = document.querySelector("[data-say]");
  const end = Date.now() + Number(code.dataset.left) * 1000;
  const seconds = () => Math.max(0, Math.round((end - Date.now()) / 1000));
  let told = false;

  const tick = () => {
    const left = seconds();
    code.querySelector("[data-clock]").textContent = clock(left);
    if (left <= 60 && !told) {
      told = true;
      say.textContent = "The code is good for one more minute.";
    }
  };
  const endWith = (sentence) => {
    clearInterval(ticking);
    clearInterval(asking);
    code.classList.add("is-dead");
    code.querySelector("[data-trouble]").textContent = sentence;
  };
  const ask = async () => {
    const reply = await fetch(code.dataset.code).catch(() => null);
    if (reply?.status === 404) return endWith("Another code was shown since, so this one is void.");
    const { state, url } = reply?.ok ? await reply.json() : {};
    if (state === "paired") location.replace(url);
    if (state in SAYS) endWith(SAYS[state]);
  };
  const ticking = setInterval(tick, 1000);
  const asking = setInterval(ask, EVERY);
  tick();
}

function letCopy(code) {
  const button = code.querySelector("[data-copy]");
  const word = code.querySelector("[data-copy-word]");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.querySelector("[data-signs]").textContent);
    word.textContent = "Copied";
    setTimeout(() => { word.textContent = "Copy"; }, 2000);
  });
  button.hidden = !navigator.clipboard;
}

if (section) {
  follow(section);
  letCopy(section);
  section.querySelector("h2").focus();
} else if (location.hash.startsWith("#browser-")) {
  document.getElementById(location.hash.slice(1))?.focus();
  document.querySelector("[data-say]").textContent = "Paired.";
}
