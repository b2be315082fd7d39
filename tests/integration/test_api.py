"""The API over real HTTP, with a worker behind it: ask, follow, lose the connection, go on, stop, delete."""

import http.client
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from itertools import islice

import pytest
from werkzeug.serving import make_server

from agent.settings import Settings
from server import create_app
from server.service import open_service
from tests.crew import ROOT, RedisServer, Workers, page, wait_until

TOKEN = "a-token-of-the-tests"


@dataclass
class Reply:
    status: int
    headers: dict
    text: str

    @property
    def json(self):
        return json.loads(self.text)


class Leash:
    """The web application on a real port, a Redis and a worker."""

    def __init__(self, folder):
        self.redis = RedisServer(Settings(data_dir=folder))
        self.settings = Settings(data_dir=folder, redis_url=self.redis.url, token=TOKEN)
        self.service = open_service(self.settings)
        self.server = make_server("127.0.0.1", 0, create_app(self.settings, self.service, pages=False), threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.workers = Workers(self.settings, self.redis.url)
        self.workers.start()

    def close(self):
        self.workers.close()
        self.server.shutdown()
        self.redis.kill()
        self.service.store.close()

    def open(self, method, path, body=None, **headers):
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request(method, path, body, {"Authorization": f"Bearer {TOKEN}", **given})
        return line.getresponse()

    def call(self, method, path, data=None, **headers):
        body = data if data is None or isinstance(data, bytes) else json.dumps(data).encode()
        with self.open(method, path, body, **{"Content_Type": "application/json", **headers}) as reply:
            return Reply(reply.status, dict(reply.headers), reply.read().decode())

    def ask(self, question):
        return self.call("POST", "/api/runs", {"question": question}).json["id"]

    def allow(self, gate):
        (self.settings.data_dir / gate).touch()


@pytest.fixture(scope="module")
def leash(tmp_path_factory):
    made = Leash(tmp_path_factory.mktemp("api"))
    yield made
    made.close()


def frames(stream):
    """The frames of a stream as they come, each a dictionary of its fields."""
    fields = {}
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif fields:
            yield fields
            fields = {}


def told(stream, count=1000):
    """The first `count` events of a stream."""
    return list(islice((frame for frame in frames(stream) if "event" in frame), count))


def test_a_question_from_ask_to_answer(leash):
    asked = leash.call("POST", "/api/runs", {"question": "step a\nstep b", "depth": "quick", "model": False})
    assert asked.status == 201
    run_id = asked.json["id"]
    assert asked.json == {"id": run_id, "url": f"/api/runs/{run_id}", "events": f"/api/runs/{run_id}/events"}
    assert asked.headers["Location"] == asked.json["url"]
    with leash.open("GET", asked.json["events"]) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Cache-Control"] == "no-store"
        events = told(stream)
    assert [(event["event"], event.get("id")) for event in events] == [
        ("started", "1"), ("searched", "2"), ("searched", "3"), ("answered", "4"), ("end", None)]
    assert json.loads(events[1]["data"]) == {"wording": "a", "found": 1, "titles": [], "lane": ""}
    run = leash.call("GET", asked.json["url"]).json
    assert (run["status"], run["model"], run["answer"]["answer"]) == ("done", False, "All done. [1]")
    assert run["answer"] == json.loads(events[3]["data"])["answer"]
    assert "fence" not in run
    assert leash.call("GET", "/api/runs?limit=1").json["runs"][0]["id"] == run_id


def test_a_stream_goes_on_where_it_was_cut(leash):
    run_id = leash.ask("step a\nstep b\nwait cut-gate\nstep c")
    with leash.open("GET", f"/api/runs/{run_id}/events") as stream:
        first = told(stream, 2)
    with leash.open("GET", f"/api/runs/{run_id}/events", Last_Event_ID=first[-1]["id"]) as stream:
        second = told(stream, 1)
        leash.allow("cut-gate")
        second += told(stream)
    assert [event["id"] for event in first + second if "id" in event] == ["1", "2", "3", "4", "5"]
    assert second[-1]["event"] == "end"
    with leash.open("GET", f"/api/runs/{run_id}/events?after=4") as stream:
        assert [event["event"] for event in told(stream)] == ["answered", "end"]


def test_a_stream_goes_on_without_redis(tmp_path):
    made = Leash(tmp_path)
    try:
        run_id = made.ask("step a\nwait gate\nstep b")
        with made.open("GET", f"/api/runs/{run_id}/events") as stream:
            events = told(stream, 2)
            made.redis.kill()
            made.allow("gate")
            events += told(stream)
        assert [event["event"] for event in events] == ["started", "searched", "searched", "answered", "end"]
    finally:
        made.close()


def test_stop_and_delete(leash):
    run_id = leash.ask("step only-here\nwait for ever")
    with leash.open("GET", f"/api/runs/{run_id}/events") as stream:
        told(stream, 2)
        assert leash.call("POST", f"/api/runs/{run_id}/stop").json["stop_requested"] is True
        assert [event["event"] for event in told(stream)] == ["answered", "end"]
    run = leash.call("GET", f"/api/runs/{run_id}").json
    assert (run["status"], run["stopped_by"], run["answer"]["answer"]) == ("stopped", "user", "All done. [1]")
    kept = page("Page only-here.")
    found = leash.call("GET", f"/api/pages/{kept.sha256}").json
    assert (found["text"], found["url"], found["sha256"]) == (kept.text, kept.url, kept.sha256)
    assert leash.call("DELETE", f"/api/runs/{run_id}").status == 204
    for path in (f"/api/runs/{run_id}", f"/api/runs/{run_id}/events", f"/api/pages/{kept.sha256}"):
        assert leash.call("GET", path).status == 404


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        ({"question": ""}, 400, "Nothing was asked"),
        ({"question": "a" * 100_000}, 400, "100,000 characters"),
        ({"question": "a\u0000b"}, 400, "not text"),
        ({"question": "half \ud800"}, 400, "not text"),
        ({"question": ["why"]}, 400, "A question is text"),
        ({"question": "Why?", "depth": "Deep"}, 400, "no depth"),
        ({"question": "Why?", "depth": {}}, 400, "no depth"),
        ({"question": "Why?", "model": 1}, 400, "true or false"),
        ({"question": "Why?", "budget": 9}, 400, "“budget” is not known"),
        ({"question": "Why?", "limits": [9]}, 400, "“limits” is an object"),
        ({"question": "Why?", "limits": {"pages": 0}}, 400, "from 1 to 300"),
        ({"question": "Why?", "patience": -1}, 400, "“patience” is how many seconds"),
        ({"question": "Why?", "notify": "file:///etc/passwd"}, 400, "no address that a notice can be sent to"),
        ({}, 400, "Send a JSON object"),
        ([], 400, "Send a JSON object"),
        (b"{", 400, "Send a JSON object"),
        (b"\xff\xfe", 400, "Send a JSON object"),
        (b"[" * 100_000, 400, "Send a JSON object"),
        (b"x" * 2_000_000, 413, "too large"),
    ],
)
def test_bad_questions_get_one_sentence(leash, data, status, says):
    reply = leash.call("POST", "/api/runs", data)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert set(reply.json) == {"type", "title", "status", "detail"}
    assert says in reply.json["detail"]
    assert "Traceback" not in reply.text


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/api/runs?limit=x", 400, "whole number"),
        ("GET", "/api/runs?limit=99999", 400, "from 1 to 200"),
        ("GET", "/api/runs?before=nope", 404, "no such run"),
        ("GET", "/api/runs/nope", 404, "no such run"),
        ("GET", "/api/runs/nope/events", 404, "no such run"),
        ("POST", "/api/runs/nope/stop", 404, "no such run"),
        ("GET", "/api/pages/nope", 404, "no such page"),
        ("GET", "/api/nothing", 404, "nothing at this address"),
        ("PUT", "/api/runs", 405, "does not take"),
    ],
)
def test_bad_addresses_get_one_sentence(leash, method, path, status, says):
    reply = leash.call(method, path)
    assert (reply.status, says in reply.json["detail"]) == (status, True), reply.text


