"""Pairing: codes and their tries, tokens and their origins, and what an extension may ask and hear."""

import threading
import time

import pytest
from sqlalchemy import select, update

from agent.errors import NotFound
from agent.settings import Settings
from server import create_app
from server.auth import COOKIE, cookie_for
from server.cors import EXTENSION, SCOPE
from server.pairing import BadCode, TooMany, Unpaired, WrongOrigin, name_of, signs_of
from server.store import open_store
from server.store.devices import TRIES, USED_EVERY
from server.store.tables import device, pairing_code
from tests.unit.test_auth import doors

TOKEN = "a-token-of-the-tests"
CHROME = "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
FIREFOX = "moz-extension://0f3a2b1c-1111-4222-8333-0123456789ab"
OTHER = "chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba"
FETCH = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


@pytest.fixture
def pairing(service):
    return service.pairing


@pytest.fixture
def app(settings, service):
    return create_app(Settings(data_dir=settings.data_dir, token=TOKEN, allow_nets=["10.1.0.0/16"], models=[
        {"url": "http://127.0.0.1:1/v1", "model": "near", "roles": ["write"]},
        {"url": "https://10.1.2.3/v1", "model": "team"},
        {"url": "https://models.example/v1", "model": "far"},
        {"url": "http://10.2.0.1/v1", "model": "reads", "roles": ["read"]}]), service)


class Extension:
    """What an extension's fetch sends, and hears."""

    def __init__(self, app, origin=CHROME, token=""):
        self.client, self.origin, self.token = app.test_client(use_cookies=False), origin, token

    def fetch(self, path, method="GET", data=None, **headers):
        given = {"Origin": self.origin, **FETCH, **({"Authorization": f"Bearer {self.token}"} if self.token else {}), **headers}
        answer = self.client.open(path, method=method, json=data, headers={name: value for name, value in given.items() if value})
        answer.heard = self.origin and answer.headers.get("Access-Control-Allow-Origin") == self.origin
        return answer

    def pair(self, code, name="Chromium on Linux"):
        answer = self.fetch("/api/pair", "POST", {"code": code, "name": name, "version": "1.0"})
        self.token = answer.json.get("token", "")
        return answer

    def preflight(self, path, method="POST"):
        asks = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
        return self.fetch(path, "OPTIONS", Authorization="", **asks)


@pytest.fixture
def paired(app, pairing):
    extension = Extension(app)
    assert extension.pair(pairing.offer().shown).status_code == 201
    return extension


def age_code(pairing, seconds):
    with pairing.devices.database.write() as connection:
        connection.execute(update(pairing_code).values(expires_at=pairing_code.c.expires_at - seconds))


# ---------------------------------------------------------------- codes

@pytest.mark.parametrize(("typed", "meant"), [
    ("K7QF-3MPD", "K7QF3MPD"), ("k7qf3mpd", "K7QF3MPD"), (" k7 qf - 3m pd\n", "K7QF3MPD"), ("oil0-1OIL", "01101011"),
    ("K7QF‑3MPD", "K7QF3MPD"), ("K7QF–3MPD", "K7QF3MPD"),
    ("", ""), ("K7QF-3MP", ""), ("K7QF-3MPDD", ""), ("K7QF-3MPU", ""), ("K7QF_3MPD", ""), ("٠7QF3MPD", ""), (None, ""), (12345678, ""),
    (["K7QF3MPD"], ""), ("K" * 1_000_000, "")])
def test_how_a_code_may_be_typed(typed, meant):
    assert signs_of(typed) == meant


def test_a_code_is_for_one_browser(pairing):
    code = pairing.offer()
    first, token = pairing.pair(code.shown.lower().replace("-", " "), "One", CHROME)
    assert pairing.device(token, CHROME).id == first.id
    assert pairing.code(code.id).state == "paired"
    with pytest.raises(BadCode, match="Pair a browser"):
        pairing.pair(code.shown, "Two", FIREFOX)
    assert [one.name for one in pairing.devices.all()] == ["One"]


def test_a_new_code_voids_the_one_before(pairing):
    old, new = pairing.offer(), pairing.offer()
    with pytest.raises(BadCode):
        pairing.pair(old.shown, "", CHROME)
    with pytest.raises(NotFound):
        pairing.code(old.id)
    pairing.pair(new.shown, "", CHROME)


