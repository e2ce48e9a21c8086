// The page's texts, in its language, as the server put them into `#texts`.

type Plural = Partial<Record<string, string>>;
type Texts = Partial<Record<string, string | Plural>>;

export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function choose(text: string | Plural | undefined, n: number, lang: string): string {
  if (text === undefined) return "";
  if (typeof text === "string") return fill(text, { n });
  return fill(text[new Intl.PluralRules(lang).select(n)] ?? text["other"] ?? "", { n });
}

let texts: Texts | undefined;

function known(): Texts {
  texts ??= JSON.parse(document.getElementById("texts")?.textContent || "{}") as Texts;
  return texts;
}

export const pageLang = (): string => document.documentElement.lang || document.body.lang || "en";

/** A missing text is empty: the caller then leaves the server's words alone. */
export function text(key: string, values: Record<string, string | number> = {}): string {
  const found = known()[key];
  return typeof found === "string" ? fill(found, values) : "";
}

export const plural = (key: string, n: number): string => choose(known()[key], n, pageLang());
