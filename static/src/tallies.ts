// How many want to know. The numbers are the server's latest; shared cards come without them.

import type { Tallies } from "./wire";

export interface Counter {
  of(id: string): number;
  take(news: Tallies): void;
  /** The reader's own press shows at once; the next pulse has the last word. */
  nudge(id: string, by: number): void;
  /** A card that is gone takes its tally along: it may come back with another one. */
  forget(id: string): void;
  dress(root: ParentNode): void;
}

export function openTallies(): Counter {
  const tallies = new Map<string, number>();

  for (const spot of document.querySelectorAll<HTMLElement>("[data-tally-of]")) {
    const number = Number((spot.querySelector("[data-tally]")?.textContent ?? "").replace(/\D/g, ""));
    tallies.set(spot.dataset["tallyOf"] ?? "", number);
  }

  const of = (id: string): number => tallies.get(id) ?? 0;

  function dress(root: ParentNode): void {
    for (const spot of root.querySelectorAll<HTMLElement>("[data-tally-of]")) {
      const number = of(spot.dataset["tallyOf"] ?? "");
      const words = String(number);
      const place = spot.querySelector("[data-tally]");
      if (place && place.textContent !== words) place.textContent = words;
      spot.hidden = number === 0;
    }
  }

  return {
    of,
    dress,
    take(news) {
      for (const id in news) tallies.set(id, news[id] ?? 0);
      dress(document);
    },
    forget(id) {
      tallies.delete(id);
    },
    nudge(id, by) {
      tallies.set(id, Math.max(0, of(id) + by));
      dress(document);
    },
  };
}
