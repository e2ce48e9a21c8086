"""The words for states, reasons and roles, and the sentences that the scripts say.

Templates and scripts take them from here, so that a question has one name for its state wherever it is seen.
"""

from collections.abc import Callable, Mapping

Gettext = Callable[[str], str]
Ngettext = Callable[[str, str, int], str]
FORMS = {"one": 1, "other": 2}
"""Plural categories, and a number of each."""


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
        "merged": _("Joined with a question like it"),
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


def rule_sentences(_: Gettext) -> dict[str, str]:
    """What each reason means, for the published rules."""
    return {
        "off_topic": _("It is about something other than what this session is about."),
        "already_answered": _(
            "It has its answer already, on stage or in writing. You can read it on the session's page."
        ),
        "twice": _("You asked the same before. The first one counts."),
        "personal": _(
            "It tells of one person or one family, and everyone could read it. Ask it only for staff: then a person "
            "answers you, and nobody else sees it."
        ),
        "language": _("It insults or threatens somebody. Ask it again in other words."),
        "not_ours": _("Somebody else decides this, such as the state or the city."),
    }


def concern_sentences(_: Gettext) -> dict[str, str]:
    """What somebody is told before they send words that screening has a concern about: which, and why it matters."""
    return {
        "danger": _("It sounds as if somebody may be in danger. If you ask only the staff, nobody else sees it."),
        "phone": _("It looks as if there is a telephone number in it. Everyone could read it."),
        "email": _("It looks as if there is an e-mail address in it. Everyone could read it."),
        "street": _("It looks as if there is a home address in it. Everyone could read it."),
        "student": _("It looks as if there is a student number in it. Everyone could read it."),
        "child": _("It looks as if it names a child. Everyone could read it."),
        "profanity": _("Some words in it may hurt others. Everyone could read them."),
    }


def became_sentences(_: Gettext) -> dict[str, str]:
    """What one is told of the question that one's own was joined with, where it is not shown."""
    return {
        "held": _("A person is still reading the question that it was joined with; you will see here what happens."),
        "declined": _("The question that it was joined with was not taken up."),
        "private": _("A person from the district has the question that it was joined with. It is not shown to others."),
        "hidden": _("The question that it was joined with is not shown any more. A person looks at it again."),
    }


def flag_labels(_: Gettext) -> dict[str, str]:
    return {
        "danger": _("May be danger"),
        "phone": _("Phone number"),
        "email": _("E-mail address"),
        "street": _("Street address"),
        "student": _("Student number"),
        "child": _("Names a child"),
        "profanity": _("Hurtful words"),
        "capitals": _("All capitals"),
        "link": _("Link"),
        "repeats": _("Repeats itself"),
        "look": _("Please look, too"),
    }


def flag_meanings(_: Gettext) -> dict[str, str]:
    """Why a person of the staff should look, told at the desk."""
    return {
        "danger": _("Somebody may be hurt or in danger. Read it now; a person decides what to do."),
        "phone": _("There may be a phone number in it. Everyone could call it."),
        "email": _("There may be an e-mail address in it. Everyone could write to it."),
        "street": _("There may be a street address in it. Everyone could go there."),
        "student": _("There may be a student number in it."),
        "child": _("It may name a child. Everyone could know who it is."),
        "profanity": _("There may be hurtful words in it."),
        "capitals": _("It is written in capitals. Tidying the words may be enough."),
        "link": _("There is a link in it. Nobody has looked where it leads."),
        "repeats": _("The same is written again and again."),
        "look": _("A colleague would like somebody else to look as well."),
    }


def mark_labels(_: Gettext) -> dict[str, str]:
    return {
        "private": _("Only for staff"),
        "contact": _("Left a contact"),
        "revised": _("Changed by the asker"),
        "tidied": _("Tidied"),
        "muted": _("Asker is muted"),
        "followed": _("To be followed up"),
    }


def place_labels(_: Gettext) -> dict[str, str]:
    """What a search leads to."""
    return {
        "session": _("What the session was about"),
        "question": _("Question"),
        "answer": _("Answer"),
        "caption": _("Said in the session"),
    }


def try_labels(_: Gettext) -> dict[str, str]:
    """How an attempt to reach a family went."""
    return {
        "reached": _("we spoke"),
        "no_answer": _("nobody answered"),
        "left_message": _("left a recorded message"),
        "wrong_number": _("wrong number or address"),
        "wrote": _("wrote to them"),
    }


def outcome_labels(_: Gettext) -> dict[str, str]:
    """How a follow-up ended."""
    return {
        "answered": _("the family has its answer"),
        "referred": _("somebody else answers it now"),
        "unreachable": _("the family could not be reached"),
        "not_wanted": _("the family wants no answer any more"),
    }


