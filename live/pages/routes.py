"""Every address that is answered with a page, a file or a line of the wire, in the order in which they are tried."""

from __future__ import annotations

from starlette.routing import BaseRoute

from live.pages import (
    archives,
    audit,
    captions,
    closing,
    desk,
    doors,
    drafts,
    exports,
    families,
    follow_ups,
    health,
    office,
    passes,
    planning,
    proof,
    redaction,
    review,
    rules,
    screens,
    search,
    subscriptions,
    wire,
)

ROUTES: list[BaseRoute] = [
    *health.routes,
    *wire.routes,
    *drafts.routes,
    *rules.routes,
    *passes.routes,
    *screens.routes,
    *families.routes,
    *desk.routes,
    *redaction.routes,
    *audit.routes,
    *closing.routes,
    *search.routes,  # All before the archive, whose /archive/{code} would take theirs for a session.
    *subscriptions.routes,
    *proof.routes,
    *exports.routes,
    *archives.routes,
    *doors.routes,
    *planning.routes,  # Both before the office, whose /office/{code} would take /office/new for a session.
    *captions.routes,
    *review.routes,
    *follow_ups.routes,
    *office.routes,
]
