// The projector: nobody reads along with a finger here, so the list may follow the votes.

import { fitWords } from "./fit";
import { byTally } from "./order";
import { openScreen } from "./screen";

const list = document.querySelector<HTMLElement>('[data-place="asked"]');
const top = Number(list?.dataset["top"] ?? 5);

const { link, tallies } = openScreen({
  changed() {
    rank();
    fitWords();
  },
  counted: () => rank(),
});

function rank(): void {
  if (!list) return;
  const cards = Array.from(list.querySelectorAll<HTMLElement>(":scope > [data-card]"));
  const ranked = cards
    .map((card) => ({ card, order: card.dataset["order"] ?? "", tally: tallies.of(card.dataset["card"] ?? "") }))
    .sort(byTally);
  ranked.forEach(({ card }, place) => {
    card.hidden = place >= top;
    if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
  });
}

rank();
fitWords();
addEventListener("resize", fitWords);
// The page came with the top few; a later vote may lift any other question among them.
void link.whole();
