"""Who may speak to this Leash: every route, every way to be a stranger."""

import threading

import pytest

from agent.errors import BadSetting, StorageError
from agent.settings import Settings
from server import create_app
from server.auth import COOKIE, cookie_for, token_for

TOKEN = "a-token-of-the-tests"
ORIGIN = {"Origin": "http://localhost"}
STRANGERS = {
    "no token": (401, {"Cookie": ""}),
    "a wrong cookie": (401, {"Cookie": f"{COOKIE}={'0' * 64}"}),
    "the token as a cookie": (401, {"Cookie": f"{COOKIE}={TOKEN}"}),
    "a wrong bearer": (401, {"Cookie": "", "Authorization": "Bearer nope"}),
    "the cookie as a bearer": (401, {"Cookie": "", "Authorization": f"Bearer {cookie_for(TOKEN)}"}),
    "an empty bearer": (401, {"Cookie": "", "Authorization": "Bearer "}),
    "a foreign host": (403, {"Host": "evil.example"}),
    "a host that looks like ours": (403, {"Host": "localhost.evil.example:8765"}),
    "a host with our name before it": (403, {"Host": "localhost@evil.example"}),
    "a foreign origin": (403, {"Origin": "http://evil.example"}),
    "another port's origin": (403, {"Origin": "http://localhost:3000"}),
    "no one's origin": (403, {"Origin": "null"}),
    "another site's fetch": (403, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
    "another port's fetch": (403, {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}),
    "another site's frame": (
        403, {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}),
}


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("data"), token=TOKEN, allowed_hosts=["leash.lan"]))


@pytest.fixture
def client(app):
    made = app.test_client()
    made.set_cookie(COOKIE, cookie_for(TOKEN))
    return made


def doors(app):
    """Every route with a value for each of its parts, and each of its methods."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        path = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "x"))
        for method in sorted(rule.methods - {"HEAD"}):
            yield method, path
    yield "GET", "/no/such/page"
    yield "GET", "/api/nothing"


@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_route_lets_a_stranger_in(app, client, stranger):
    status, headers = STRANGERS[stranger]
    listed = list(doors(app))
    assert len(listed) > 12
    for method, path in listed:
        if path == "/health" and status == 401:
            continue
        given = {**(ORIGIN if method not in ("GET", "OPTIONS") else {}), **headers}
        asker = app.test_client(use_cookies=False) if "Cookie" in headers else client
        answer = asker.open(path, method=method, headers=given)
        assert answer.status_code == status, (method, path, answer.text)


def test_a_change_by_cookie_needs_our_own_page_behind_it(app, client):
    for method, path in doors(app):
        if method in ("POST", "DELETE"):
            assert client.open(path, method=method).status_code == 403, (method, path)
    assert client.post("/api/runs", json={"question": "Why?"}, headers=ORIGIN).status_code == 201
    ours = {"Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/runs", json={"question": "Why?"}, headers=ours).status_code == 201


def test_a_program_with_the_token_needs_no_browser(app):
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    answer = app.test_client().post("/api/runs", json={"question": "Why?"}, headers=bearer)
    assert answer.status_code == 201
    assert app.test_client().get("/api/runs", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_a_link_followed_from_elsewhere_is_let_in(client):
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/api/runs", headers=followed).status_code == 200
    assert client.post("/api/runs", json={"question": "Why?"}, headers=followed).status_code == 403


def test_the_printed_address_sets_the_cookie_once(app):
    fresh = app.test_client()
    answer = fresh.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert TOKEN not in cookie
    assert fresh.get("/api/runs").status_code == 200
    refused = app.test_client().get("/?token=wrong")
    assert refused.status_code == 401
    assert "Back to the question box" not in refused.text, "it would be refused again"
    assert app.test_client().get(f"/api/runs?token={TOKEN}").status_code == 401


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST", "leash.lan"])
def test_the_hosts_that_are_ours(client, app, host):
    headers = {"Host": host, "Origin": f"http://{host.lower()}", "Authorization": f"Bearer {TOKEN}"}
    assert client.get("/api/runs", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["", ":", "[", "[::1", "a b", "localhost:x:y", "0x7f.1", "127.0.0.2", "é"])
def test_hosts_that_are_none(client, host):
    assert client.get("/health", headers={"Host": host}).status_code in (400, 403)


def test_health_tells_strangers_nothing(app):
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_a_refusal_says_what_to_do(app):
    page = app.test_client().get("/")
    assert page.mimetype == "text/html"
    assert "leash token" in page.text
    problem = app.test_client().get("/api/runs")
    assert (problem.mimetype, problem.json["status"]) == ("application/problem+json", 401)
    assert "leash up" in problem.json["detail"]
    assert "LEASH_ALLOWED_HOSTS" in app.test_client().get("/", headers={"Host": "my.example"}).text


def test_every_response_is_armoured(app, client):
    for method, path in doors(app):
        answer = client.open(path, method=method, headers=ORIGIN)
        answer.close()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_token_is_made_once_for_this_user_alone(tmp_path):
    settings = Settings(data_dir=tmp_path)
    made = []
    threads = [threading.Thread(target=lambda: made.append(token_for(settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert len(made[0]) >= 43
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("text", [b"", b"\n", b"short", b"\xff\xfe" * 20, b"two words of a token"])
def test_a_token_file_without_a_token_lets_nobody_in(tmp_path, text):
    (tmp_path / "token").write_bytes(text)
    with pytest.raises(BadSetting, match="holds no token"):
        token_for(Settings(data_dir=tmp_path))


def test_a_token_that_cannot_be_kept_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="LEASH_TOKEN"):
        token_for(Settings(data_dir=tmp_path / "file"))
