// Words as large as they fit, read from ten metres.

const SMALLEST_PX = 24;
const MOST_LINES = 8;

/** The largest whole size that fits, found by halving. */
export function largest(low: number, high: number, fits: (size: number) => boolean): number {
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function fitWords(): void {
  const words = document.querySelector<HTMLElement>('[data-place="stage"] [data-fit]');
  const frame = words?.closest<HTMLElement>("[data-place]");
  const page = document.scrollingElement;
  if (!words || !frame || !page) return;
  const fits = (size: number): boolean => {
    words.style.fontSize = `${String(size)}px`;
    const line = parseFloat(getComputedStyle(words).lineHeight) || size * 1.2;
    return (
      words.getBoundingClientRect().height <= line * MOST_LINES + 1 &&
      // A single long word must not be cut either.
      words.scrollWidth <= words.clientWidth + 1 &&
      frame.scrollHeight <= frame.clientHeight + 1 &&
      page.scrollHeight <= innerHeight + 1
    );
  };
  fits(largest(SMALLEST_PX, Math.round(innerHeight / 4), fits));
}
