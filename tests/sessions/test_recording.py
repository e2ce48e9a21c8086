"""Recordings by address, and moments in them."""

from __future__ import annotations

import pytest

from sessions.recording import Recording, clean_address, recording_of
from sessions.refusals import Refusal

KNOWN = {
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ": "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=75s",
    "https://youtube.com/watch?app=desktop&v=dQw4w9WgXcQ&t=9": "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=75s",
    "https://m.youtube.com/live/dQw4w9WgXcQ?feature=share": "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=75s",
    "https://youtu.be/dQw4w9WgXcQ": "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=75s",
    "https://vimeo.com/76979871": "https://vimeo.com/76979871#t=75s",
    "https://vimeo.com/76979871/8b9f8a7c6d": "https://vimeo.com/76979871/8b9f8a7c6d#t=75s",
    "https://player.vimeo.com/video/76979871": "https://vimeo.com/76979871#t=75s",
    "https://video.example.org/May%201.MP4#t=3": "https://video.example.org/May%201.MP4#t=75",
    "https://example.org/recordings?id=7": "https://example.org/recordings?id=7#t=75",
    "https://www.youtube.com/@tucsonunified": "https://www.youtube.com/@tucsonunified#t=75",
    "https://youtube.com.example.org/watch?v=dQw4w9WgXcQ": "https://youtube.com.example.org/watch?v=dQw4w9WgXcQ#t=75",
}


@pytest.mark.parametrize(("address", "moment"), KNOWN.items())
def test_a_moment_has_an_address(address: str, moment: str) -> None:
    recording = recording_of(clean_address(f" {address} "), 60_000)
    assert recording is not None
    assert recording.at(15_900) == moment
    assert recording.at(-90_000) == moment.replace("75", "0")


def test_without_one() -> None:
    assert recording_of("") is None


def test_from_whom_it_comes() -> None:
    recording = Recording("file", "https://Video.example.org/a.mp4")
    assert recording.is_from(["https://video.example.org"])
    assert not recording.is_from(["https://example.org", "http://video.example.org"])


@pytest.mark.parametrize(
    "address",
    [
        *(
            "",
            "youtube",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.org/a.mp4",
            "//example.org",
            "https://",
        ),
        *(
            "https://ana:secret@example.org/",
            "https://example.org:x/",
            "https://exa mple.org/",
            'https://example.org/"x',
        ),
        *("https://example.org/<x>", "https://example.org/\u202e", "https://example.org/" + "a" * 500, "https://[::1"),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean_address(address)
    assert refused.value.say(str) == "Please give a whole address that begins with https://"
