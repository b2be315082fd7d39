// A run's page: follow it while it goes on, steer it, show each quote and each sentence's state where it stands.
import { follow, speak } from "./stream.js";
import { watchNumbers } from "./card.js";
import { makePanel } from "./panel.js";
import { countDown, ring, takeHelm } from "./helm.js";
import { editPlans } from "./plan.js";
import { keepWish } from "./draft.js";
import { switchKeys } from "./keys.js";
import { findFaults } from "./faults.js";

const main = document.querySelector("main");
const hideCard = watchNumbers(main);
makePanel(document.querySelector("[data-panel]"), main, hideCard);
findFaults(main);
speak(main);
switchKeys(main);
if (main.dataset.stream) {
  takeHelm(main);
  editPlans(main);
  keepWish(main);
  countDown(main);
  ring(main);
  follow(main);
}
