// Whether a question is the reader's own: then it stands in their own list as well.

export const isOwn = (id: string): boolean =>
  document.querySelector(`[data-place="mine"] > [data-card="${CSS.escape(id)}"]`) !== null;
