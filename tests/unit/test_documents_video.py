"""Watch pages and caption tracks."""

import json

import pytest

from agent.errors import Unreadable
from agent.extract.document import extract
from agent.extract.formats.captions import transcript
from agent.extract.want import Want

ABOUT = "What it is about.\nA second line.\n\n0:00 Hello\n1:05 - The middle\n1:02:03 The end"
TRACKS = [{"baseUrl": "/api/timedtext?lang=en&kind=asr", "languageCode": "en", "kind": "asr"},
          {"baseUrl": "https://www.youtube.com/api/timedtext?lang=de", "languageCode": "de"},
          {"baseUrl": "https://www.youtube.com/api/timedtext?lang=en", "languageCode": "en-GB"}]


def page(tracks=None, data=None, lang="en", about=ABOUT):
    player = {"videoDetails": {"videoId": "abcdefghijk", "title": "A talk", "author": "Ann's Channel", "lengthSeconds": "3725",
                               "shortDescription": about},
              "microformat": {"playerMicroformatRenderer": {"publishDate": "2024-05-06T00:00:00-07:00"}},
              "captions": {"playerCaptionsTracklistRenderer": {"captionTracks": tracks or []}}}
    html = f'<!doctype html><html lang="{lang}"><title>A talk - YouTube</title>' \
           f"<script>var ytInitialPlayerResponse = {json.dumps(player)};var meta;</script>" \
           f"<script>var ytInitialData = {json.dumps(data or {})};</script>"
    return html.encode()


def watch(body, want=None):
    return extract(body, "text/html", "", "https://www.youtube.com/watch?v=abcdefghijk&list=x", want)


def test_a_watch_page_tells_of_its_video():
    found = watch(page())
    assert found["text"].startswith("# A talk\n\nAnn's Channel · 2024-05-06 · 1:02:05\n\n## Description\n\nWhat it is about.\nA second")
    assert found["text"].endswith("## Chapters\n\n- 0:00 Hello\n- 1:05 The middle\n- 1:02:03 The end")
    assert (found["title"], found["author"], found["date"], found["thin"]) == ("A talk", "Ann's Channel", "2024-05-06", False)
    assert found["canonical"] == "https://www.youtube.com/watch?v=abcdefghijk"
    assert "- [1:05](https://www.youtube.com/watch?v=abcdefghijk&t=65s) The middle" in watch(page(), Want())["markdown"]


def test_chapters_of_the_page_go_before_those_of_the_description():
    items = [{"macroMarkersListItemRenderer": {"title": {"simpleText": "Start"}, "timeDescription": {"simpleText": "0:00"}}},
             {"macroMarkersListItemRenderer": {"title": {"runs": [{"text": "Its own"}]}, "timeDescription": {"simpleText": "2:10"}}}]
    assert watch(page(data={"engagementPanels": items * 2}))["text"].endswith("## Chapters\n\n- 0:00 Start\n- 2:10 Its own")


def test_times_in_prose_are_no_chapters():
    assert "## Chapters" not in watch(page(about="We meet at 10:00 sharp.\nLunch 12:30"))["text"]


@pytest.mark.parametrize(("tracks", "lang", "chosen"), [
    (TRACKS, "en", "https://www.youtube.com/api/timedtext?lang=en&fmt=json3"),
    (TRACKS, "de-AT", "https://www.youtube.com/api/timedtext?lang=de&fmt=json3"),
    (TRACKS, "fr", "https://www.youtube.com/api/timedtext?lang=en&fmt=json3"),
    (TRACKS[:2], "en", "https://www.youtube.com/api/timedtext?lang=en&kind=asr&fmt=json3"),
    ([{"baseUrl": "file:///etc/passwd", "languageCode": "en"}], "en", ""),
    ([{"baseUrl": 7}, "x"], "en", ""), ([], "en", ""),
])
def test_the_transcript_is_in_the_pages_language_and_by_people_if_it_can_be(tracks, lang, chosen):
    assert watch(page(tracks, lang=lang))["captions"] == chosen


def test_any_page_may_name_a_caption_file():
    html = '<html lang="en"><body><p>' + "Words about a film. " * 10 + '</p><video><track kind="captions" srclang="de" src="/de.vtt">' \
           '<track kind="chapters" src="/no.vtt"><track srclang="en" src="en.vtt"></video></body></html>'
    assert extract(html.encode(), "text/html", "", "https://a.org/film/")["captions"] == "https://a.org/film/en.vtt"


@pytest.mark.parametrize("player", ["{", "{}", '{"videoDetails": []}', '{"videoDetails": {"title": 7}}', "[" * 50_000, '{"a":' * 50_000])
def test_a_watch_page_without_its_data_is_a_page_like_any(player):
    html = f"<html><body><script>ytInitialPlayerResponse = {player}</script><p>{'Words of a page. ' * 30}</p></body></html>"
    assert "Words of a page." in watch(html.encode())["text"]


VTT = """WEBVTT
Kind: captions

NOTE a note

00:00:01.000 --> 00:00:03.000 align:start
<v Ann>Hello <c>there</c>

00:00:03.000 --> 00:00:05.000
Hello there
next &amp; more

1
01:00:20.000 --> 01:00:25.000
Late
"""
JSON3 = json.dumps({"wireMagic": "pb3", "events": [{"tStartMs": 0, "segs": [{"utf8": "Hello "}, {"utf8": "there"}]}, {"tStartMs": 9}, 7,
    {"tStartMs": 65000, "segs": [{"utf8": "\n"}]}, {"tStartMs": 66000, "segs": [{"utf8": "late"}]}]})


@pytest.mark.parametrize(("track", "said"), [
    (VTT, "[0:01] Hello there next & more\n[1:00:20] Late"), (VTT.replace("\n", "\r\n"), "[0:01] Hello there next & more\n[1:00:20] Late"),
    (JSON3, "[0:00] Hello there\n[1:06] late"),
    ('<?xml version="1.0" encoding="utf-8" ?><transcript><text start="0.5" dur="1">It&amp;#39;s</text>'
     '<text start="70">end</text></transcript>',
     "[0:00] It's\n[1:10] end"),
    ('<timedtext format="3"><body><p t="500" d="10"><s>one</s><s> two</s></p><p t="60000">end</p></body></timedtext>',
     "[0:00] one two\n[1:00] end"),
    ("1\n00:00:01,000 --> 00:00:02,000\nsub rip\n", "[0:01] sub rip"),
])
def test_a_transcript_is_lines_with_their_times(track, said):
    assert transcript(track) == said
    assert transcript(track.encode()) == said
    found = extract(track.encode(), "text/plain", "", "https://a.org/t")
    assert (found["format"], found["text"]) == ("text", said)


def test_a_line_of_a_transcript_has_several_cues_but_not_very_many():
    cues = "".join(f"00:{n // 60:02}:{n % 60:02}.000 --> 00:59:00.000\nwords number {n} of it\n\n" for n in range(0, 600, 3))
    lines = transcript(f"WEBVTT\n\n{cues}").splitlines()
    assert 15 < len(lines) < 60
    assert all(len(line) < 260 for line in lines)


@pytest.mark.parametrize("track", ["", "words", "WEBVTT\n\n", '{"events": 7, "tStartMs": 1}', '{"events": [{"tStartMs": 1}'])
def test_what_is_no_transcript_says_so(track):
    with pytest.raises(Unreadable, match="transcript"):
        transcript(track)
