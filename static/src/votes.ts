// "I want to know this too": a button that stays pressed, and shows it before the answer is back.

import { isOwn } from "./own";
import type { Counter } from "./tallies";

export interface Votes {
  set(ids: readonly string[]): void;
  dress(root: ParentNode): void;
  /** Turns the form's vote over and gives the way back, should it be refused. */
  turn(form: HTMLFormElement): () => void;
}

function show(form: HTMLFormElement, on: boolean): void {
  const command = on ? "question.unvote" : "question.vote";
  form.dataset["command"] = command;
  form.setAttribute("action", (form.getAttribute("action") ?? "").replace(/question\.(un)?vote$/, command));
  const button = form.querySelector<HTMLElement>("button");
  if (!button) return;
  button.setAttribute("aria-pressed", String(on));
  const words = button.dataset[on ? "labelOn" : "labelOff"];
  const label = button.querySelector("[data-label]");
  if (words && label && label.textContent !== words) label.textContent = words;
}

export function openVotes(tallies: Counter): Votes {
  const mine = new Set<string>();
  for (const form of document.querySelectorAll<HTMLElement>("form[data-vote]")) {
    if (form.querySelector('[aria-pressed="true"]')) mine.add(form.dataset["vote"] ?? "");
  }

  function dress(root: ParentNode): void {
    for (const form of root.querySelectorAll<HTMLFormElement>("form[data-vote]")) {
      const id = form.dataset["vote"] ?? "";
      // One's own question counts already.
      form.toggleAttribute("data-own", isOwn(id));
      show(form, mine.has(id));
    }
  }

  function put(id: string, on: boolean): void {
    if (mine.has(id) === on) return;
    if (on) mine.add(id);
    else mine.delete(id);
    tallies.nudge(id, on ? 1 : -1);
    dress(document);
  }

  return {
    dress,
    set(ids) {
      mine.clear();
      for (const id of ids) mine.add(id);
      dress(document);
    },
    turn(form) {
      const id = form.dataset["vote"] ?? "";
      const on = !mine.has(id);
      put(id, on);
      return () => put(id, !on);
    },
  };
}
