// Where a card belongs in its list. Orders are compared by code unit, as on the server.

/** The index before which a card of this order goes; cards of the same order stay before it. */
export function slot(orders: readonly string[], order: string, descending: boolean): number {
  const at = orders.findIndex((other) => (descending ? other < order : other > order));
  return at < 0 ? orders.length : at;
}

/** Most asked first; among equals the later one, so that new questions are not buried. */
export function byTally(a: { tally: number; order: string }, b: { tally: number; order: string }): number {
  return b.tally - a.tally || (a.order < b.order ? 1 : a.order > b.order ? -1 : 0);
}

/** A card's tally as text that compares by code unit like an order. */
export const tallyKey = (card: HTMLElement): string =>
  (card.querySelector("[data-tally]")?.textContent ?? "0").replace(/\D/g, "").padStart(8, "0");