def choice_labels(_: Gettext) -> dict[str, dict[str, str]]:
    """What the desk's filters offer beside what the questions themselves say."""
    return {
        "topic": {"-": _("No topic")},
        "school": {"-": _("No school")},
        "flag": {"*": _("Any flag")},
        "whose": {"free": _("Nobody is on it"), "mine": _("I am on it")},
    }


def no_wait(_: Gettext) -> str:
    return _("No wait")


def balance_labels(_: Gettext) -> dict[str, str]:
    return {"languages": _("Languages"), "topics": _("Topics"), "schools": _("Schools")}


def desk_keys(_: Gettext) -> list[tuple[str, list[tuple[str, str]]]]:
    """The desk's keys by what they are for."""
    return [
        (
            _("Through the list"),
            [
                ("j k", _("next, previous")),
                ("Enter", _("open it")),
                ("/", _("search")),
                ("x", _("select it")),
                ("Esc", _("close, or back to the list")),
            ],
        ),
        (
            _("Decide"),
            [
                ("a", _("approve")),
                ("d", _("decline; then the number of a reason")),
                ("p", _("keep it private, hand it to a person")),
                ("m", _("join it with another one")),
                ("q", _("put it in line")),
                ("w", _("write an answer")),
                ("r", _("look at it again")),
                ("u", _("undo what you just did")),
            ],
        ),
        (
            _("About this question"),
            [
                ("n", _("write a note")),
                ("t", _("add a tag")),
                ("f", _("flag it")),
                ("e", _("tidy the words")),
                ("?", _("show these keys")),
            ],
        ),
    ]


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


def redaction_labels(_: Gettext) -> dict[str, str]:
    """Why words were taken out, as everybody may know it."""
    return {
        "child": _("they told of a child"),
        "person": _("they told of a person who may not want it"),
        "contact": _("they held a telephone number or an address"),
        "hurtful": _("they were hurtful"),
        "wish": _("the person who wrote them asked for it"),
        "law": _("the law or a court asks for it"),
        "other": _("another reason, which the staff wrote down"),
    }


def part_labels(_: Gettext) -> dict[str, str]:
    """What of a question words can be taken out of."""
    return {
        "words": _("the question, with all its versions"),
        "name": _("the name of who asked"),
        "answer": _("an answer"),
        "say": _("what was told to the asker"),
        "handed_to": _("who takes care of it"),
        "note": _("a note"),
        "tag": _("a tag"),
        "owner": _("who goes on with it"),
        "follow_up": _("a note on the follow-up"),
        "redaction": _("why words were taken out"),
    }


def labels(_: Gettext) -> dict[str, Mapping[str, str]]:
    return {
        "session": session_labels(_),
        "question": question_labels(_),
        "reasons": reason_labels(_),
        "flags": flag_labels(_),
        "meanings": flag_meanings(_),
        "marks": mark_labels(_),
        "rules": rule_sentences(_),
        "concerns": concern_sentences(_),
        "became": became_sentences(_),
        "place": place_labels(_),
        "tries": try_labels(_),
        "outcomes": outcome_labels(_),
        "redactions": redaction_labels(_),
        "parts": part_labels(_),
        "roles": role_labels(_),
        "invitations": invitation_labels(_),
        "recordings": recording_labels(_),
    }


def recording_labels(_: Gettext) -> dict[str, str]:
    """Where a recording can be seen, by its kind."""
    return {
        "youtube": _("Watch it on YouTube"),
        "vimeo": _("Watch it on Vimeo"),
        "file": _("Watch the recording"),
        "page": _("To the recording"),
    }


def slow_forms(ngettext: Ngettext) -> dict[str, dict[str, str]]:
    """How often everybody may ask while input is slowed, by the unit that it is told in."""
    return {
        "slow_seconds": {
            form: ngettext(
                "Many people are asking. For now, everyone may ask one question every second.",
                "Many people are asking. For now, everyone may ask one question every {n} seconds.",
                n,
            )
            for form, n in FORMS.items()
        },
        "slow_minutes": {
            form: ngettext(
                "Many people are asking. For now, everyone may ask one question every minute.",
                "Many people are asking. For now, everyone may ask one question every {n} minutes.",
                n,
            )
            for form, n in FORMS.items()
        },
    }


def slow_sentence(ngettext: Ngettext, seconds: int) -> str:
    """The same as the scripts say it; nothing where input is not slowed."""
    if not seconds:
        return ""
    unit, n = ("slow_seconds", seconds) if seconds % 60 else ("slow_minutes", seconds // 60)
    return slow_forms(ngettext)[unit]["one" if n == 1 else "other"].format(n=n)


def script_texts(_: Gettext, ngettext: Ngettext) -> dict[str, str | dict[str, str]]:
    """The sentences the scripts say by themselves; a text that counts has one form for each plural category."""
    session, forms = session_labels(_), FORMS
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
        **slow_forms(ngettext),
        "joined": _("Joined with a question that you were reading"),
        "on_stage": _("On stage now: {words}"),
        "your_state": _("Your question: {state}"),
        "state_doors_open": session["doors_open"],
        "state_live": session["live"],
        "state_paused": session["paused"],
        "state_ended": session["ended"],
        "state_published": session["published"],
        "state_cancelled": session["cancelled"],
    }


