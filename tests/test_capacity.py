"""The model of capacity: its arithmetic, and that the document says what it computes."""

from __future__ import annotations

from tests.load.capacity import BEGIN, DOCUMENT, END, Figures, Place, lines, need, read_figures, wire_bytes

ROUND = Figures(
    phone_kib=2,
    join_cpu=0.001,
    page_cpu=0.001,
    page_bytes=5_000,
    watch_cpu=0.00007,
    watch_bytes=688,
    watch_pulses=4,
    vote_cpu=0.0006,
    delivery_cpu=0.00001,
    two_processes=1.5,
)


def test_the_arithmetic() -> None:
    assert wire_bytes(ROUND) == 1_000
    small = need(Place("a hall", 10_000, 2, 4), ROUND)
    # 0.7 of a core to tell them, and 10,000 votes in a minute at 0.6 ms each: 0.1.
    assert (small.processes, small.machines) == (2, 2)
    assert round(small.mbit) == 80
    assert round(small.arriving, 4) == round(10_000 / 600 * 0.002, 4)
    assert small.bottleneck == "CPU to tell everybody"
    # A hundred times as many: what two processes cost one another counts as well.
    large = need(Place("a nation", 1_000_000, 16, 32), ROUND)
    # By CPU it would be eleven of them; 8,000 Mbit/s at 700 for each are twelve.
    assert (large.processes, large.machines) == (165, 12)
    assert large.bottleneck.startswith("the votes of one session")
    assert round(large.shares[large.bottleneck]) == 10


def test_the_document_says_what_the_model_computes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)] == "\n" + "\n".join(lines(read_figures())) + "\n\n"
