// What every screen has: the link, the board, tallies and times. An entry adds what is its own.

import { openAnnouncer } from "./announce";
import type { Announcer } from "./announce";
import { openLink } from "./link";
import type { Link } from "./link";
import { openBoard } from "./patches";
import type { Board, Hooks } from "./patches";
import { openTallies } from "./tallies";
import type { Counter } from "./tallies";
import { dressTimes, keepTimes } from "./times";
import type { Tallies } from "./wire";

export interface Screen {
  link: Link;
  board: Board;
  tallies: Counter;
  announcer: Announcer;
}

export interface Parts extends Partial<Hooks> {
  tallies?: Counter;
  own?(): void;
  counted?(): void;
}

export function openScreen(parts: Parts = {}): Screen {
  const tallies = parts.tallies ?? openTallies();
  const announcer = openAnnouncer();
  const board = openBoard({
    ...parts,
    dress(card) {
      tallies.dress(card);
      dressTimes(card);
      parts.dress?.(card);
    },
  });
  function count(news: Tallies | undefined): void {
    if (!news) return;
    tallies.take(news);
    parts.counted?.();
  }

  const link = openLink({
    patch(patch, whole) {
      for (const card of patch.cards) if ("gone" in card) tallies.forget(card.id);
      count(patch.tallies);
      board.show(patch, whole);
    },
    own: () => parts.own?.(),
    pulse({ tallies: news, here }) {
      if (here !== undefined) {
        for (const spot of document.querySelectorAll("[data-here]")) spot.textContent = String(here);
      }
      count(news);
    },
  });
  keepTimes();
  return { link, board, tallies, announcer };
}
