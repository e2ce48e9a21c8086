import { stageTeller } from "./announce";
import { startCommands } from "./commands";
import { openScreen } from "./screen";

const { link, announcer } = openScreen({
  arrived(place, cards) {
    if (place === "waiting") announcer.arrived("new_waiting", cards.length);
  },
  changed: () => tellStage(),
});
const tellStage = stageTeller(announcer);

startCommands(link, {
  /** A card travels alone, so it cannot know its neighbours: the list does. */
  complete(form, body) {
    const way = form.dataset["move"];
    if (!way) return;
    const card = form.closest<HTMLElement>("[data-card]");
    const before = card?.previousElementSibling;
    const after = way === "up" ? before?.previousElementSibling : (card?.nextElementSibling ?? before);
    // Without a neighbour before it, it is the first.
    delete body["after"];
    if (after instanceof HTMLElement && after.dataset["card"]) body["after"] = after.dataset["card"];
  },
});
