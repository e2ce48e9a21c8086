// "4 minutes ago", in the page's language. Clock times stay as the server wrote them: they are in
// the session's time zone, not in this device's.

import { pageLang } from "./texts";

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["minute", 60],
  ["hour", 3600],
];

/** Null for what is too long ago for relative words, and for no time at all. */
export function ago(seconds: number): [number, Intl.RelativeTimeFormatUnit] | null {
  if (Number.isNaN(seconds)) return null;
  if (seconds < 45) return [0, "second"];
  if (seconds >= 24 * 3600) return null;
  const [unit, size] = STEPS[seconds < 3570 ? 0 : 1] ?? ["minute", 60];
  return [-Math.max(1, Math.round(seconds / size)), unit];
}

let format: Intl.RelativeTimeFormat | undefined;

export function dressTimes(root: ParentNode): void {
  if (!("RelativeTimeFormat" in Intl)) return;
  format ??= new Intl.RelativeTimeFormat(pageLang(), { numeric: "auto" });
  for (const time of root.querySelectorAll<HTMLTimeElement>('time[data-time="ago"]')) {
    const past = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
    const words = past && format.format(...past);
    if (words && time.textContent !== words) time.textContent = words;
  }
}

export function keepTimes(): void {
  dressTimes(document);
  setInterval(() => document.hidden || dressTimes(document), 30_000);
}
