// All questions of the session as the desk may see them. Pure: patches in, lists out.

import type { GoneCard } from "./wire";

export interface Said {
  words: string | null;
  by: string;
  at: string;
  lang?: string;
  private?: boolean;
  outcome?: string;
}

/** A question as the desk sees it; a field that is not so is left out. */
export interface DeskCard {
  id: string;
  rev: number;
  number: number;
  state: string;
  words: string | null;
  lang: string;
  asked_at: string;
  place: string | null;
  order: string;
  name?: string;
  topic?: string;
  school?: string;
  tidied?: boolean;
  /** The asker's own words, where they were tidied. */
  original?: string;
  answers?: Said[];
  speaker?: string;
  private?: boolean;
  reason?: string;
  handed_to?: string;
  into?: string;
  asker?: string;
  is_muted?: boolean;
  notes?: Said[];
  tags?: string[];
  flags?: string[];
  merged?: string[];
  contact?: boolean;
  followed?: string;
  revised?: boolean;
}

export interface Cards {
  /** Takes a patch in, and names the questions that are another now. */
  take(cards: readonly (DeskCard | GoneCard)[], whole: boolean): string[];
  of(id: string): DeskCard | undefined;
  all(): DeskCard[];
  /** The questions of a list, by their order. */
  in(place: string): readonly DeskCard[];
}

/** Compared by code unit, as on the server. */
export const byOrder = (a: DeskCard, b: DeskCard): number =>
  a.order < b.order ? -1 : a.order > b.order ? 1 : a.number - b.number;

export function openCards(): Cards {
  const cards = new Map<string, DeskCard>();
  const lists = new Map<string, readonly DeskCard[]>();

  function put(card: DeskCard): void {
    const old = cards.get(card.id);
    cards.set(card.id, card);
    lists.delete(old?.place ?? "");
    lists.delete(card.place ?? "");
  }

  return {
    take(news, whole) {
      const moved: string[] = [];
      if (whole) {
        moved.push(...cards.keys());
        cards.clear();
        lists.clear();
      }
      for (const card of news) {
        // An older picture than ours is a straggler.
        if ((cards.get(card.id)?.rev ?? -1) > card.rev) continue;
        if ("gone" in card) {
          lists.delete(cards.get(card.id)?.place ?? "");
          cards.delete(card.id);
        } else put(card);
        moved.push(card.id);
      }
      return whole ? [...new Set(moved)] : moved;
    },
    of: (id) => cards.get(id),
    all: () => [...cards.values()],
    in(place) {
      const known = lists.get(place);
      if (known) return known;
      const list = [...cards.values()].filter((card) => card.place === place).sort(byOrder);
      lists.set(place, list);
      return list;
    },
  };
}
