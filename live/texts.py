"""The words for states, reasons and roles, and the sentences that the scripts say.

Templates and scripts take them from here, so that a question has one name for its state wherever it is seen.
"""

from collections.abc import Callable, Mapping

Gettext = Callable[[str], str]
Ngettext = Callable[[str, str, int], str]


def session_labels(_: Gettext) -> dict[str, str]:
    return {
        "draft": _("Being planned"),
        "scheduled": _("Not open yet"),
        "doors_open": _("Doors are open"),
        "live": _("Live now"),
        "paused": _("Paused for a moment"),
        "ended": _("Ended"),
        "published": _("Ended: read the answers"),
        "cancelled": _("Cancelled"),
    }


def question_labels(_: Gettext) -> dict[str, str]:
    return {
        "held": _("Being looked at"),
        "shown": _("Shown to everyone"),
        "queued": _("In line"),
        "on_stage": _("On stage now"),
        "answered": _("Answered"),
        "declined": _("Not taken up"),
        "private": _("With a person"),
        "withdrawn": _("Taken back"),
        "hidden": _("Taken down"),
    }


def reason_labels(_: Gettext) -> dict[str, str]:
    return {
        "off_topic": _("not about this session's subject"),
        "already_answered": _("already answered"),
        "twice": _("asked twice"),
        "personal": _("about one person or family"),
        "language": _("hurtful words"),
        "not_ours": _("not for the district to answer"),
    }


def role_labels(_: Gettext) -> dict[str, str]:
    return {
        "participant": _("Participant"),
        "moderator": _("Moderator"),
        "speaker": _("Speaker"),
        "host": _("Host"),
        "captioner": _("Captioner"),
        "liaison": _("Liaison"),
        "administrator": _("Administrator"),
    }


def invitation_labels(_: Gettext) -> dict[str, str]:
    return {
        "open": _("Not used yet"),
        "used": _("Used"),
        "revoked": _("Taken back"),
        "expired": _("Expired"),
    }


def labels(_: Gettext) -> dict[str, Mapping[str, str]]:
    return {
        "session": session_labels(_),
        "question": question_labels(_),
        "reasons": reason_labels(_),
        "roles": role_labels(_),
        "invitations": invitation_labels(_),
    }


def script_texts(_: Gettext, ngettext: Ngettext) -> dict[str, str | dict[str, str]]:
    """The sentences the scripts say by themselves; a text that counts has one form for each plural category."""
    session = session_labels(_)
    forms = {"one": 1, "other": 2}

    left = {form: ngettext("{n} character left", "{n} characters left", n) for form, n in forms.items()}
    over = {
        form: ngettext(
            "{n} character too many. Nothing is cut: please shorten it.",
            "{n} characters too many. Nothing is cut: please shorten it.",
            n,
        )
        for form, n in forms.items()
    }
    new_questions = {form: ngettext("{n} new question", "{n} new questions", n) for form, n in forms.items()}
    new_waiting = {
        form: ngettext("{n} new question waiting", "{n} new questions waiting", n) for form, n in forms.items()
    }
    return {
        "link_lost": _("No signal right now. This page catches up by itself."),
        "not_sent": _("That did not reach us. Please try again: it will not count twice."),
        "refused": _("That did not work. Nothing was changed."),
        "gone": _("This question was taken away meanwhile. Your words are still here, in case you need them."),
        "received": _("We have your question. A person reads it first; you will see here what happens."),
        "received_shown": _("We have your question. Everyone can see it now."),
        "kept": _("No signal right now. Your question is kept on this phone and will be sent by itself."),
        "empty": _("Write your question first."),
        "left": left,
        "over": over,
        "go_on": _("Go on with your question…"),
        "new_questions": new_questions,
        "new_waiting": new_waiting,
        "on_stage": _("On stage now: {words}"),
        "your_state": _("Your question: {state}"),
        "state_doors_open": session["doors_open"],
        "state_live": session["live"],
        "state_paused": session["paused"],
        "state_ended": session["ended"],
        "state_published": session["published"],
        "state_cancelled": session["cancelled"],
    }