def test_a_code_is_good_for_five_minutes(pairing):
    code = pairing.offer()
    assert 298 <= code.left <= 300
    age_code(pairing, 299)
    assert pairing.code(code.id).state == "waiting"
    age_code(pairing, 1)
    assert (pairing.code(code.id).state, pairing.code(code.id).left) == ("over", 0)
    with pytest.raises(BadCode):
        pairing.pair(code.shown, "", CHROME)


def test_five_wrong_tries_void_a_code_and_what_can_be_no_code_is_no_try(pairing):
    code = pairing.offer()
    wrong = "0000-0000" if code.shown != "0000-0000" else "0000-0001"
    for _ in range(TRIES - 1):
        with pytest.raises(BadCode):
            pairing.pair(wrong, "", CHROME)
        with pytest.raises(BadCode):
            pairing.pair("half", "", CHROME)
    with pytest.raises(TooMany) as refused:
        pairing.pair(wrong, "", CHROME)
    assert 290 < refused.value.retry_after <= 300
    assert pairing.code(code.id).state == "void"
    with pytest.raises(TooMany):
        pairing.pair(code.shown, "", CHROME)
    pairing.pair(pairing.offer().shown, "", CHROME)


def test_tries_from_all_sides_at_once_are_no_more(pairing):
    code = pairing.offer()
    wrong = "0000-0000" if code.shown != "0000-0000" else "0000-0001"
    heard, start = [], threading.Barrier(12)

    def try_it():
        start.wait()
        try:
            pairing.pair(wrong, "", CHROME)
        except (BadCode, TooMany) as error:
            heard.append(type(error))

    threads = [threading.Thread(target=try_it) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard.count(TooMany) >= 12 - TRIES + 1
    with pairing.devices.database.read() as connection:
        assert connection.execute(select(pairing_code.c.tries_left)).scalar() == 0


def test_neither_code_nor_token_is_kept(pairing, settings):
    code = pairing.offer()
    _, token = pairing.pair(code.shown, "One", CHROME)
    kept = b"".join(path.read_bytes() for path in settings.data_dir.glob("leash.db*"))
    assert b"moz-extension" not in kept
    assert CHROME.encode() in kept
    for secret in (token, token.split("_", 2)[2], code.shown, code.shown.replace("-", "")):
        assert secret.encode() not in kept


@pytest.mark.parametrize(("given", "shown"), [
    ("Firefox on Mac", "Firefox on Mac"), ("  a \n b ", "a b"), (None, "A browser"), ("\x00\u202e", "A browser"), ("x" * 500, "x" * 80)])
def test_what_a_browser_calls_itself(given, shown):
    assert name_of(given) == shown


# ---------------------------------------------------------------- tokens

@pytest.mark.parametrize("spoilt", ["", "lsh_", "lsh__", "lsh_{id}_", "lsh_{id}_wrong", "{secret}", "LSH_{id}_{secret}",
                                    "lsh_{id}_{secret}x", "lsh_0000000000000000_{secret}", "lsh_é_\udc80"])
def test_a_token_that_is_none_opens_nothing(pairing, spoilt):
    made, token = pairing.pair(pairing.offer().shown, "", CHROME)
    with pytest.raises(Unpaired):
        pairing.device(spoilt.format(id=made.id, secret=token.split("_", 2)[2]), CHROME)


def test_a_token_is_bound_to_its_origin_until_it_is_revoked(pairing):
    made, token = pairing.pair(pairing.offer().shown, "", CHROME)
    for stranger in (OTHER, FIREFOX, ""):
        with pytest.raises(WrongOrigin):
            pairing.device(token, stranger)
    pairing.revoke(made.id)
    with pytest.raises(Unpaired):
        pairing.device(token, CHROME)
    with pytest.raises(NotFound):
        pairing.revoke(made.id)
    assert pairing.devices.all() == []


def test_when_a_browser_was_last_here_is_written_once_a_minute(pairing):
    made, token = pairing.pair(pairing.offer().shown, "", CHROME)
    kept = device.c.last_used

    def set_back(seconds):
        with pairing.devices.database.write() as connection:
            connection.execute(update(device).values(last_used=time.time() - seconds))

    def last():
        pairing.device(token, CHROME)
        with pairing.devices.database.read() as connection:
            return time.time() - connection.execute(select(kept).where(device.c.id == made.id)).scalar()

    set_back(USED_EVERY - 5)
    assert last() > USED_EVERY - 6
    set_back(USED_EVERY + 5)
    assert last() < 5


def test_a_revoked_browser_is_forgotten_after_a_month(pairing):
    made, _ = pairing.pair(pairing.offer().shown, "", FIREFOX)
    pairing.revoke(made.id)
    assert pairing.devices.knows(FIREFOX)
    with pairing.devices.database.write() as connection:
        connection.execute(update(device).values(revoked_at=time.time() - 31 * 24 * 3600))
    pairing.pair(pairing.offer().shown, "", CHROME)
    assert not pairing.devices.knows(FIREFOX)


# ---------------------------------------------------------------- what an extension may ask

def test_hello_from_stranger_to_paired_to_revoked(app, pairing):
    extension = Extension(app, FIREFOX)
    stranger = extension.fetch("/api/hello")
    assert (stranger.json, stranger.heard) == ({"leash": "0.1.0", "api": 1, "paired": False}, True)
    traded = extension.pair(pairing.offer().shown, "Firefox on Linux")
    assert (traded.status_code, traded.heard) == (201, True)
    assert traded.json["token"].startswith("lsh_")
    assert set(traded.json) == {"token", "device", "leash", "api"}
    assert set(traded.json["device"]) == {"id", "name", "origin", "created_at"}
    known = extension.fetch("/api/hello").json
    assert known == {"leash": "0.1.0", "api": 1, "paired": True, "device": traded.json["device"], "models": [
        {"name": "near", "host": "127.0.0.1", "local": True}, {"name": "team", "host": "10.1.2.3", "local": True},
        {"name": "far", "host": "models.example", "local": False}]}
    pairing.revoke(known["device"]["id"])
    assert extension.fetch("/api/hello").json["paired"] is False
    refused = extension.fetch("/api/runs")
    assert (refused.status_code, refused.json["code"], refused.heard) == (401, "unpaired", True)
    assert extension.preflight("/api/runs").status_code == 204


def test_every_route_is_in_the_scope_or_shut(app, paired):
    listed = list(doors(app))
    assert len(listed) > 30
    for method, path in listed:
        answer = paired.fetch(path, method, None if method in ("GET", "OPTIONS") else {})
        if path == "/api/pair":
            continue
        inside = any(path == start or path.startswith(start + "/") for start in SCOPE)
        assert (answer.json or {}).get("code") == (None if inside else "out-of-scope") or not path.startswith("/api/"), (method, path)
        assert inside == (answer.status_code not in (401, 403)), (method, path, answer.text)
        assert answer.heard, (method, path)
        assert "Access-Control-Allow-Credentials" not in answer.headers
        answer.close()


@pytest.mark.parametrize("path", ["/api/runsx", "/api/run", "/api/runs/../pair/x", "//api/runs", "/API/runs", "/devices",
                                  "/api", "/text", "/health", "/static/css/leash.css", "/https://example.com/", "/runs/x"])
def test_ways_around_the_scope(app, paired, path):
    answer = paired.fetch(path)
    assert answer.status_code in (403, 404), answer.text
    assert paired.fetch(path, "POST", {}).status_code in (403, 404, 405)
    assert answer.status_code == (404 if "/../" in path else 403)


def test_a_run_from_an_extension(app, paired):
    made = paired.fetch("/api/runs", "POST", {"question": "Why?"})
    assert (made.status_code, made.heard) == (201, True)
    assert made.headers["Access-Control-Expose-Headers"] == "Retry-After, Location"
    assert made.headers["Vary"] == "Origin"
    assert paired.fetch(made.json["url"]).json["question"] == "Why?"
    assert paired.fetch(made.json["url"], "DELETE").status_code == 204


def test_faults_are_heard_as_sentences(app, paired):
    for path, method, data, status in [("/api/runs/none", "GET", None, 404), ("/api/runs", "POST", {"question": ""}, 400),
                                       ("/api/runs", "PATCH", None, 405), ("/api/runs", "POST", {"question": "x" * 1_200_000}, 413),
                                       ("/api/text?url=nonsense%20", "GET", None, 400)]:
        answer = paired.fetch(path, method, data)
        assert (answer.status_code, answer.heard, answer.mimetype) == (status, True, "application/problem+json"), path
        assert answer.json["detail"]


def test_our_own_faults_are_heard_too(app, paired, service):
    service.readings = None
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = paired.fetch("/api/text?url=https://example.com/")
    assert (answer.status_code, answer.heard, answer.json["status"]) == (500, True, 500)


def test_a_token_from_elsewhere_is_refused(app, paired):
    for origin, status, code in [(OTHER, 403, "wrong-origin"), ("", 403, "wrong-origin"), ("http://localhost", 403, "wrong-origin"),
                                 ("https://evil.example", 403, "wrong-origin"), ("null", 403, "wrong-origin")]:
        for path in ("/api/hello", "/api/runs", "/api/pages/x"):
            answer = Extension(app, origin, paired.token).fetch(path)
            assert (answer.status_code, answer.json["code"]) == (status, code), (origin, path)
            assert answer.headers.get("Access-Control-Allow-Origin") in (None, OTHER if path == "/api/hello" else None)


def test_the_owners_token_and_cookie_are_nothing_from_an_extension(app, paired):
    owner = {"Authorization": f"Bearer {TOKEN}"}
    for headers in (owner, {"Cookie": f"{COOKIE}={cookie_for(TOKEN)}"}):
        for path in ("/api/runs", "/devices", "/"):
            assert Extension(app, OTHER).fetch(path, **headers).status_code == 401
    assert app.test_client().get("/api/hello", headers=owner).json["paired"] is False


def test_a_stranger_extension_hears_hello_and_pair_alone(app, paired):
    stranger = Extension(app, OTHER)
    for path in ("/api/hello", "/api/pair"):
        answer = stranger.preflight(path)
        assert (answer.status_code, answer.heard) == (204, True)
    for path in ("/api/runs", "/api/captures", "/api/text", "/api/pages/x", "/devices", "/"):
        for answer in (stranger.preflight(path), stranger.fetch(path)):
            assert answer.status_code in (401, 403)
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_preflight_says_what_may_follow(paired):
    answer = paired.preflight("/api/captures/x", "DELETE")
    assert (answer.status_code, answer.heard) == (204, True)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST, PUT, DELETE"
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, Last-Event-ID"
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert paired.preflight("/devices").status_code == 403


@pytest.mark.parametrize("origin", ["chrome-extension://short", CHROME + "/", CHROME + ":1", CHROME.upper(), CHROME.replace("a", "z"),
                                    "moz-extension://localhost", "http://" + CHROME, CHROME + " " + CHROME, "safari-web-extension://", "*"])
def test_origins_that_are_no_extensions(app, pairing, origin):
    assert not EXTENSION.fullmatch(origin)
    code = pairing.offer()
    answer = Extension(app, origin).pair(code.shown)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert pairing.code(code.id).state == "waiting"


def test_only_an_extension_is_paired(app, pairing):
    code = pairing.offer()
    owner = app.test_client().post("/api/pair", json={"code": code.shown}, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (owner.status_code, owner.json["code"]) == (403, "wrong-origin")
    assert app.test_client().post("/api/pair", json={"code": code.shown}).status_code == 401


def test_wrong_codes_over_the_api(app, pairing):
    extension, code = Extension(app), pairing.offer()
    for given in (None, 5, "", "ABC", {"a": 1}):
        answer = extension.pair(given)
        assert (answer.status_code, answer.json["code"], answer.heard) == (400, "bad-code", True)
    answer = extension.fetch("/api/pair", "POST", {"code": code.shown, "name": 5})
    assert answer.status_code == 400
    wrong = "0000-0000" if code.shown != "0000-0000" else "0000-0001"
    assert [extension.pair(wrong).status_code for _ in range(TRIES)] == [400] * (TRIES - 1) + [429]
    last = extension.pair(code.shown)
    assert (last.json["code"], last.heard) == ("too-many", True)
    assert 0 < int(last.headers["Retry-After"]) <= 300


def test_a_foreign_host_is_refused_to_the_paired_too(app, paired):
    assert paired.fetch("/api/hello", Host="evil.example").status_code == 403
    assert paired.preflight("/api/hello").status_code == 204


def test_a_token_of_ones_own_may_begin_like_a_browsers(tmp_path):
    own = "lsh_my-own-choice-of-a-token"
    client = create_app(Settings(data_dir=tmp_path, token=own)).test_client()
    assert client.get("/api/runs", headers={"Authorization": f"Bearer {own}"}).status_code == 200


def test_another_web_process_knows_code_and_token(settings, pairing):
    from server.pairing import Pairing

    store = open_store(settings)
    try:
        other = Pairing(store.devices)
        _, token = other.pair(pairing.offer().shown, "", CHROME)
        assert pairing.device(token, CHROME).origin == CHROME
    finally:
        store.close()
