import { stageTeller } from "./announce";
import { openSheet, sayReceived } from "./ask";
import { startCommands, wordsOf } from "./commands";
import { openMine } from "./mine";
import { isOwn } from "./own";
import { openOutbox } from "./outbox";
import { startReading } from "./reading";
import { openScreen } from "./screen";
import { openTallies } from "./tallies";
import { openVotes } from "./votes";

const tallies = openTallies();
const votes = openVotes(tallies);

const { link, board, announcer } = openScreen({
  tallies,
  dress: votes.dress,
  // Nothing pushes what is being read; one's own question is no surprise.
  waits: (id, list) =>
    list.dataset["place"] === "questions" && !isOwn(id) && list.querySelector("[data-card]:not([hidden])") !== null,
  arrived(place, cards) {
    if (place === "questions") announcer.arrived("new_questions", cards.length);
  },
  changed: () => tellStage(),
  own() {
    void fetchOwn();
    outbox.flush();
  },
});

const tellStage = stageTeller(announcer);
const fetchOwn = openMine(link, board, votes, announcer);
const sheet = openSheet(() => outbox);
const outbox = openOutbox(link, {
  async taken(late) {
    await fetchOwn();
    if (late) sayReceived();
  },
  refusal: (answer) => (answer.ok ? "" : wordsOf(answer)),
  edit: (body) => sheet?.edit(body),
  changed: board.count,
});

startCommands(link, {
  ...(sheet && { keep: sheet.keep }),
  expect: (form) => (form.dataset["vote"] ? votes.turn(form) : undefined),
  done: () => void fetchOwn(),
});
startReading(link, board, tallies);
outbox.start();
