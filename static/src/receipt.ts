// The receipt: a person's own questions, kept up to date.

import { startCommands } from "./commands";
import { openMine } from "./mine";
import { openScreen } from "./screen";
import { empty } from "./shelf";
import { openTallies } from "./tallies";
import { openVotes } from "./votes";

const tallies = openTallies();
const votes = openVotes(tallies);
const { link, board, announcer } = openScreen({ tallies, dress: votes.dress, own: () => void fetchOwn() });
const fetchOwn = openMine(link, board, votes, announcer);

startCommands(link, {
  expect: (form) => (form.dataset["vote"] ? votes.turn(form) : undefined),
  done: () => void fetchOwn(),
});

// On https the answer empties the storage as well; on plain http nobody else does.
document.querySelector("form[data-forget]")?.addEventListener("submit", empty);
