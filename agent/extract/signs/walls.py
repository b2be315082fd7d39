"""Walls: what a site shows in place of a page. A test for robots, a paywall, a login, a page that is not there, a short notice.

Told by two things together: marks of the kind in the markup or the words, and that there is little text besides. A long
page that speaks of logins, or carries the script of a bot filter, is no wall. Knows no address and no status.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from agent.extract.signs.notices import notice_of
from agent.extract.words import word_count

LITTLE = 120  # words: a wall says what it wants in fewer; a page of its own rarely has so few
FEW = 250  # words: a login or a paywall may stand beside some
CUT = 400  # words: what a site shows of an article that it sells; a longer text is the article, or enough of it

# The markup of the usual tests. The script of some is on every page of a site, so these count only where little text is.
TESTS = (
    "cf-challenge", "cf_chl_opt", "cf-turnstile", "challenge-platform", "challenges.cloudflare.com", "cf-browser-verification",
    "captcha-delivery.com", "geo.captcha", "datadome", "px-captcha", "perimeterx", "_pxappid", "hcaptcha.com/1", "h-captcha",
    "g-recaptcha", "recaptcha/api.js", "arkoselabs", "funcaptcha", "awswaf", "aws-waf-token", "gokuprops", "_incapsula_resource",
    "incapsula incident", "anubis_challenge", "techaro.lol", "/.within.website/x/", "go-away", "ddos-guard", "sucuri_cloudproxy",
    "kpsdk", "friendly-captcha", "frc-captcha", "mtcaptcha", "geetest", "altcha", "/_sec/cp_challenge", "distil_r_captcha", "bm-verify",
)
TEST_WORDS = re.compile(
    r"are you (a )?(human|robot)|you('re| are) (not )?(a )?(human|robot|bot)\b|verify(ing)? (that )?(you|your browser|you are|you're)|"
    r"checking (your browser|if the site connection is secure|that you)|making sure you('re|&#39;re| are) not a bot|"
    r"prove (that )?you|not a robot|human verification|security (check|verification)|just a moment|attention required|"
    r"unusual (traffic|activity)|automated (queries|requests|access)|complete the (captcha|security|challenge)|press (&|and) hold|"
    r"enable (javascript and )?cookies( and (javascript|reload))? to continue|pardon our interruption|ddos protection by|"
    r"request unsuccessful|access (to this page )?(has been |is )?(denied|blocked)|you have been blocked|bot (detection|protection)|"
    r"sind sie ein (mensch|roboter)|kein roboter|menschliche[rn]? (prüfung|besucher)|êtes-vous un (humain|robot)|pas un robot|"
    r"no (soy|eres) un robot|verifica(r|ción) (que|de seguridad)|non sei un robot|я не робот|проверка браузера|"
    r"请完成(安全)?验证|人机验证|ロボットではありません",
    re.IGNORECASE)
TITLES_OF_TESTS = re.compile(
    r"^\W*(just a moment|attention required|access (to this page has been )?denied|are you (a )?(human|robot)|robot or human|"
    r"human verification|security check|"
    r"pardon our interruption|please wait|one moment|ddos-guard|checking your browser|making sure you're not a bot|"
    r"request rejected|bot verification|captcha|nur einen moment|un instant|un momento|один момент|请稍候)\b", re.IGNORECASE)

PAY_WORDS = re.compile(
    r"(subscribe|sign up|register|become a (member|subscriber)) (now )?(to|and) "
    r"(continue|keep|unlock|finish|read( the)? (rest|full|more|this|on))|"
    r"(to|and) (continue|keep) reading,? (please )?(subscribe|sign|log|create|register|become)|"
    r"(this (article|story|content|page|post|report) is|exclusively|only|available) (reserved |available )?(only )?(for|to) (our )?"
    r"(paid |paying |premium )?(subscribers|members)|already a (paid )?subscriber\?|subscribers? only|for subscribers only|"
    r"you('ve| have) (reached|read|used) (your|all|the) .{0,30}(limit|free)|unlock (this|the full) (article|story|post|report)|"
    r"(subscribe|upgrade) to (paid|premium)|this post is for paid|"
    r"(jetzt|weiter)\W{0,3}(lesen|testen).{0,40}(abo|plus)|nur für abonnenten|mit .{0,20}abo (weiter)?lesen|artikel freischalten|"
    r"(article|contenu) réservé (aux|à nos) abonnés|il vous reste .{0,20}% de cet article|abonnez-vous pour (lire|continuer)|"
    r"(contenido|artículo) (exclusivo|solo|reservado) para (suscriptores|socios)|suscríbete para (seguir|continuar|leer)|"
    r"(articolo|contenuto) (riservato|esclusivo) (agli|per gli) abbonati|abbonati per (continuare|leggere)|"
    r"(alleen|exclusief) voor abonnees|dostęp(ny)? (tylko )?dla (subskrybentów|prenumeratorów)|"
    r"только для подписчиков|доступн[оа] (только )?по подписке|(本文|全文).{0,10}(订阅|会员)|有料会員", re.IGNORECASE)

# Beside these the words may stand outside the text that was chosen; without them a page's frame says such things too.
PAY_MARKS = re.compile(r"\b(?:class|id)\s*=\s*[\"']?[^\"'>]{0,200}(?:paywall|pay-wall|regwall|metered|subscriber-only|subscribers-only|"
                       r"premium-(?:content|article|gate)|piano-|tp-container|article-locked|locked-content)", re.IGNORECASE)

LOGIN_WORDS = re.compile(
    r"\b(log|sign) ?(in|on)\b|\blogin\b|anmelden|einloggen|connexion|se connecter|iniciar sesión|acced(i|er)|entrar|inloggen|zaloguj|"
    r"logga in|log ind|kirjaudu|přihlásit|войти|вход|giriş|登录|ログイン|로그인", re.IGNORECASE)
LOGIN_TITLES = re.compile(
    r"^\W*((please )?(log|sign) ?(in|on)|login|anmelde(n|ung)|einloggen|connexion|iniciar sesión|acced(i|er)|inloggen|zaloguj|вход|"
    r"登录|ログイン|로그인|authentication|account login|member login)\b|"
    r"\b((log|sign)[ -]?in|login)\W*$|\b(log|sign) in (to|or|with)\b",
    re.IGNORECASE)
PASSWORD = re.compile(r"<input\b[^>]{0,400}?\btype\s*=\s*[\"']?password\b", re.IGNORECASE)
LOGIN_PATH = re.compile(r"/(?:users?/|accounts?/|auth/|sso/|wp-)?"
                        r"(?:log-?in|sign-?in|log-?on|session/new|authorize|authenticate)(?:[/.?]|$)",
                        re.IGNORECASE)

GONE = re.compile(
    r"^\W*((error|fehler|erreur)\W{0,3})?(404|410)\W{0,3}(\W|$)(error|not found|page|seite|-|–|—|:|\||$)|"
    r"\b(page|document|file|article|content|resource|product|item|post|url) (you (requested|were looking for|are looking for) )?"
    r"(was |is |could |can )?(not (be )?(found|available)|no longer (available|exists?)|"
    r"cannot be found|can't be found|doesn't exist|does not exist)|"
    r"\b(404|page) not found\b|\bnot found\W*$|we (can('|no)t|couldn't|could not) find (that|this|the|what)|nothing (was )?found here|"
    r"this page (isn't|is not) available|(that|this) page (doesn|does not)|oops.{0,30}(page|found|404)|"
    r"seite (wurde )?nicht gefunden|seite existiert nicht|page (introuvable|non trouvée)|cette page n.existe pas|página no encontrada|"
    r"no se (ha )?(encontró|encontrado|pudo encontrar)|página não encontrada|pagina non trovata|pagina niet gevonden|strona nie (została )?"
    r"(znaleziona|istnieje)|sidan (kunde inte hittas|hittades inte)|siden (blev )?ikke fun[dn]et|sivua ei löy(dy|tynyt)|stránka nenalezena|"
    r"страница не найдена|sayfa bulunamadı|(页面|网页|頁面)(不存在|未找到)|ページが見つかりません|페이지를 찾을 수 없", re.IGNORECASE)
TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,500})", re.IGNORECASE)
HEADING = re.compile(r"<h1\b[^>]{0,500}>(.{0,600}?)</h1", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[^>]{0,1000}>")
HEAD_TEXT = 200_000  # characters of the page that are looked through for marks
UNSEEN = re.compile(r"<(?:script|style)\b", re.IGNORECASE)
LINKED_DATA = re.compile(r"<script\b[^>]{0,300}application/ld\+json[^>]{0,300}>(.{0,200000}?)</script", re.IGNORECASE | re.DOTALL)
NOT_FREE = re.compile(r"isAccessibleForFree[\"']?\s*(?::\s*|[^>]{0,40}content\s*=\s*)[\"']?(?:https?://schema\.org/)?false", re.IGNORECASE)


def wall_of(html: str, text: str, url: str = "") -> str:
    """"challenge", "login", "missing", "paywall" or the name of a notice for a wall, "" for a page.

    `text` is what was chosen as its content.
    """
    html, words = html[:HEAD_TEXT], word_count(text)
    if words > CUT:
        return ""
    heads = tuple(headings(html))
    for kind, told in (("challenge", is_test), ("missing", is_missing), ("login", is_login), ("paywall", is_paywall)):
        if told(html, text, words, heads, url):
            return kind
    return notice_of(html, text, plain(html), heads) if words <= FEW else ""


def headings(html: str) -> Iterator[str]:
    """The title and the first main heading, as plain words."""
    for found in (TITLE.search(html), HEADING.search(html)):
        if found and (said := " ".join(unescape(TAG.sub(" ", found[1])).split())):
            yield said.replace("’", "'")


def is_test(html: str, text: str, words: int, heads: tuple[str, ...], url: str) -> bool:
    """Markup of a test with its words, or a title that nothing else has; never on a page with text of its own."""
    if words > LITTLE or word_count(shown := plain(html)) > FEW:
        return False
    titled = any(TITLES_OF_TESTS.search(head) for head in heads)
    worded = bool(TEST_WORDS.search(f"{text} {shown}".replace("’", "'")))
    low = html.lower()
    marked = any(mark in low for mark in TESTS)
    return (marked and (worded or titled or not shown)) or (titled and worded and words < LITTLE / 2)


def is_missing(html: str, text: str, words: int, heads: tuple[str, ...], url: str) -> bool:
    """The title or the main heading says that nothing is here, and hardly anything is."""
    return words <= LITTLE and any(GONE.search(head) for head in heads) and word_count(plain(html)) <= CUT


def is_login(html: str, text: str, words: int, heads: tuple[str, ...], url: str) -> bool:
    """A form for a password and little else; or an address and a heading of a login with nothing beside them."""
    if words > FEW:
        return False
    titled = any(LOGIN_TITLES.search(head) for head in heads)
    if PASSWORD.search(html):
        return titled or (words <= LITTLE / 2 and bool(LOGIN_WORDS.search(text) or LOGIN_PATH.search(url)))
    return words <= LITTLE / 2 and titled and bool(LOGIN_PATH.search(url))


def is_paywall(html: str, text: str, words: int, heads: tuple[str, ...], url: str) -> bool:
    """The page says that it is not free, or asks for a subscription, and its text is cut short."""
    if NOT_FREE.search(html) and declares_price(html):
        return True
    return words <= FEW and bool(PAY_WORDS.search(text) or (PAY_MARKS.search(html) and PAY_WORDS.search(plain(html))))


def declares_price(html: str) -> bool:
    """Whether the page's own structured data calls this article not free; a broken one is taken at its word."""
    rows = [row for found in LINKED_DATA.finditer(html) for row in parsed(found[1])]
    return any(not_free(row) for row in rows) or not rows


def parsed(text: str) -> list[dict[str, Any]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return []
    rows = data if isinstance(data, list) else data.get("@graph", [data]) if isinstance(data, dict) else []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def not_free(row: dict[str, Any]) -> bool:
    return str(row.get("isAccessibleForFree", "")).lower().rpartition("/")[2] == "false"


def plain(html: str) -> str:
    """The words of the page's body, roughly: enough to count them, and to find a phrase in."""
    body = html[max(0, html.lower().find("<body")):]
    first, *others = UNSEEN.split(body)
    seen = [first, *(part.partition("</s")[2].partition(">")[2] for part in others)]
    return " ".join(unescape(TAG.sub(" ", " ".join(seen))).split())
