// A run's page: follow it while it goes on, show each quote where its number stands, open its kept page beside it.
import { follow } from "./stream.js";
import { watchNumbers } from "./card.js";
import { makePanel } from "./panel.js";

const main = document.querySelector("main");
const hideCard = watchNumbers(main);
makePanel(document.querySelector("[data-panel]"), main, hideCard);
if (main.dataset.stream) follow(main);
