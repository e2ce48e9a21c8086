// Many questions at once: one command for each, with progress, and in the end a summary in words.

import type { Acts, Outcome } from "./acts";
import type { DeskCard } from "./cards";
import { wordsOf } from "./commands";
import type { Selection } from "./selection";
import { fill, plural, text } from "./texts";
import type { Toast } from "./toast";
import type { Step } from "./undo";
import type { Body } from "./wire";

const AT_ONCE = 16;
const WITHOUT_REV: readonly string[] = ["question.tag"];

export interface Told {
  command: string;
  done: number;
  /** Sentence by sentence, the numbers of the questions it was said of; those that a colleague changed first. */
  stale: number[];
  refused: [say: string, numbers: number[]][];
}

/** What became of many commands. Pure. */
export function sumUp(command: string, outcomes: readonly { number: number; code: string | null; say: string }[]): Told {
  const refused = new Map<string, number[]>();
  for (const { number, code, say } of outcomes) {
    if (code !== null && code !== "stale") refused.set(say, [...(refused.get(say) ?? []), number]);
  }
  return {
    command,
    done: outcomes.filter(({ code }) => code === null).length,
    stale: outcomes.filter(({ code }) => code === "stale").map(({ number }) => number),
    refused: [...refused],
  };
}

const numbered = (numbers: readonly number[]): string => numbers.map((number) => `#${number}`).join(", ");

export function inWords({ command, done, stale, refused }: Told): string {
  return [
    done || !(stale.length + refused.length) ? plural(`many_${command}`, done) : "",
    stale.length ? fill(plural("many_stale", stale.length), { which: numbered(stale) }) : "",
    ...refused.map(([say, numbers]) => text("many_refused", { which: numbered(numbers), say })),
  ]
    .filter(Boolean)
    .join(" ");
}

export interface ManyEnds {
  rows(): readonly string[];
  card(id: string): DeskCard | undefined;
  /** Which rows are picked is another now. */
  picked(): void;
}

export interface Many {
  /** Shows how many are picked, and into which of them the others can be joined. */
  draw(): void;
  hush(): void;
}

export function openMany(bar: HTMLElement, selection: Selection, acts: Acts, toast: Toast, ends: ManyEnds): Many {
  const progress = bar.querySelector<HTMLProgressElement>("[data-many-progress]");
  const say = bar.querySelector<HTMLElement>("[data-many-say]");
  let busy = false;
  /** Something was refused: the sentence about it stays until it is dismissed. */
  let troubled = false;

  function hush(): void {
    troubled = false;
    if (say) say.textContent = "";
  }

  const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

  /** Too much at once is only too soon. */
  async function patiently(command: string, body: Body): Promise<Outcome> {
    for (;;) {
      const outcome = await acts.run(command, body);
      if (outcome.answer.ok || outcome.answer.code !== "too_fast") return outcome;
      await pause(outcome.answer.retry_after ?? 2);
    }
  }

  async function runAll(steps: readonly Step[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const left = [...steps];
    if (progress) Object.assign(progress, { max: steps.length, value: 0, hidden: false });
    const work = async (): Promise<void> => {
      for (let step = left.shift(); step; step = left.shift()) {
        outcomes.push(await patiently(...step));
        if (progress) progress.value = outcomes.length;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (progress) progress.hidden = true;
    return outcomes;
  }

  function steps(command: string, ids: readonly string[], more: Body): Step[] {
    return ids.flatMap((id): Step[] => {
      const card = ends.card(id);
      if (!card || id === more["into"]) return [];
      const rev: Body = WITHOUT_REV.includes(command) ? {} : { rev: card.rev };
      return [[command, { question: id, ...rev, ...more }]];
    });
  }

  async function act(command: string, more: Body): Promise<void> {
    if (busy) return;
    busy = true;
    bar.setAttribute("aria-busy", "true");
    hush();
    const wanted = steps(command, selection.of(ends.rows()), more);
    const outcomes = await runAll(wanted);
    const told = sumUp(
      command,
      outcomes.map(({ body, card, answer }) => ({
        number: card?.number ?? ends.card(String(body["question"]))?.number ?? 0,
        code: answer.ok ? null : answer.code,
        say: answer.ok ? "" : wordsOf(answer),
      })),
    );
    busy = false;
    bar.removeAttribute("aria-busy");
    // What was refused stays picked, to be looked at.
    selection.set(outcomes.filter(({ answer }) => !answer.ok).map(({ body }) => String(body["question"])));
    if (say) say.textContent = inWords(told);
    troubled = told.stale.length + told.refused.length > 0;
    for (const box of bar.querySelectorAll<HTMLDetailsElement>("[data-many-box]")) box.open = false;
    ends.picked();
    const backs = outcomes.flatMap(({ back }) => (back ? [back] : []));
    if (backs.length) {
      toast.show(plural(`many_${command}`, told.done), () => {
        hush();
        ends.picked();
        void runAll(backs).then(() => toast.show(text("undone")));
      });
    }
  }

  bar.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLButtonElement>("button") : null;
    if (!button) return;
    const { many } = button.dataset;
    if (many) void act(many, button.name ? { [button.name]: button.value } : {});
    if (button.hasAttribute("data-many-none")) selection.set([]);
    if (button.hasAttribute("data-many-all")) selection.set(ends.rows());
    if (!many) hush();
    ends.picked();
  });

  bar.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.dataset["manyForm"]) return;
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    form.reset();
    void act(form.dataset["manyForm"], fields);
  });

  function draw(): void {
    const ids = selection.of(ends.rows());
    bar.hidden = !ids.length && !busy && !troubled;
    const count = bar.querySelector("[data-many-count]");
    if (count) count.textContent = plural("selected", ids.length);
    const into = bar.querySelector<HTMLSelectElement>("select[name=into]");
    if (!into || into === document.activeElement) return;
    const chosen = into.value;
    into.replaceChildren(
      ...ids.slice(0, 50).flatMap((id) => {
        const card = ends.card(id);
        return card ? [new Option(`#${card.number} ${(card.words ?? "").slice(0, 60)}`, id)] : [];
      }),
    );
    if (ids.includes(chosen)) into.value = chosen;
  }

  return { draw, hush };
}
