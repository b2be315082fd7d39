"""Frames of server-sent events."""

from datetime import UTC, datetime

import pytest
from flask import Request

from agent.errors import BadInput
from agent.events import Searched
from server.store import Entry
from server.stream import END, event_stream, resume_point

NOW = datetime.now(UTC)


def entry(seq):
    return Entry(seq, NOW, Searched("x", seq))


def test_frames_signs_of_life_and_the_end():
    frames = "".join(event_stream([entry(1), None, entry(2)], lambda entry: [("found", str(entry.event.found))]))
    assert frames == (
        "retry: 1000\n\nid: 1\nevent: found\ndata: 1\n\n: still here\n\nid: 2\nevent: found\ndata: 2\n\n"
        "event: end\ndata: {}\n\n"
    )


def test_of_several_frames_the_last_alone_has_the_id():
    frames = list(event_stream([entry(7)], lambda entry: [("a", "1"), ("b", "2")], lambda: ()))
    assert frames[1:] == ["event: a\ndata: 1\n\n", "id: 7\nevent: b\ndata: 2\n\n"]
    assert list(event_stream([entry(7)], lambda entry: [], lambda: END))[1:] == ["event: end\ndata: {}\n\n"]


def test_no_data_can_forge_a_frame():
    frames = list(event_stream([entry(1)], lambda entry: [("a", "x\n\nevent: end\rdata: no\r\n\u2028y")], lambda: ()))
    assert frames[1] == "id: 1\nevent: a\ndata: x\ndata: \ndata: event: end\ndata: data: no\ndata: \u2028y\n\n"


def asked(query="", **headers):
    environ = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return Request({"QUERY_STRING": query, "REQUEST_METHOD": "GET", "SERVER_NAME": "x", "SERVER_PORT": "1",
                    "wsgi.url_scheme": "http", **environ})


def test_where_a_reader_goes_on():
    assert resume_point(asked()) == 0
    assert resume_point(asked("after=3")) == 3
    assert resume_point(asked("after=3", last_event_id="12")) == 12


@pytest.mark.parametrize("given", ["-1", "x", "1e3", "%D9%A3", "9" * 40, "1 2"])
def test_a_number_that_is_none(given):
    with pytest.raises(BadInput):
        resume_point(asked(f"after={given}"))
