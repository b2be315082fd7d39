"""Secrets are found by their forms, and what only looks like one is left alone. No secret here is real."""

from __future__ import annotations

import random
import string

import pytest

from agent.repo.secrets import redacted

DRAW = random.Random(7)


def drawn(count: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(DRAW.choice(letters) for _ in range(count))


KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(drawn(64) for _ in range(10)) + "\n-----END RSA PRIVATE KEY-----"
SECRETS = {
    "aws": "AKIA" + drawn(15, string.ascii_uppercase) + "7",
    "github": "ghp_" + drawn(36),
    "fine": "github_pat_" + drawn(22) + "_" + drawn(59),
    "gitlab": "glpat-" + drawn(20),
    "slack": f"xoxb-{drawn(12, string.digits)}-{drawn(12, string.digits)}-{drawn(24)}",
    "openai": "sk-proj-" + drawn(60),
    "anthropic": "sk-ant-api03-" + drawn(80),
    "stripe": "sk_" + "live_" + drawn(30),
    "google": "AIza" + drawn(35),
    "npm": "npm_" + drawn(36),
    "jwt": f"eyJ{drawn(33)}.eyJ{drawn(60)}.{drawn(43)}",
    "huggingface": "hf_" + drawn(34),
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("frame", ["key = '{}'\n", "see {} there", "a: {}\n"])
def test_known_forms(secret: str, frame: str) -> None:
    raw = ("x = 1\n" * 40 + frame.format(secret) + "y = 2\n" * 40).encode()
    clean, counts = redacted("a.py", raw)
    assert secret.encode() not in clean
    assert counts.total() == 1
    assert clean.count(b"x = 1\n") == 40
    assert clean.count(b"y = 2\n") == 40


def test_private_key_keeps_its_frame() -> None:
    clean, counts = redacted("id_rsa", f"a\n{KEY}\nb\n".encode())
    assert clean == b"a\n-----BEGIN RSA PRIVATE KEY-----[REDACTED: private key]-----END RSA PRIVATE KEY-----\nb\n"
    assert counts == {"private key": 1}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a.py", 'DATABASE_PASSWORD = "t7Rq-93xKp2m"'),
        ("a.js", "const apiKey = 'Zk39fjW02nVbq81L';"),
        ("a.json", '{"client_secret": "8fKq02mzXw7P1c"}'),
        (".env", "API_TOKEN=q9w8e7r6t5y4u3i2"),
        ("c.yml", "db_password: q9w8e7r6t5yzz"),
        ("a.py", 'connect("postgres://app:s3cr3tPw9@db.local/x")'),
        ("a.py", 'url = "https://jane:p4ss-9x@host.example/x"'),
    ],
)
def test_passwords(path: str, line: str) -> None:
    clean, counts = redacted(path, f"{line}\n".encode())
    assert counts == {"password": 1}
    assert b"[REDACTED: password]" in clean


@pytest.mark.parametrize(
    "line",
    [
        'password = os.environ["DB_PASSWORD"]',
        'password = "changeme"',
        "token = request.headers['X-Token']",
        'SECRET_KEY = "your-secret-key-here1"',
        "integrity sha512-" + drawn(86),
        "uuid = '123e4567-e89b-42d3-a456-426614174000'",
        "commit = 53171e048c8c1050de28adf36dc6cbff072586e3",
        'token_type = "access_token_v2_name"',
        "password: ${DB_PASSWORD}",
        "postgres://user:password@localhost/db",
            '"hash": "sha256:' + drawn(64, "0123456789abcdef") + '"',
        "secretary = 'Jane Doe 1990'",
        "def get_password_hash(self): return x",
        "https://user@example.com/x",
        'passwordField.id = "login-password"',
        "sk-learn-contrib-and-other-words-with-dashes",
        "data:image/png;base64," + drawn(200),
    ],
)
def test_what_is_none(line: str) -> None:
    assert redacted("a.py", f"{line}\n".encode())[0] == f"{line}\n".encode()


@pytest.mark.parametrize("line", [
    "DB_PASSWORD=correcthorsebattery", "export MAIL_TOKEN='correcthorsebattery'", "SECRET = correcthorsebattery"])
def test_a_password_of_letters_alone_in_an_env_file(line: str) -> None:
    for path in (".env", "app/.env.production"):
        clean, counts = redacted(path, f"A=b\n{line}\r\nC=d\n".encode())
        assert counts == {"password": 1}
        assert b"correct" not in clean
    for path in ("a.py", ".env.example", "app/.env.sample", "x.environment.md"):
        assert redacted(path, f"{line}\n".encode())[1] == {}


@pytest.mark.parametrize("line", [
    "DB_PASSWORD=changemechangeme", "DB_PASSWORD=", "DB_PASSWORD=${OTHER_PASSWORD}", "DB_PASSWORD=<yourpasswordhere>", "TOKEN=production",
    "DB_PASSWORD=putyourpasswordhere", "DB_PASSWORD_FILE=correcthorsebattery", "APP_NAME=correcthorsebattery", "TOKEN=xxxxxxxxxxxxxxxx",
    "# DB_PASSWORD=correct horse battery", "SECRET=abcdefghijklmnop",
])
def test_what_is_no_password_in_an_env_file(line: str) -> None:
    assert redacted(".env", f"{line}\n".encode())[1] == {}


def test_long_hostile_lines_are_quick() -> None:
    import time

    start = time.process_time()
    for raw in (
        b"password" * 120_000,
        b"://" * 300_000 + b"@",
        b"a1" * 500_000,
        b"-----BEGIN PRIVATE KEY-----" * 30_000,
        b"token='" * 140_000,
        b"eyJ" + b"a1b2" * 250_000,
    ):
        redacted(".env", raw)
    assert time.process_time() - start < 8
