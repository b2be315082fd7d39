"""`leash ask` for research and deep research, as a person at a terminal runs it: limits, plan, word, Ctrl-C, answer."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

from server.ask import Wanted, command
from server.ask import ask as begin
from tests.clerk import Clerk
from tests.fakes import ScriptedModel
from tests.integration.test_ask import ROOT, ask

__all__ = ["ask"]  # the fixture
QUESTION = "How wide may a table be in SQLite, and what does VACUUM do?"
FEW = ("--limit", "pages=3", "--limit", "rounds=1", "--limit", "searches=2")
PATIENCE = 60


@pytest.fixture
def clerk():
    with ScriptedModel(Clerk()) as model:
        yield {"model_url": model.url, "model": "clerk"}


class Terminal:
    """The command with a terminal for its standard input, read as it speaks."""

    def __init__(self, env, *options):
        self.own, theirs = pty.openpty()
        command = [sys.executable, "-m", "server.cli", "ask", QUESTION, *options]
        self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(theirs)
        self.said, self.heard = b"", 0

    def until(self, words):
        """What it says on standard error up to and with these words, which come after those waited for before."""
        deadline = time.monotonic() + PATIENCE
        while (at := self.said.find(words.encode(), self.heard)) < 0:
            ready, _, _ = select.select([self.process.stderr], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self.process.stderr.fileno(), 4096) if ready else b""
            assert piece, f"it never said “{words}” but: {self.said.decode()}"
            self.said += piece
        begun, self.heard = self.heard, at + len(words.encode())
        return self.said[begun:self.heard].decode()

    def type(self, line):
        os.write(self.own, line.encode() + b"\n")

    def end(self):
        """Exit code, standard output, and all of standard error."""
        out, rest = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.decode(), (self.said + rest).decode()

    def close(self):
        self.process.kill()
        self.process.communicate()
        os.close(self.own)


@pytest.fixture
def terminal(frozen_web, tmp_path):
    opened = []

    def start(*options, **more):
        own = {"data_dir": tmp_path / "data", "searxng_url": frozen_web.search, "proxy": frozen_web.proxy,
               "ca_bundle": frozen_web.ca, "find_models": "false", **more}
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("LEASH_", "OPENAI_"))}
        opened.append(Terminal({**clean, **{f"LEASH_{name.upper()}": str(value) for name, value in own.items()}}, *options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_research_shows_its_limits_and_plan_and_ends_with_checked_sentences(ask, clerk):
    done = ask(QUESTION, "--depth", "research", *FEW, **clerk)
    assert done.returncode == 0, done.stderr
    before, plan, rest = done.stderr.partition("The plan, by clerk:")
    assert "Research: at most 2 searches, 3 pages" in before
    assert "Probably about" in before
    assert plan
    assert "q1  How wide may a table be" in rest
    assert "q2  searching searxng" in rest
    assert "Checked: clerk" in rest
    assert done.stdout.splitlines()[0].endswith("supported")
    assert " checked, " in done.stdout.splitlines()[0]
    assert "✓" in done.stdout
    assert "    [1] “" in done.stdout


def test_no_terminal_is_taken_for_yes_and_said(ask, clerk):
    done = ask(QUESTION, "--depth", "deep", "--json", *FEW, **clerk)
    assert done.returncode == 0, done.stderr
    assert "is no terminal" in done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["depth"] == "deep"
    assert answer["used"]["pages"] <= answer["limits"]["pages"] == 3
    assert [item["id"] for item in answer["plan"]["items"]] == ["q1", "q2"]


@pytest.mark.parametrize("depth", ["research", "deep"])
def test_the_plan_alone(ask, clerk, depth):
    done = ask(QUESTION, "--depth", depth, "--plan-only", "--json", **clerk)
    plan = json.loads(done.stdout)
    assert (done.returncode, plan["by"], plan["depth"]) == (0, "clerk", depth)
    assert [item["id"] for item in plan["items"]] == ["q1", "q2"]
    assert plan["questions"][0]["default"] == "The newest."
    assert "searching" not in done.stderr
    words = ask(QUESTION, "--depth", depth, "--plan-only", "--no-model")
    assert "q1  How wide may a table be in SQLite" in words.stdout


@pytest.mark.parametrize(("options", "words"), [
    (["--depth", "deep", "--limit", "pages=0"], "from 1 to"), (["--depth", "deep", "--limit", "pages=-4"], "from 1 to"),
    (["--depth", "deep", "--limit", "pages=1e9"], "whole number"), (["--depth", "deep", "--limit", "pages=9999"], "on this server"),
    (["--depth", "deep", "--limit", "wishes=3"], "no limit"), (["--depth", "deep", "--limit", "pages"], "pages=60"),
    (["--depth", "deep", "--patience", "-1"], "patience"), (["--plan-only"], "no plan"), (["--limit", "pages=x"], "whole number")])
def test_what_cannot_be_asked_for(options, words, tmp_path, monkeypatch, capsys):
    """As the command reads it, in this process: nothing is opened before it is refused."""
    for name in [name for name in os.environ if name.startswith("LEASH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LEASH_DATA_DIR", str(tmp_path))
    with command.make_context("ask", [QUESTION, *options]) as typed:
        code = begin(Wanted(**typed.params))
    out, said = capsys.readouterr()
    assert (code, out) == (2, "")
    assert words in said
    assert len(said.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_refusal_is_the_commands_exit_code(ask):
    done = ask(QUESTION, "--depth", "deep", "--limit", "pages=0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "from 1 to" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_enter_takes_the_defaults_and_nothing_is_told_twice(terminal, clerk):
    person = terminal("--depth", "deep", *FEW, **clerk)
    person.until("Enter = The newest.: ")
    person.type("")
    person.until("q = quit: ")
    person.type("")
    code, out, said = person.end()
    assert code == 0, said
    assert said.count("The plan, by clerk:") == 1
    assert said.count("Deep research: at most") == 1
    assert "The plan is approved." in said
    assert " checked, " in out.splitlines()[0]


def test_a_plan_is_changed_line_by_line_and_the_questions_are_answered(terminal, clerk):
    person = terminal("--depth", "deep", "--json", *FEW, **clerk)
    for prompt, line in (("The newest.: ", "Version 3.40"), ("q = quit: ", "what?"), ("q = quit: ", "l"), ("other words: ", "-"),
                         ("other words: ", "What does VACUUM do?"), ("none): ", "What is a row?"), ("none): ", ""), ("q = quit: ", "")):
        person.until(prompt)
        person.type(line)
    code, out, said = person.end()
    assert code == 0, said
    plan = json.loads(out.splitlines()[-1])["plan"]
    assert [item["text"] for item in plan["items"]] == ["What does VACUUM do?", "What is a row?"]
    assert plan["questions"][0]["answer"] == "Version 3.40"
    assert "searching searxng: What is a row?" in said
    assert " q1  searching" not in said


def test_a_plan_is_changed_in_the_editor(terminal, clerk, tmp_path):
    editor = tmp_path / "editor"
    changes = "-e '/^.q1/d' -e '/^.q2/s/$/ Truly?/' -e 's/= The newest./= The oldest./'"
    editor.write_text(f"#!/bin/sh\nsed -i {changes} \"$1\"\necho Why? >> \"$1\"\n")
    editor.chmod(0o755)
    before = os.environ.get("EDITOR")
    os.environ["EDITOR"] = str(editor)
    try:
        person = terminal("--depth", "deep", "--json", *FEW, **clerk)
    finally:
        os.environ.pop("EDITOR")
        os.environ.update({"EDITOR": before} if before else {})
    for prompt, line in (("The newest.: ", ""), ("q = quit: ", "e"), ("q = quit: ", "")):
        person.until(prompt)
        person.type(line)
    code, out, said = person.end()
    assert code == 0, said
    plan = json.loads(out.splitlines()[-1])["plan"]
    assert [item["text"][-7:] for item in plan["items"]] == [" Truly?", "Why?"]
    assert plan["questions"][0]["answer"] == "The oldest."


def test_the_plan_waits_no_longer_than_it_may(terminal):
    person = terminal("--depth", "deep", "--patience", "1", "--no-model", *FEW)
    person.until("q = quit: ")
    code, out, said = person.end()
    assert code == 0, said
    assert "Nobody answered in time" in said


@pytest.mark.parametrize("line", ["q", "\x04"])
def test_quitting_at_the_plan_spends_nothing_more(terminal, clerk, line):
    person = terminal("--depth", "deep", *FEW, **clerk)
    person.until("The newest.: ")
    person.type("")
    person.until("q = quit: ")
    os.write(person.own, line.encode() + (b"\n" if line == "q" else b""))
    code, out, said = person.end()
    assert (code, out) == (130, "")
    assert "searching" not in said
    assert "You ended the run before it began." in said


SLOW = ("--depth", "research", "--limit", "rounds=9", "--json")


@pytest.fixture
def slow_clerk():
    """Whose lanes never come to an end by themselves, and who takes his time."""
    with ScriptedModel(Clerk(rounds=99, first=0.3)) as model:
        yield {"model_url": model.url, "model": "clerk"}


def test_ctrl_c_once_writes_from_what_is_there(terminal, slow_clerk):
    person = terminal(*SLOW, **slow_clerk)
    person.until("keeps ")
    person.process.send_signal(signal.SIGINT)
    person.until("Finishing now")
    code, out, said = person.end()
    answer = json.loads(out.splitlines()[-1])
    assert (code, answer["mode"], answer["stopped_by"]) == (0, "model", "finish")
    assert answer["left_open"]


def test_ctrl_c_twice_stops_and_keeps(terminal, slow_clerk):
    person = terminal(*SLOW, **slow_clerk)
    person.until("keeps ")
    for words in ("Finishing now", "Stopping"):
        person.process.send_signal(signal.SIGINT)
        person.until(words)
    began = time.monotonic()
    code, out, said = person.end()
    answer = json.loads(out.splitlines()[-1])
    assert (code, answer["mode"], answer["stopped_by"]) == (0, "extractive", "user")
    assert answer["claims"]
    assert time.monotonic() - began < 10


def test_ctrl_c_thrice_quits(terminal, slow_clerk):
    person = terminal(*SLOW, **slow_clerk)
    person.until("keeps ")
    for words in ("Finishing now", "Stopping"):
        person.process.send_signal(signal.SIGINT)
        person.until(words)
    person.process.send_signal(signal.SIGINT)
    code, _, said = person.end()
    assert code in (130, 0), said  # 0 where the answer was out before the third
    assert "Traceback" not in said
