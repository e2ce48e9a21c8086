// What is the caller's own: questions with what became of them, and votes. Shared cards carry none of
// it; it is fetched apart and laid over the page.

import type { Announcer } from "./announce";
import type { Link } from "./link";
import type { Board } from "./patches";
import { text } from "./texts";
import type { Votes } from "./votes";
import type { Own } from "./wire";

const OWN = '[data-place="mine"] > [data-card]';

function states(): Map<string, string> {
  const found = new Map<string, string>();
  for (const card of document.querySelectorAll<HTMLElement>(OWN)) {
    found.set(card.dataset["card"] ?? "", card.querySelector("[data-state-label]")?.textContent?.trim() ?? "");
  }
  return found;
}

export function openMine(link: Link, board: Board, votes: Votes, announcer: Announcer): () => Promise<void> {
  let fetching: Promise<void> | undefined;
  let again = false;
  let before = states();

  async function fetchOwn(): Promise<void> {
    do {
      again = false;
      try {
        const own = (await link.read("/mine?format=html")) as Own;
        // A press or another notice came meanwhile: this picture is older than what the page shows.
        if (again) continue;
        board.own(own.cards);
        votes.set(own.votes);
        for (const line of document.querySelectorAll<HTMLElement>("[data-muted]")) line.hidden = !own.muted;
      } catch {
        // The next connection fetches it again.
      }
    } while (again);
    const now = states();
    for (const [id, state] of now) {
      const old = before.get(id);
      if (old !== undefined && old !== state && state) announcer.say("mine", text("your_state", { state }));
    }
    before = now;
  }

  return () => {
    again = fetching !== undefined;
    fetching ??= fetchOwn().finally(() => (fetching = undefined));
    return fetching;
  };
}
