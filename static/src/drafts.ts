// What is being typed survives a reload, a crash and a closed tab, on this phone only.

import * as shelf from "./shelf";

type Draft = Record<string, string | boolean>;
type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const SHELF = "draft";

function fieldsOf(form: HTMLFormElement): Field[] {
  return Array.from(form.elements).filter(
    (field): field is Field =>
      ((field instanceof HTMLInputElement && field.type !== "hidden") ||
        field instanceof HTMLTextAreaElement ||
        field instanceof HTMLSelectElement) &&
      field.name !== "",
  );
}

const isBox = (field: Field): field is HTMLInputElement =>
  field instanceof HTMLInputElement && field.type === "checkbox";

export interface Drafts {
  save(): void;
  /** Puts what was typed back; what the server rendered after a refusal is newer and stays. */
  restore(): void;
  fill(values: Draft): void;
  /** The question has gone. */
  clear(): void;
}

export function openDrafts(form: HTMLFormElement): Drafts {
  const read = (): Draft => {
    const draft: Draft = {};
    for (const field of fieldsOf(form)) {
      // A telephone number is typed again rather than left behind on a shared computer.
      if (field.name === "contact") continue;
      if (isBox(field) ? field.checked : field.value !== "") draft[field.name] = isBox(field) ? true : field.value;
    }
    return draft;
  };

  function save(): void {
    clearTimeout(timer);
    const draft = read();
    if (Object.keys(draft).length) shelf.put(SHELF, draft);
    else shelf.drop(SHELF);
  }

  function fill(values: Draft): void {
    for (const field of fieldsOf(form)) {
      const value = values[field.name];
      if (isBox(field)) field.checked = value === true;
      else field.value = typeof value === "string" ? value : "";
    }
  }

  let timer: number | undefined;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(save, 300);
  });
  // The last moment that phones still tell of.
  addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());

  return {
    save,
    fill,
    restore() {
      const draft = shelf.take<Draft>(SHELF);
      if (draft && read()["words"] === undefined) fill({ ...read(), ...draft });
    },
    clear() {
      fill({});
      save();
    },
  };
}