def desk_texts(_: Gettext, ngettext: Ngettext) -> dict[str, str | dict[str, str]]:
    """What the desk's script says beside the sentences of every screen."""
    forms = {"one": 1, "other": 2}
    return {
        "a_parent": _("A parent"),
        "words_out": _("These words were taken out."),
        "without_topic": _("No topic"),
        "without_school": _("No school"),
        "pick": _("Select question {n}"),
        "found": _("{n} of {all}"),
        "into": _("Joined with #{n}"),
        "claimed": _("{name} is on this one"),
        "mine": _("You are on this one"),
        "take_over": _("Take it over"),
        "like_it": {form: ngettext("{n} like it", "{n} like it", n) for form, n in forms.items()},
        "joined": {form: ngettext("{n} joined with it", "{n} joined with it", n) for form, n in forms.items()},
        "notes": {form: ngettext("{n} note", "{n} notes", n) for form, n in forms.items()},
        "selected": {form: ngettext("{n} selected", "{n} selected", n) for form, n in forms.items()},
        "undo": _("Undo"),
        "undone": _("Undone"),
        "a_colleague": _("A colleague"),
        "urgent_here": _("A question that may reveal danger has arrived."),
        "open_again": _("Open it again"),
        "kept_words": _("What you had written"),
        **_done_texts(_),
        **_left_texts(_),
        **_many_texts(_, ngettext),
    }


def _done_texts(_: Gettext) -> dict[str, str]:
    """What a moderator just did to question {n}."""
    return {
        "done_question.approve": _("#{n} approved"),
        "done_question.decline": _("#{n} declined"),
        "done_question.hide": _("#{n} hidden from everyone"),
        "done_question.restore": _("#{n} waits to be looked at again"),
        "done_question.hand_over": _("#{n} kept private"),
        "done_question.merge": _("#{n} joined with another one"),
        "done_question.unmerge": _("#{n} taken apart"),
        "done_question.answer": _("#{n} answered in writing"),
        "done_question.reopen": _("#{n} opened again"),
        "done_question.edit_words": _("#{n} changed"),
        "done_question.tag": _("Tags of #{n} changed"),
        "done_question.flag": _("Flags of #{n} changed"),
        "done_question.note": _("Note on #{n} kept"),
        "done_lineup.add": _("#{n} put in line"),
        "done_lineup.remove": _("#{n} taken out of the line"),
        "done_lineup.assign": _("It is settled who answers #{n}"),
        "done_stage.bring": _("#{n} brought on stage"),
        "done_stage.settle": _("#{n} answered"),
        "done_stage.skip": _("#{n} back in line"),
        "done_stage.defer": _("#{n} will be answered in writing"),
        "done_participant.mute": _("The asker of #{n} is muted"),
        "done_participant.unmute": _("The asker of #{n} may ask again"),
    }


def _left_texts(_: Gettext) -> dict[str, str]:
    """Why a row is still seen that does not belong to its list any more; by the state that the question is in now."""
    return {
        "left_held": _("{name} wants it looked at again"),
        "left_shown": _("{name} approved this"),
        "left_reopened": _("{name} opened this again"),
        "left_queued": _("{name} put this in line"),
        "left_on_stage": _("{name} brought this on stage"),
        "left_answered": _("{name} answered this"),
        "left_declined": _("{name} declined this"),
        "left_private": _("{name} handed this to a person"),
        "left_hidden": _("{name} hid this"),
        "left_withdrawn": _("The asker took this back"),
        "left_merged": _("{name} joined this with another one"),
    }


def _many_texts(_: Gettext, ngettext: Ngettext) -> dict[str, str | dict[str, str]]:
    """What became of many questions at once."""
    forms = {"one": 1, "other": 2}
    stale = {
        form: ngettext(
            "{n} was changed by others meanwhile: {which}.", "{n} were changed by others meanwhile: {which}.", n
        )
        for form, n in forms.items()
    }
    return {
        "many_question.approve": {f: ngettext("{n} approved.", "{n} approved.", n) for f, n in forms.items()},
        "many_question.decline": {f: ngettext("{n} declined.", "{n} declined.", n) for f, n in forms.items()},
        "many_question.tag": {f: ngettext("{n} tagged.", "{n} tagged.", n) for f, n in forms.items()},
        "many_question.merge": {f: ngettext("{n} joined.", "{n} joined.", n) for f, n in forms.items()},
        "many_lineup.assign": {f: ngettext("{n} assigned.", "{n} assigned.", n) for f, n in forms.items()},
        "many_stale": stale,
        "many_refused": _("{which}: {say}"),
    }
