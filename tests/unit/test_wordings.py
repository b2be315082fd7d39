from agent.wordings import content_words, names, wordings

QUESTION = "How long does Flask keep a permanent session, and how does Django's default compare?"


def test_the_question_itself_comes_first_and_none_comes_twice():
    found = wordings(QUESTION, 6)
    assert found[0] == QUESTION
    assert len({frozenset(content_words(one)) for one in found}) == len(found) > 2


def test_each_thing_named_gets_a_wording_without_the_others():
    assert names(QUESTION) == ["Flask", "Django"]
    assert any("Flask" in one and "Django" not in one for one in wordings(QUESTION, 6))
    assert any("Django" in one and "Flask" not in one for one in wordings(QUESTION, 6))


def test_a_first_word_is_no_name_for_its_capital():
    assert names("Which port does it use? Does libvirt say?") == []
    assert "SQLite" in names("SQLite keeps how many tables?")


def test_never_more_than_asked_for_and_never_none():
    for question in ("a", "zip", "Why?", "日本語の質問です", "x " * 2000, "'; DROP TABLE runs; --"):
        assert 1 <= len(wordings(question, 3)) <= 3


def test_no_wording_is_one_word_of_a_longer_question():
    assert all(len(content_words(one)) > 1 for one in wordings("What does strict_timestamps do in Python's ZipFile?", 6))
