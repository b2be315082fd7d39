"""Short notices that a site shows in place of a page: consent first, too many requests, not in your country, closed for maintenance,
an age to be told.

Each is told by its heading and its words together, and only where the page says little else: an article on any of these has
more to say, and a heading alone proves nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.extract.words import word_count

BARE = 12  # words: a page of no more than its heading and the name of a server
SHORT, SOME = 60, 250  # words of a notice; of one that lists partners and purposes
PRESSED = re.compile(r"<button\b|<input\b[^>]{0,300}\btype\s*=\s*[\"']?(?:submit|button)|\brole\s*=\s*[\"']?button|<(?:select|form)\b",
                     re.IGNORECASE)
EXPLAINS = re.compile(r"^\W*(?:how|why|what|when|who|wie|warum|was|comment|pourquoi|cómo|por qué)\b", re.IGNORECASE)  # the title of a text


@dataclass(frozen=True)
class Notice:
    """`most` words are said; its title or main heading is like `headed`, its words like `worded`; with `pressed` there is a button."""

    most: int
    headed: re.Pattern[str]
    worded: re.Pattern[str]
    pressed: bool = False

    def is_it(self, html: str, shown: str, heads: tuple[str, ...]) -> bool:
        words = word_count(shown)
        if words > self.most or any(map(EXPLAINS.search, heads)) or (self.pressed and not PRESSED.search(html)):
            return False
        first = heads or (" ".join(shown.split()[:BARE]),)
        return any(map(self.headed.search, first)) and (bool(self.worded.search(shown)) or (words <= BARE and not self.pressed))


def says(words: str) -> re.Pattern[str]:
    return re.compile(words, re.IGNORECASE)


LATER = (r"(try|check|come|visit)( us)? (again|back)|\bback (soon|shortly|online|up|in)\b|be right back|again (later|soon|in)|\bshortly\b|"
         r"(please|must|to) wait\b|slow down|inconvenience|später|in kürze|wieder (da|verfügbar|online)|plus tard|bientôt|más tarde|pronto|"
         r"più tardi|presto|later opnieuw|しばらく|稍后|请稍")
NOTICES = {
    "consent": Notice(SOME, says(
        r"^\W*(before you continue|your (data|privacy), your (choice|way)|we (value|care about|respect) your privacy|"
        r"your privacy( matters| is)|"
        r"(cookie|privacy) (consent|choices|settings|preferences)\W*$|bevor (sie|du) (fortfahren|fortfährst|weiter)|"
        r"(ihre|deine) privatsphäre|wir (brauchen|benötigen) (ihre|deine) (zustimmung|einwilligung)|avant d'(accéder|aller|continuer)|"
        r"avant de continuer|votre vie privée|antes de (continuar|ir)|tu privacidad|su privacidad|prima di continuare|la tua privacy|"
        r"voordat je (verdergaat|doorgaat)|zanim przejdziesz|innan du fortsätter|同意)"), says(
        r"(accept|agree|reject|consent|decline|allow|akzeptier|zustimm|ablehn|einverstanden|accepter|refuser|aceptar|rechazar|accetta|rifiuta|"
        r"accepteren|akkoord|weiger|akceptuj|godkänn|同意).{0,1500}cookie|cookie.{0,1500}(accept|agree|reject|consent|decline|allow|"
        r"akzeptier|zustimm|ablehn|einverstanden|accepter|refuser|aceptar|rechazar|accetta|rifiuta|accepteren|akkoord|weiger|akceptuj|"
        r"godkänn|同意)"), pressed=True),
    "requests": Notice(SHORT, says(
        r"^\W*(error\W*|http\W*)?(429\b|too many requests|rate limit(ed| exceeded)?\W*$|you (have been|are being|'ve been) rate[ -]limited|"
        r"zu viele (anfragen|zugriffe)|trop de requêtes|demasiad[ao]s (solicitudes|peticiones)|troppe richieste|te veel verzoeken|"
        r"слишком много запросов|请求过于频繁|访问过于频繁|リクエストが多すぎ)"),
        says(rf"{LATER}|\byou('ve| have| are)\b|your (ip|network|request)")),
    "region": Notice(SHORT, says(
        r"(not|un)[ -]?available\b|n't available|unavailable|access (denied|restricted)|restricted|blocked|^\W*(we('re| are) )?sorry|"
        r"^\W*451\b|nicht verfügbar|non disponible|no (está )?disponible|non è disponibile|niet beschikbaar|"
        r"this (site|page|content|video|service)"), says(
        r"(this|our|the requested|the|its?) (web ?)?(site|page|content|video|service|article|program(me)?|stream|feature)s?\b.{0,80}"
        r"(not|n't|un)( currently| yet)? ?(available|accessible|blocked|restricted).{0,60}(your|this|the) "
        r"(country|region|location|area|territory|european|eea|eu)|"
        r"(blocked|restricted|cannot be (viewed|accessed|shown)).{0,40}(in|from) (your|this) (country|region|location|area)|"
        r"(currently )?unavailable (in|to visitors from) (your (country|region|location)|most european|the (european|eu|eea|uk))|"
        r"(in (ihrem|deinem) land|in ihrer region).{0,30}nicht verfügbar|dans votre (pays|région)|en (su|tu) (país|región)|"
        r"nel tuo paese|in (uw|je) (land|regio)|legal reasons.{0,80}(country|region|european|gdpr)|gdpr.{0,80}(access|available)")),
    "maintenance": Notice(SHORT, says(
        r"\b(under|scheduled|planned|down for|routine|undergoing)\b.{0,20}maintenance( mode| in progress| break)?\W*$|"
        r"^\W*((web ?)?site |system )?maintenance( mode| in progress| break)?\W*$|"
        r"(be|we'll be) (right )?back (soon|shortly)|(temporarily|currently) (unavailable|offline|down|closed)|wartungs(arbeiten|modus)|"
        r"\ben (cours de )?maintenance|\ben mantenimiento|\bin manutenzione|\bin onderhoud|техническ\w+ работ|メンテナンス|维护中"),
        says(rf"{LATER}|we('re| are) (currently |performing|working|updating|upgrading|improving|down|offline|making|carrying)|"
             r"undergoing|wartung|maintenance en cours")),
    "age": Notice(SHORT * 2, says(
        r"^\W*(age (check|verification|gate|restricted|confirmation|restriction)|are you (over|at least|of legal|18|19|20|21)|"
        r"(please )?(verify|confirm|enter) (that you are|you are|your) (age|date of birth|birth|over|at least|of legal|18|21)|"
        r"you must be (over |at least )?(16|18|19|20|21)|altersprüfung|altersverifikation|altersabfrage|"
        r"(bist du|sind sie) (über |schon )?(16|18)|vérification d'âge|avez-vous (plus de )?18|verificación de edad|¿?eres mayor|"
        r"verifica dell'età|年齢確認)"), says(
        r"\b(16|18|19|20|21)\b|legal (drinking )?age|years (old|of age)|date of birth|birth (date|day|year)|volljährig|majeur|"
        r"mayor de edad|maggiorenne|歳以上"), pressed=True),
}


def notice_of(html: str, text: str, shown: str, heads: tuple[str, ...]) -> str:
    """Which notice this is, "" for none. `shown` are all words of the page's body, `text` those that were chosen as its content."""
    words = f"{shown} {text if word_count(shown) < BARE else ''}".replace("’", "'")
    return next((kind for kind, notice in NOTICES.items() if notice.is_it(html, words, heads)), "")
