// What the server says of each question, fetched ahead: the next one is there before it is asked for.

import type { Link } from "./link";

export interface Page {
  rev: number;
  html: string;
}

export interface Shelves {
  of(id: string): Page | undefined;
  /** Fetches these, the first one first; what was wished before and is not any more is not fetched. */
  wish(ids: readonly string[]): void;
  drop(id: string): void;
}

const MOST = 60;
const AT_ONCE = 2;
const AGAIN_MS = 2000;

export function openShelves(link: Link, revOf: (id: string) => number, came: (id: string) => void): Shelves {
  const pages = new Map<string, Page>();
  const flying = new Set<string>();
  let wished: readonly string[] = [];

  const lacks = (id: string): boolean => !flying.has(id) && (pages.get(id)?.rev ?? -1) < revOf(id);

  async function fetchOne(id: string): Promise<void> {
    flying.add(id);
    const before = revOf(id);
    try {
      const { rev, html } = (await link.read(`/desk/${encodeURIComponent(id)}`)) as Page;
      // Fetched after that change was known here, so it is no older, whatever number it has.
      pages.delete(id);
      pages.set(id, { rev: Math.max(rev, before), html });
      for (const old of pages.keys()) if (pages.size > MOST) pages.delete(old);
      flying.delete(id);
      came(id);
      fill();
    } catch {
      // Not asked for again before a while, lest a broken line be stormed.
      setTimeout(() => {
        flying.delete(id);
        fill();
      }, AGAIN_MS);
    }
  }

  function fill(): void {
    for (const id of wished) if (flying.size < AT_ONCE && lacks(id)) void fetchOne(id);
  }

  return {
    of: (id) => pages.get(id),
    wish(ids) {
      wished = ids;
      fill();
    },
    drop: (id) => void pages.delete(id),
  };
}
