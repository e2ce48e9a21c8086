// What colleagues do, told where one looks: who is on the open question, who decided on it, and why a row is still seen.

import type { Cards, DeskCard } from "./cards";
import type { Claims } from "./claims";
import type { Panel } from "./panel";
import { focusOn } from "./patches";
import { keepPlace } from "./scroll";
import { text } from "./texts";
import type { Claim } from "./wire";

export interface Colleagues {
  /** Who has just decided on which question. */
  take(acts: Readonly<Record<string, Claim>>): void;
  /** Why a question is still seen in this list; null for one that belongs there. */
  left(card: DeskCard, list: string): string | null;
  /** Marks the open question as somebody else's, or as free. */
  dress(): void;
  /** Whoever has it open is told who decided on it. */
  tell(): void;
}

export function openColleagues(cards: Cards, claims: Claims, panel: Panel, me: string): Colleagues {
  const actors = new Map<string, Claim>();

  const nameOf = (claim: Claim | undefined): string => claim?.name || text("a_colleague");

  return {
    take(acts) {
      for (const [id, actor] of Object.entries(acts)) actors.set(id, actor);
    },
    left(card, list) {
      if (card.place === list) return null;
      const became = card.state === "shown" && list === "done" ? "reopened" : card.state;
      return text(`left_${became}`, { name: nameOf(actors.get(card.id)) });
    },
    dress() {
      const article = panel.article();
      const sign = article?.querySelector<HTMLElement>("[data-claimed]");
      if (!article || !sign || panel.id === null) return;
      const other = claims.other(panel.id);
      const isHeld = article.hasAttribute("data-held");
      const words = sign.querySelector("[data-claimed-words]");
      const decide = article.querySelector<HTMLElement>("[data-decide]");
      if (words) words.textContent = other ? text("claimed", { name: nameOf(other) }) : "";
      const hadFocus = sign.contains(document.activeElement);
      sign.hidden = !other;
      // What had the focus is gone: one reads on in the question.
      if (hadFocus && sign.hidden) focusOn(article);
      article.toggleAttribute("data-held", other !== undefined);
      // Who is in the middle of a word keeps it; the rev guards the rest.
      if (decide) decide.inert = other !== undefined && !decide.contains(document.activeElement);
      // Where the buttons were is the way to take it over, and the other way round.
      if (isHeld !== (other !== undefined)) panel.settle();
    },
    tell() {
      const card = cards.of(panel.id ?? "");
      const actor = actors.get(card?.id ?? "");
      const article = panel.article();
      const spot = article?.querySelector("[data-say]");
      if (!card || !actor || !article || !spot || actor.by === me || article.dataset["state"] === card.state) return;
      keepPlace(article.querySelector<HTMLElement>(".reading") ?? article, () => {
        spot.textContent = text(`left_${card.state}`, { name: nameOf(actor) });
      });
    },
  };
}
