// Every action at the desk is a form that works without scripts. Here it goes over the link, and what becomes of it is
// told where the moderator is by then.

import type { Acts, Outcome } from "./acts";
import { bodyFrom, fieldsOf } from "./bodies";
import { fold, pageSpot, sayAt, sayOnPage, watchPress, wordsOf } from "./commands";
import type { Panel } from "./panel";
import { addressOf } from "./rows";
import { text } from "./texts";
import { doneWords } from "./toast";
import type { Toast } from "./toast";

/** Seconds until a sentence about what is not in sight any more goes by itself. */
const LONG = 30;

export interface FormEnds {
  acts: Acts;
  panel: Panel;
  toast: Toast;
  numberOf(id: string): number | undefined;
  /** A step up or down in the line. */
  move(id: string, way: "up" | "down"): void;
  open(id: string): void;
  /** A colleague was faster: this is how the question is now. */
  fresh(outcome: Outcome): void;
}

export interface Forms {
  /** Tells what became of it. */
  tell(outcome: Outcome, form?: HTMLFormElement): void;
  /** Does something that has no form here. */
  act(command: string, body: Outcome["body"]): Promise<Outcome>;
}

/** A choice that was taken is not half made any more. */
function keepChoice(form: HTMLFormElement): void {
  for (const option of form.querySelectorAll("option")) option.defaultSelected = option.selected;
}

export function startForms(ends: FormEnds): Forms {
  const { acts, panel, toast } = ends;
  const pressed = watchPress();

  function takeBack({ back, body }: Outcome): void {
    if (!back) return;
    void acts.run(...back).then((outcome) => {
      if (!outcome.answer.ok) return tell(outcome);
      toast.show(text("undone"));
      if (outcome.body["question"] === body["question"]) ends.open(String(body["question"]));
    });
  }

  /** About a question that is not open any more: what happened, and the way to it. */
  function sayElsewhere(id: string, words: string): void {
    sayOnPage(`#${ends.numberOf(id) ?? ""}: ${words} `, LONG);
    const way = document.createElement("a");
    way.dataset["open"] = id;
    way.href = addressOf(id);
    way.textContent = text("open_again");
    pageSpot()?.append(way);
  }

  function tell(outcome: Outcome, form?: HTMLFormElement): void {
    const { answer, body, command, back } = outcome;
    const id = String(body["question"] ?? "");
    if (answer.ok) {
      toast.show(doneWords(command, ends.numberOf(id)), back ? () => takeBack(outcome) : undefined);
      return;
    }
    if (answer.code === "stale") ends.fresh(outcome);
    const words = wordsOf(answer);
    // Also where it is out of sight: there it is read when somebody comes back to it.
    if (form) sayAt(form, words);
    if (form?.isConnected) return;
    const here = panel.article()?.querySelector<HTMLElement>("[data-say]");
    if (id && id === panel.id && here) here.textContent = words;
    else if (id) sayElsewhere(id, words);
    else sayOnPage(words, LONG);
  }

  async function act(command: string, body: Outcome["body"]): Promise<Outcome> {
    const outcome = await acts.run(command, body);
    tell(outcome);
    return outcome;
  }

  async function send(form: HTMLFormElement, button: HTMLElement | null, command: string): Promise<void> {
    const body = bodyFrom(fieldsOf(form, button));
    const busy = button ?? form.querySelector("button");
    form.setAttribute("aria-busy", "true");
    busy?.setAttribute("aria-busy", "true");
    sayAt(form, "");
    const outcome = await acts.run(command, body);
    form.removeAttribute("aria-busy");
    busy?.removeAttribute("aria-busy");
    if (outcome.answer.ok && form.hasAttribute("data-auto")) keepChoice(form);
    else if (outcome.answer.ok) fold(form);
    tell(outcome, form);
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || event.defaultPrevented) return;
    const { command, move } = form.dataset;
    if (form.hasAttribute("data-find")) {
      event.preventDefault();
      const like = String(new FormData(form).get("like") ?? "");
      void panel.find(like).catch(() => sayAt(form, text("not_sent")));
    }
    if (!command) return;
    event.preventDefault();
    if (form.hasAttribute("aria-busy")) return;
    const id = form.closest<HTMLElement>("[data-card]")?.dataset["card"] ?? "";
    if (move === "up" || move === "down") ends.move(id, move);
    else void send(form, pressed(event, form), command);
  });

  document.addEventListener("change", ({ target }) => {
    const form = target instanceof Element ? target.closest<HTMLFormElement>("form[data-auto]") : null;
    form?.requestSubmit();
  });

  return { tell, act };
}