def test_a_deep_run_is_planned_steered_and_answered_over_the_api(leash):
    leash.workers.start(queue="long")
    asked = {"question": "plan Costs, Risks\nstep a\nsteered\nwait never", "depth": "deep", "limits": {"pages": 7}, "patience": 600}
    path = leash.call("POST", "/api/runs", asked).json["url"]
    run = wait_until(lambda: (run := leash.call("GET", path).json)["status"] == "waiting" and run)
    assert (run["waiting_for"], run["limits"]["pages"], run["patience"]) == ("plan", 7, 600)
    shown = leash.call("GET", f"{path}/plan").json
    assert [item["text"] for item in shown["plan"]["items"]] == ["Costs", "Risks"]
    assert (shown["waiting_for"], shown["wake_at"]) == ("plan", run["wake_at"])
    changed = leash.call("PUT", f"{path}/plan", {"items": [{"id": "q2", "text": "Risks to people"}]})
    assert changed.status == 202
    wait_until(lambda: [item["text"] for item in leash.call("GET", f"{path}/plan").json["plan"]["items"]] == ["Risks to people"])
    assert leash.call("POST", f"{path}/steer", {"kind": "words", "text": " Only after\n2020. "}).status == 202
    assert leash.call("POST", f"{path}/limits", {}).json["detail"] == 'Say which limits, as {"pages": 60}.'
    assert leash.call("POST", f"{path}/limits", {"pages": 9}).status == 202
    assert leash.call("GET", path).json["limits"]["pages"] == 9
    assert leash.call("POST", f"{path}/approve").status == 202
    with leash.open("GET", f"{path}/events") as stream:
        seen = []
        for frame in frames(stream):
            seen += [frame] if "event" in frame else []
            if sum(one["event"] == "steered" for one in seen) == 4:
                break
    assert [json.loads(one["data"])["wish"] for one in seen if one["event"] == "steered"] == ["plan", "words", "raise", "approve"]
    assert leash.call("POST", f"{path}/pause").status == leash.call("POST", f"{path}/resume").status == 202
    assert leash.call("POST", f"{path}/stop").status == 200
    done = wait_until(lambda: (run := leash.call("GET", path).json)["ended_at"] and run)
    assert (done["status"], done["answer"]["stopped_by"]) == ("stopped", "user")
    kept = leash.call("GET", f"{path}/wishes").json["wishes"]
    assert [(one["seq"], one["kind"]) for one in kept][:2] == [(1, "plan"), (2, "words")]
    assert kept[1]["data"] == {"text": "Only after 2020."}
    late = leash.call("POST", f"{path}/finish")
    assert (late.status, "is over" in late.json["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("method", "path", "data", "says"),
    [
        ("POST", "steer", {"kind": "dance"}, "There is no wish “dance”"),
        ("POST", "steer", {"text": "x"}, "There is no wish “”"),
        ("POST", "steer", [], "Send a JSON object like"),
        ("POST", "steer", {"kind": "block", "domain": 7}, "“domain” is missing"),
        ("POST", "steer", {"kind": "words", "text": "x" * 1001}, "1,001 characters"),
        ("POST", "steer", {"kind": "skip", "lane": "q9"}, "no sub-question “q9”"),
        ("PUT", "plan", {"items": []}, "at least one sub-question"),
        ("PUT", "plan", {"items": "all"}, "A plan is"),
        ("PUT", "plan", b"[" * 100_000, "Send a JSON object like"),
        ("POST", "limits", {"pages": 100_000}, "from 1 to 300"),
        ("POST", "limits", {"pages": -1}, "from 1 to 300"),
        ("POST", "limits", {"pages": True}, "whole number"),
        ("POST", "limits", {"patience": 5}, "no limit “patience”"),
        ("POST", "limits", {}, "Say which limits"),
    ],
)
def test_wishes_that_cannot_be_get_one_sentence(leash, method, path, data, says):
    run = leash.service.ask("step a", "deep")
    reply = leash.call(method, f"/api/runs/{run.id}/{path}", data)
    assert (reply.status, says in reply.json["detail"]) == (400, True), reply.text
    assert leash.service.wishes(run.id) == []


def test_the_depths_are_told_with_what_they_cost(leash):
    told = leash.call("GET", "/api/depths").json
    rows = {row["depth"]: row for row in told["depths"]}
    assert (rows["deep"]["approves"], rows["deep"]["patience"], rows["quick"]["plans"]) == (True, 600, False)
    for row in rows.values():
        assert 0 < row["estimate"]["seconds"] <= row["limits"]["seconds"]
        assert 0 < row["estimate"]["tokens"] <= row["limits"]["tokens"]
        assert row["without_model"]["tokens"] == 0
        assert all(told["least"][name] <= value <= told["most"][name] for name, value in row["limits"].items())


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_a_form_can_send_is_refused(leash, kind):
    reply = leash.call("POST", "/api/runs", {"question": "Why?"}, Content_Type=kind)
    assert (reply.status, "application/json" in reply.json["detail"]) == (415, True)


def test_a_bad_resume_point_is_told(leash):
    run_id = leash.ask("step a")
    reply = leash.call("GET", f"/api/runs/{run_id}/events", Last_Event_ID="abc")
    assert (reply.status, "Last-Event-ID" in reply.json["detail"]) == (400, True)


def test_too_many_streams_are_told_when_to_come_back(leash):
    run_id = leash.ask("wait crowd-gate")
    held = [leash.service.watch(run_id) for _ in range(64)]
    reply = leash.call("GET", f"/api/runs/{run_id}/events")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")
    del held
    leash.allow("crowd-gate")
    with leash.open("GET", f"/api/runs/{run_id}/events") as stream:
        assert told(stream)[-1]["event"] == "end"


def test_a_reader_that_goes_away_gives_its_seat_back(leash):
    run_id = leash.ask("step a\nwait seat-gate\nstep b")
    streams = [leash.open("GET", f"/api/runs/{run_id}/events") for _ in range(64)]
    for stream in streams:
        told(stream, 1)
        stream.close()
    leash.allow("seat-gate")  # the events that follow find nobody there
    wait_until(lambda: leash.call("GET", f"/api/runs/{run_id}/events?after=0").status == 200)


def test_the_web_process_stays_light(tmp_path):
    code = (
        "import sys; from agent.settings import Settings; from server import create_app\n"
        "app = create_app(Settings(data_dir=sys.argv[1], token='a-token-of-the-tests'))\n"
        "app.test_client().get('/', headers={'Authorization': 'Bearer a-token-of-the-tests'})\n"
        "heavy = ('playwright', 'trafilatura', 'chromadb', 'openai', 'onnxruntime', 'numpy', 'ddgs', 'agent.engine')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout.strip() == "[]", ran.stderr
