// Which rows are picked, to decide many at once. Pure.

export interface Selection {
  has(id: string): boolean;
  readonly size: number;
  /** In the order of the rows. */
  of(rows: readonly string[]): string[];
  toggle(id: string): void;
  /** All from the last one picked to this one become as this one shall be. */
  reach(id: string, rows: readonly string[]): void;
  set(ids: readonly string[]): void;
  /** Those that are not in the list any more are not picked any more. */
  keep(test: (id: string) => boolean): void;
}

export function openSelection(): Selection {
  let picked = new Set<string>();
  let anchor: string | null = null;

  const put = (id: string, on: boolean): void => void (on ? picked.add(id) : picked.delete(id));

  return {
    has: (id) => picked.has(id),
    get size() {
      return picked.size;
    },
    of: (rows) => rows.filter((id) => picked.has(id)),
    toggle(id) {
      put(id, !picked.has(id));
      anchor = id;
    },
    reach(id, rows) {
      const from = anchor === null ? -1 : rows.indexOf(anchor);
      const to = rows.indexOf(id);
      if (from < 0 || to < 0) return this.toggle(id);
      const on = !picked.has(id);
      for (const one of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) put(one, on);
      anchor = id;
    },
    set(ids) {
      picked = new Set(ids);
      anchor = null;
    },
    keep(test) {
      for (const id of picked) if (!test(id)) picked.delete(id);
    },
  };
}
