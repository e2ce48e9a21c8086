import { stageTeller } from "./announce";
import { openSheet, sayReceived } from "./ask";
import { isSettled, startCommands, wordsOf } from "./commands";
import { openMine } from "./mine";
import { isOwn } from "./own";
import { openKeys } from "./keys";
import { openOutbox } from "./outbox";
import { parse } from "./patches";
import { startReading } from "./reading";
import { openScreen } from "./screen";
import { showPace } from "./pace";
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
  facts: showPace,
  own() {
    void fetchOwn();
    outbox.flush();
  },
});

const tellStage = stageTeller(announcer);
const fetchOwn = openMine(link, board, votes, announcer);
const keys = openKeys();
const sheet = openSheet(() => outbox, {
  parse,
  async vote(question, on) {
    const command = on ? "question.vote" : "question.unvote";
    const answer = await link.command(command, { question, key: keys.of(command, { question }) });
    if (isSettled(answer)) keys.done(command, { question });
    if (answer.ok) void fetchOwn();
    return answer;
  },
});
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
