// The ask sheet: opens over the page, counts what is left, and lets go of the words only when they
// are safe.

import { graphemes } from "./bodies";
import { sayAt, sayOnPage, wordsOf } from "./commands";
import { openDrafts } from "./drafts";
import type { Outbox } from "./outbox";
import type { Ends, Suggestions } from "./suggest";
import { pageLang, plural, text } from "./texts";
import type { Body } from "./wire";

export interface Sheet {
  keep(form: HTMLFormElement, body: Body): Promise<void>;
  edit(body: Body): void;
}

interface Door {
  open(): void;
  close(): void;
}

export const sayReceived = (): void => sayOnPage(text("received"), 8);

/** A modal dialog brings what a sheet needs: focus inside, Escape, and the page behind it asleep. */
function hangDoor(fold: HTMLDetailsElement, sheet: HTMLElement, words: HTMLElement, opened: () => void): Door {
  if (typeof HTMLDialogElement !== "function") {
    fold.addEventListener("toggle", () => {
      if (!fold.open) return;
      opened();
      words.focus();
    });
    return { open: () => void (fold.open = true), close: () => void (fold.open = false) };
  }
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  dialog.dataset["askDialog"] = "";
  if (document.getElementById("ask-title")) dialog.setAttribute("aria-labelledby", "ask-title");
  const wasOpen = fold.open;
  fold.open = false;
  dialog.append(sheet);
  fold.after(dialog);
  const door: Door = {
    open() {
      opened();
      if (!dialog.open) dialog.showModal();
      words.focus();
    },
    close: () => dialog.close(),
  };
  for (const opener of [fold.querySelector("summary"), ...document.querySelectorAll("[data-ask-open]")]) {
    opener?.setAttribute("aria-haspopup", "dialog");
    opener?.addEventListener("click", (event) => {
      event.preventDefault();
      door.open();
    });
  }
  for (const close of sheet.querySelectorAll<HTMLElement>("[data-ask-close]")) {
    close.hidden = false;
    close.addEventListener("click", () => dialog.close());
  }
  // Another page of ours led here to ask.
  if (wasOpen || location.hash === `#${fold.id}`) door.open();
  return door;
}

export function openSheet(outbox: () => Outbox, ends: Pick<Ends, "parse" | "vote">): Sheet | null {
  const form = document.querySelector<HTMLFormElement>("form[data-keep]");
  const words = form?.querySelector<HTMLTextAreaElement>('[name="words"]');
  if (!form || !words) return null;
  const fold = form.closest<HTMLDetailsElement>("[data-ask]");
  const sheet = form.closest<HTMLElement>("[data-ask-sheet]");
  const left = form.querySelector<HTMLElement>("[data-left]");
  const secret = form.querySelector<HTMLInputElement>('[name="private"][type="checkbox"]');
  const contact = form.querySelector<HTMLElement>("[data-when-private]");
  const go = form.querySelector<HTMLElement>("[data-ask-go]");
  const verb = go?.textContent ?? "";
  const label = document.querySelector<HTMLElement>("[data-ask-label]");
  const invitation = label?.textContent ?? "";
  const limit = Number(words.dataset["limit"] ?? 0);
  const drafts = openDrafts(form);

  const overBy = (): number => (limit ? graphemes(words.value) - limit : 0);

  function follow(): void {
    const over = overBy();
    if (left && limit) {
      left.textContent = over > 0 ? plural("over", over) : plural("left", -over);
      left.toggleAttribute("data-over", over > 0);
    }
    // Whoever was muted can ask nobody else.
    if (secret && form?.querySelector("[data-muted]:not([hidden])")) secret.checked = true;
    const mark = secret?.checked ? go?.dataset["private"] : verb;
    if (go && mark && go.textContent !== mark) go.textContent = mark;
    if (contact) {
      contact.hidden = !secret?.checked && !form?.hasAttribute("data-offered");
      // What is not asked for is not sent.
      for (const field of contact.querySelectorAll("input")) field.disabled = contact.hidden;
    }
    const kept = words?.value.trim() ? text("go_on") : "";
    if (label) label.textContent = kept || invitation;
  }

  drafts.restore();
  follow();
  form.addEventListener("input", () => {
    if (overBy() <= 0) sayAt(form, "");
    follow();
  });

  let suggestions: Suggestions | null = null;
  let loading = false;

  /** What helps while writing comes when it is needed; it has its room before anybody types. */
  async function prepare(): Promise<void> {
    follow();
    const place = form?.querySelector<HTMLElement>("[data-similar-place]");
    if (!place || !form || !words || loading) return;
    place.hidden = false;
    loading = true;
    try {
      const { openSuggestions } = (await import(place.dataset["script"] ?? "")) as typeof import("./suggest");
      suggestions = openSuggestions({
        ...ends,
        form,
        words,
        lang: pageLang(),
        changed: follow,
        refused: (answer) => sayAt(form, answer.ok ? "" : wordsOf(answer)),
      });
    } catch {
      loading = false;
    }
  }

  const door = fold && sheet ? hangDoor(fold, sheet, words, () => void prepare()) : null;

  return {
    async keep(_, body) {
      drafts.save();
      const over = overBy();
      if (!words.value.trim() || over > 0) {
        // Too long is said beside the field already.
        sayAt(form, over > 0 ? "" : text("empty"));
        words.focus();
        return;
      }
      const { sure, ...asked } = body;
      if (!sure && !asked["private"] && (await suggestions?.holds(words.value))) return;
      const answer = await outbox().send({ lang: pageLang(), ...asked });
      if (answer !== "kept" && !answer.ok) {
        sayAt(form, wordsOf(answer));
        words.focus();
        return;
      }
      drafts.clear();
      suggestions?.clear();
      follow();
      door?.close();
      if (answer === "kept") sayOnPage(text("kept"));
      else sayReceived();
    },
    edit(body) {
      const values: Record<string, string | boolean> = {};
      for (const name in body) {
        const value = body[name];
        values[name] = typeof value === "boolean" ? value : String(value);
      }
      drafts.fill(values);
      drafts.save();
      follow();
      door?.open();
    },
  };
}
