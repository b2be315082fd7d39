"""Settings from files: which place wins, and what is said of a file that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import BadSetting
from agent.settings import load_settings


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with no settings of anybody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEASH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("LEASH_PORT", raising=False)
    return tmp_path


def test_the_environment_wins_then_dotenv_then_toml(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone / "leash.toml").write_text("port = 1003\n")
    assert load_settings().port == 1003
    (alone / ".env").write_text("# a remark\n\nexport LEASH_PORT='1002'\n")
    assert load_settings().port == 1002
    monkeypatch.setenv("LEASH_PORT", "1001")
    assert load_settings().port == 1001


@pytest.mark.parametrize("raw", [b"LEASH_PORT=\xff\xfe\n", b"LEASH_PORT = 1\nLEASH_\xe4\n"])
def test_a_dotenv_that_is_not_utf_8_is_one_sentence(alone: Path, raw: bytes) -> None:
    (alone / ".env").write_bytes(raw)
    with pytest.raises(BadSetting, match=r"\.env cannot be read: .* LEASH_PORT=8765, as UTF-8\."):
        load_settings()


@pytest.mark.parametrize("raw", [b"port = \xff\n", b"port 8765\n"])
def test_a_toml_that_is_none_is_one_sentence(alone: Path, raw: bytes) -> None:
    (alone / "leash.toml").write_bytes(raw)
    with pytest.raises(BadSetting, match=r"leash\.toml cannot be read: .* port = 8765\."):
        load_settings()
