// The presenter view. No keys of its own: on a lectern a book lies on the keyboard.

import { stageTeller } from "./announce";
import { startCommands } from "./commands";
import { openScreen } from "./screen";

const { link, announcer } = openScreen({
  arrived(place, cards) {
    if (place === "next") announcer.arrived("new_questions", cards.length);
  },
  changed: () => tellStage(),
});
const tellStage = stageTeller(announcer);

startCommands(link, {});
