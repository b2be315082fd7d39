"""What code says of a sentence and its quotes: it names what is in none of them, and keeps still where they may mean the same."""

import pytest

from agent.facts import objections
from agent.figures import read

SAME = [
    ("The default is 20 seconds.", "request_timeout – in seconds, default 20 seconds (0 means no timeout)"),
    ("It has about 3,400 files.", "The tree holds 3412 files."),
    ("It has 3.4 million users.", "3,412,000 users have signed up."),
    ("Two people answer within two days.", "A member responds within 2 days; there are 2 of them."),
    ("The file takes 1.5 GB.", "The file takes 1536 MB."),
    ("It waits an hour at most, 3600 seconds.", "CacheDefaultExpire 3600 (one hour)"),
    ("The session lasts two weeks.", "Default: 1209600 (2 weeks, in seconds)"),
    ("The session lasts 14 days.", "It lasts two weeks."),
    ("It came out in May 2024.", "Released on 2024-05-17."),
    ("It came out on 17 May 2024.", "Released: May 17, 2024"),
    ("It came out on May 17th, 2024.", "公開日: 2024年5月17日"),
    ("Es erschien am 3. März 2021.", "It appeared on 2021-03-03."),
    ("It was born on 22 February 2006.", "Wed Feb 22 14:31:39 2006 +0000"),
    ("The limit is 1,600 columns.", "Das Limit liegt bei 1.600 Spalten."),
    ("The limit is 1,600 columns.", "La limite est de 1 600 colonnes."),
    ("It costs 123 euros.", "価格は１２３ユーロです。"),
    ("It weighs 3.5 kg.", "الوزن ٣٫٥ kg"),
    ("Twenty-five percent fail.", "Es scheitern fünfundzwanzig Prozent."),
    ("Half of them fail.", "Of them 50 % fail."),
    ("45% fail.", "Some 45.3 percent fail."),
    ("It was supported for 16 years.", "Sparc was added in 1999 and dropped in 2015."),
    ("It begins two hours later, and is 30 minutes shorter.", "The meeting moved from 13:00-14:00 to 15:00-15:30."),
    ("There are three modes.", "The modes are fast, safe and plain."),
    ("Postgres stores it so.", "PostgreSQL stores it so."),
    ("The talk was in Москве.", "Москва принимала этот доклад."),
    ("The USA rebuilt it.", "The U.S.A. rebuilt it."),
    ("The ACME group of Zürich wrote it.", "The Acme group (Zurich) wrote it."),
    ("The European Union decides.", "The EU decides."),
    ("The VAD decides.", "The voice activity detection decides."),
    ("Set `analysis_limit` between 100 and 1000.", 'Always set "PRAGMA analysis_limit=N" for N between 100 and 1000'),
    ("Use `refs/notes/textconv/<driver>` for it.", "remove it with git update-ref -d refs/notes/textconv/jpg"),
    ("The meeting is at 1 pm.", "We meet at 13:00."),
    ("In the 1990s it grew.", "It grew from 1994 on."),
    ("It has 5 or 8 bytes of overhead.", "plus 5 or 8 bytes overhead"),
    ("Python 3 needs it.", "Python3 needs it."),
    ("The list can't be changed while it is being iterated.", "The list is mutable and can’t be changed during iteration."),
    ("Der Speicher wächst langsam im Betrieb.", "The memory grows slowly in use."),
    ("It was released in version 3.35.", "Since 3.35.0 it is the default."),
    ("It does not only parse the file, it writes the index.", "It parses the file and writes the index."),
]


@pytest.mark.parametrize(("sentence", "quote"), SAME)
def test_it_keeps_still_where_the_quote_may_say_the_same(sentence, quote):
    assert objections(sentence, [quote]) == ()


OTHER = [
    ("The default is 30 seconds.", "default 20 seconds (0 means no timeout)", "“30 seconds” is in none of its quotes"),
    ("The default is 20 minutes.", "The default is 20 seconds.", "“20 minutes” is in none of its quotes; they say “20 seconds”."),
    ("It has about 5,400 files.", "The tree holds 3412 files.", "“5,400”"),
    ("It waits two hours.", "It waits 3600 seconds.", "“two hours”"),
    ("It begins three hours later.", "The meeting moved from 13:00 to 15:00.", "“three hours”"),
    ("The file takes 2.5 GB.", "The file takes 1536 MB.", "“2.5 GB”"),
    ("It came out in June 2024.", "Released on 2024-05-17.", "The date “June 2024” is in none of its quotes; they say “2024-05-17”."),
    ("It came out on 18 May 2024.", "Released: May 17, 2024", "18 May 2024"),
    ("It came out in 2023.", "Released on 2024-05-17.", "“2023”"),
    ("The meeting is at 14:00.", "We meet at 13:00.", "The time “14:00”"),
    ("git remote exits with status 4.", "the exit status is 3.", "“4”"),
    ("There are five workers.", "It starts three workers.", "“five”"),
    ("Since version 3.36.1 it is so.", "Since 3.35.0 it is so.", "“3.36.1”"),
    ("It is stored by Oracle in a heap.", "It is stored by PostgreSQL in a heap.", "“Oracle”"),
    ("Set `cache_limit` first.", "Set analysis_limit first.", "“cache_limit”"),
    ("It uses sqlite3_finalize() to end it.", "It uses sqlite3_close() to end it.", "“sqlite3_finalize”"),
    ("Use --force-all for that.", "Use --force for that.", "“--force-all”"),
    ("Results of those actions are recorded in this log file.", "Note that the results of those actions are not recorded in this log file!",
     "It seems to affirm “recorded”, which its quote denies."),
    ("The number of requests handled does not remain the same.", "The number of requests handled will remain the same.",
     "It seems to deny “remain”"),
    ("Der Server löscht nicht alle alten Dateien beim Start.", "Der Server löscht alle alten Dateien beim Start.",
     "It seems to deny “alle”"),
    ("The memory footprint was increased by loading visible content.", "The memory footprint was decreased by loading visible content.",
     "It says “increased” where its quote says “decreased”."),
]


