// Whether a question is the reader's own, or one of theirs was joined with it: then it stands in their own
// list as well.

export function isOwn(id: string): boolean {
  const name = CSS.escape(id);
  const mine = '[data-place="mine"] > ';
  return document.querySelector(`${mine}[data-card="${name}"], ${mine}[data-into="${name}"]`) !== null;
}
