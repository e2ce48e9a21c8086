"""The figures as lines, each beside what it must reach; and whether all boards were right."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Table:
    """`missed` and `wrong` grow as lines are told: a figure may be missed, a board may never be wrong."""

    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def title(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def line(self, what: str, figure: float, unit: str, goal: str = "", reached: bool | None = None) -> None:
        """One figure; `reached` says whether it is what `goal` says."""
        mark = "" if reached is None else "reached" if reached else "MISSED"
        if reached is False:
            self.missed.append(what)
        beside = f"goal {goal:<22}{mark}" if goal else ""
        print(f"  {what:<58}{rounded(figure):>10} {unit:<12}{beside}".rstrip(), flush=True)

    def keep(self, name: str, figure: float) -> None:
        """A constant of the model of capacity."""
        self.figures[name] = figure

    def check(self, what: str, faults: list[str]) -> None:
        """Correct first: every fault of a board or a number fails the bench."""
        for fault in faults:
            print(f"  WRONG  {what}: {fault}", flush=True)
        self.wrong += [f"{what}: {fault}" for fault in faults]


def rounded(figure: float) -> str:
    if abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}" if abs(figure) >= 0.1 else f"{figure:.4f}"
