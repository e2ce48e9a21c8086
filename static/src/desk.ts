// The desk draws its rows itself: it has every question of the session, and only those in sight are in the page.

import { openCards } from "./cards";
import type { DeskCard } from "./cards";
import { openLink } from "./link";
import { readNames } from "./names";
import { openDesk } from "./work";
import type { Desk } from "./work";
import type { GoneCard, Pulse } from "./wire";

const cards = openCards();
const names = readNames();
const early: Pulse[] = [];
let desk: Desk | undefined;

document.body.dataset["format"] = "json";

const link = openLink<DeskCard | GoneCard>({
  patch(patch, whole) {
    const fresh = patch.cards.filter(({ id }) => !cards.of(id)).map(({ id }) => id);
    const ids = cards.take(patch.cards, whole);
    if (patch.tallies) Object.assign(names.tallies, patch.tallies);
    if (desk) {
      if (patch.tallies) desk.pulse({ tallies: patch.tallies });
      desk.took(ids, whole ? [] : fresh, patch.session);
      return;
    }
    // Until the questions are here the page is what the server made of it, and works as such.
    desk = openDesk(link, cards, names);
    desk.took(ids, [], patch.session);
    for (const pulse of early) desk.pulse(pulse);
  },
  pulse: (pulse) => (desk ? desk.pulse(pulse) : void early.push(pulse)),
  joined: () => desk?.joined(),
  own: () => undefined,
});