@pytest.mark.parametrize(("sentence", "quote", "said"), OTHER)
def test_it_names_what_is_in_no_quote(sentence, quote, said):
    found = objections(sentence, [quote])
    assert found
    assert said in " ".join(found)


@pytest.mark.parametrize(("sentence", "quote"), [
    ("A NULL inserted into such a column of a STRICT table is converted into a unique integer.",
     "A NULL that is inserted into such a column is converted into a unique integer, as in ordinary, non-strict tables."),
    ("The bug stays since so many databases were in circulation that a fix might have broken compatibility.",
     "So many databases were in circulation that the decision was made not to fix the bug for fear of broken compatibility."),
    ("In a plain table a main key that is not a NUMBER main key is really the same thing as a UNIQUE constraint.",
     "The constraint of a plain table (as long as it is not the true main key or NUMBER main key) "
     "is really the same thing as a UNIQUE constraint."),
    ("A column of the main key of the plain table cannot hold voids, nor strings.",
     "A column of the main key of the plain table is not able to hold floating point values, strings, blobs, or voids."),
    ("A main key of an ordinary rowid table may hold no value.",
     "Unless the ordinary table is a WITHOUT ROWID table, it allows a main key that may hold no value."),
    ("In a plain table that is neither WITHOUT ROWID nor NUMBERED a main key takes voids.",
     "Unless the plain table is a WITHOUT ROWID table or NUMBERED, its main key takes voids."),
    ("The limit says to give up once the server has sent no data for so long.",
     "The limit says how long to wait for the server to have sent data before it gives up."),
])
def test_a_word_that_is_denied_in_another_way_is_not_turned_round(sentence, quote):
    assert objections(sentence, [quote], ["STRICT tables"]) == ()


def test_any_of_several_quotes_may_bear_it():
    assert objections("A takes 5 ms and B takes 7 ms.", ["A takes 5 ms.", "B takes 7 ms."]) == ()


def test_titles_vouch_for_names_dates_and_versions_and_never_for_a_measure():
    around = ["SQLite Release 3.3.13 On 2007-02-13", "Limits in 20 seconds"]
    assert objections("SQLite 3.3.13 of February 2007 raised the limit to 64.", ["Allow up to 64 tables in a join."], around) == ()
    assert objections("It gives up after 20 seconds.", ["It gives up at last."], around)
    assert objections("Of its version 6.2 the default is none.", ["The default is none."], ["heron.org/en/v6.2/api.html"]) == ()
    assert objections("The default is 6.2.", ["The default is none."], ["heron.org/en/v6.2/api.html"])


def test_few_objections_are_said_and_each_once():
    found = objections("It takes 11, 12, 13, 14 and 15 of 16.", ["It takes some."])
    assert len(found) == 3
    assert len(set(found)) == 3


@pytest.mark.parametrize("text", [
    "", "…", "|||", "0", "1e309", "9" * 400, "½", "½½½", "1,2,3,4", "31.02.2024", "٣", "99:99", "\ud800 5", "5" * 20 + "." * 50])
def test_nothing_that_is_written_breaks_it(text):
    assert isinstance(objections(text, [text]), tuple)
    read(text)


def test_long_texts_are_read_in_little_time():
    for text in ("a" * 20_000, "1 " * 20_000, "1," * 20_000, "A." * 20_000, "not " * 10_000, "Mai " * 10_000):
        objections(text, [text[:1200]])


@pytest.mark.parametrize(("text", "values"), [
    ("1.600", {1.6, 1600}), ("12,34,567", {1234567}), ("3,5", {3.5}), ("1'000", {1000}), ("5 Mio.", {5e6}), ("3 млн", {3e6}),
    ("2万", {2e4}), ("three hundred", {300}), ("quatre-vingts", {80}), ("dreiundzwanzig", {23}), ("two million", {2e6})])
def test_numbers_are_read_as_they_are_written(text, values):
    assert values in [set(figure.values) for figure in read(text).figures]
