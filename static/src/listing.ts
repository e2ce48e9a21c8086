// Which rows are seen, and in what order, while somebody looks at them. Pure.

/**
 * Nothing moves under a pointer: while the list is `held`, every row keeps its place, what has left stays to be seen,
 * and what is new comes at the end. Else the list is as it should be; only the rows of `keep` stay where they were.
 */
export function steady(
  rows: readonly string[],
  wanted: readonly string[],
  held: boolean,
  keep: ReadonlySet<string> = new Set(),
): string[] {
  if (held) {
    const there = new Set(rows);
    return [...rows, ...wanted.filter((id) => !there.has(id))];
  }
  const listed = new Set(wanted);
  const stay = rows.filter((id) => keep.has(id) && !listed.has(id));
  if (!stay.length) return [...wanted];
  const placed = [...wanted];
  for (const id of stay) {
    // Behind the nearest row before it that is still there.
    const before = rows.slice(0, rows.indexOf(id)).reverse();
    const neighbour = before.find((other) => listed.has(other) || stay.includes(other));
    placed.splice(neighbour === undefined ? 0 : placed.indexOf(neighbour) + 1, 0, id);
  }
  return placed;
}

/** The row to go on with after `id`: the next that may be taken, else the nearest one before. */
export function nextOf(rows: readonly string[], id: string, free: (id: string) => boolean): string | undefined {
  const at = rows.indexOf(id);
  const after = rows.slice(at + 1).find(free);
  return after ?? rows.slice(0, Math.max(at, 0)).reverse().find(free);
}

/** One step through the rows; at either end it stays. From nowhere it begins at the first. */
export function step(rows: readonly string[], id: string | null, by: number): string | undefined {
  const at = id === null ? -1 : rows.indexOf(id);
  if (at < 0) return rows[0];
  return rows[Math.min(rows.length - 1, Math.max(0, at + by))];
}
