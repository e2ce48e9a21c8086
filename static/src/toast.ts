// What was just done, and for ten seconds the way back.

import { text } from "./texts";

const SECONDS = 10;

export interface Toast {
  show(words: string, undo?: () => void): void;
  /** Takes back what was done last; false where that is not possible any more. */
  undo(): boolean;
}

export function openToast(): Toast {
  const toast = document.getElementById("toast");
  const line = toast?.querySelector("[data-toast]");
  const button = toast?.querySelector<HTMLElement>("[data-undo]");
  let back: (() => void) | undefined;
  let timer: number | undefined;

  function close(): void {
    back = undefined;
    if (toast) toast.hidden = true;
  }

  function undo(): boolean {
    const act = back;
    if (!act) return false;
    close();
    act();
    return true;
  }

  button?.addEventListener("click", undo);

  return {
    undo,
    show(words, act) {
      if (!words || !toast || !line) return;
      clearTimeout(timer);
      timer = window.setTimeout(close, SECONDS * 1000);
      back = act;
      line.textContent = words;
      if (button) button.hidden = !act;
      toast.hidden = false;
    },
  };
}

/** "#12 declined"; empty for what needs no words. */
export const doneWords = (command: string, n: number | undefined): string => text(`done_${command}`, { n: n ?? "" });
