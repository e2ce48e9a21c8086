// How a reader goes through the questions: newest or most asked, and the rest of them.

import type { Link } from "./link";
import { byTally } from "./order";
import type { Board } from "./patches";
import type { Counter } from "./tallies";

export function startReading(link: Link, board: Board, tallies: Counter): void {
  const list = document.querySelector<HTMLElement>('[data-place="questions"]');
  const more = document.querySelector<HTMLAnchorElement>("a[data-more]");
  const choices = Array.from(document.querySelectorAll<HTMLAnchorElement>("a[data-sort-by]"));
  if (!list) return;
  const newest = list.dataset["sort"] === "asc" ? "asc" : "desc";

  /** Once, when it is asked for: counting on must not shuffle what is being read. */
  function sort(by: string): void {
    if (!list) return;
    const cards = Array.from(list.children).filter((child): child is HTMLElement => child instanceof HTMLElement);
    const ranked = cards.map((card) => ({
      card,
      order: card.dataset["order"] ?? "",
      tally: by === "most" ? tallies.of(card.dataset["card"] ?? "") : 0,
    }));
    ranked.sort(byTally);
    if (by !== "most" && newest === "asc") ranked.reverse();
    list.append(...ranked.map(({ card }) => card));
    list.dataset["sort"] = by === "most" ? "most" : newest;
  }

  async function unfold(): Promise<boolean> {
    if (!more || more.hidden) return true;
    more.setAttribute("aria-busy", "true");
    const fine = await link.whole();
    more.removeAttribute("aria-busy");
    more.hidden = fine;
    board.count();
    return fine;
  }

  more?.addEventListener("click", (event) => {
    event.preventDefault();
    const last = list.lastElementChild;
    void unfold().then((fine) => {
      if (!fine) return void location.assign(more.href);
      if (list.dataset["sort"] === "most") sort("most");
      const next = last?.nextElementSibling;
      if (next instanceof HTMLElement) {
        next.tabIndex = -1;
        next.focus({ preventScroll: true });
      }
    });
  });

  for (const choice of choices) {
    choice.addEventListener("click", (event) => {
      event.preventDefault();
      void unfold().then((fine) => {
        if (!fine) return void location.assign(choice.href);
        sort(choice.dataset["sortBy"] ?? "newest");
        for (const other of choices) {
          if (other === choice) other.setAttribute("aria-current", "true");
          else other.removeAttribute("aria-current");
        }
        history.replaceState(null, "", choice.href);
      });
    });
  }

  document.querySelector("[data-new]")?.addEventListener("click", () => {
    if (list.dataset["sort"] === "most") sort("most");
    board.reveal();
  });
}
