"""The words on buttons that bring out more of a page, and whether a page ends at such a button. Knows no browser.

The words are in one place because two programs need them: the browser, which presses (fetch/browser_press.js), and the
ladder, which has to know from the HTML alone that a browser would show more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# The one step that a label may not name, in whatever language, whatever else it says.
NEVER = (
    r"\b(buy|order|check ?out|cart|basket|pay|purchase|subscribe|sign ?(in|up|out)|log ?(in|on|out|off)|register|delete|remove|submit",
    r"send|post|share|follow|report|install|donate|print|upload|download|apply|book now|unsubscribe|join|vote)\b",
    r"kaufen|bestellen|warenkorb|anmelden|abmelden|einloggen|löschen|abonnieren|senden|spenden",
    r"acheter|commander|panier|connexion|connecter|inscri|abonner|supprimer|envoyer|télécharger",
    r"comprar|carrito|iniciar sesión|suscri|eliminar|borrar|enviar|descargar|acquista|carrello|accedi|iscriviti|abbonati|elimina|invia",
    r"kopen|winkelwagen|inloggen|abonneren|verwijder|verstuur|entrar|assinar|excluir|kup(uj)? |zaloguj|usuń|wyślij",
    r"köp|logga in|prenumerera|ta bort|skicka|køb|log ind|slet|kirjaudu|osta |tilaa|poista|koupit|přihlásit|smazat|odeslat",
    r"купить|войти|подпис|удалить|отправить|satın al|giriş yap|购买|登录|订阅|删除|提交|購入|ログイン|登録|削除|送信|구매|로그인|구독|삭제",
)
MORE = (
    r"^\W*(show|read|view|see|load|display|reveal)\s+(me\s+)?(\S+\s+){0,3}(more|all|full|rest|remaining|older|entire|everything)\b",
    r"^\W*(show|read|view|see|load|display)\s+(the\s+)?(full|whole|entire|remaining|rest|older|next)\b",
    r"^\W*(continue reading|keep reading|read on|expand( all)?|more|more (results|comments|replies|posts|answers|items))\W*$",
    r"^\W*(mehr|weitere|alle)( \S+){0,2} (an)?(zeigen|laden|lesen|sehen)|^\W*(weiterlesen|mehr|alles anzeigen|alle anzeigen)\W*$",
    r"^\W*(afficher|voir|lire|charger|montrer) ((\S+ ){0,2}(plus|suite)|tout(es)?|tous)|^\W*(lire la suite|suite)\W*$",
    r"^\W*(ver|mostrar|leer|cargar|ler|carregar|exibir|veja) (\S+ ){0,2}(más|todo|todos|todas|mais|tudo)",
    r"^\W*(seguir leyendo|continuar lendo)",
    r"^\W*(mostra|leggi|vedi|carica|visualizza) (\S+ ){0,2}(più|altro|altri|altre|tutto|tutti|tutte)|^\W*continua a leggere",
    r"^\W*(toon|lees|laad|bekijk) (\S+ ){0,2}(meer|alle|alles|verder)|^\W*meer (tonen|laden|lezen|weergeven)|^\W*verder lezen",
    r"^\W*(pokaż|czytaj|zobacz|załaduj|wczytaj) (więcej|wszystko|dalej|całość)",
    r"^\W*(visa|läs|ladda|se) (in )?(mer|fler|alla|allt)|^\W*(vis|læs|les|last|hent|indlæs|se) (inn )?(mere|mer|flere|alle|alt)\b",
    r"^\W*(näytä|lue|lataa) (lisää|kaikki)|^\W*(zobrazit|načíst|číst) (více|další|vše|dál)",
    r"^\W*(показать|читать|загрузить|развернуть) ?(ещё|еще|больше|все|всё|далее|полностью)?\W*$|^\W*показать (ещё|еще|все|всё|больше)",
    r"^\W*daha fazla|^\W*devamını (oku|göster)|^\W*tümünü (gör|göster)|^\W*(показати|читати|завантажити) (більше|ще|все|далі)",
    r"^\W*(もっと(見る|読む|表示)|続きを読む|さらに(表示|読み込む)|すべて(表示|見る))",
    r"^\W*(显示|查看|加载|阅读|展开|顯示|載入)(更多|全部|全文)|^\W*展开\W*$",
    r"^\W*(더 ?보기|모두 보기|펼치기|전체 보기)",
)
# What such a button brings that is not the page's own text going on: these are pressed when a browser is there anyway,
# but are no reason to start one.
BESIDE = re.compile(
    r"\b(images?|photos?|pictures?|videos?|colou?rs?|sizes?|brands?|filters?|options?|categories|tags|languages?|stores?|locations?|cities|"
    r"products?|items?|deals?|offers?|reviews?|ratings?|comments?|replies|stories|news|events?|jobs?|related|similar|menu|list|updates?|"
    r"slide|details?|specs?|features?|about|all|bilder|kommentare|bewertungen|produkte|commentaires|avis|produits|comentarios|productos|"
    r"commenti|prodotti|reacties|producten)\b", re.IGNORECASE)
OUTSIDE_TAGS = frozenset("nav aside dialog footer form select template noscript script style svg".split())
OUTSIDE_ROLES = frozenset("navigation banner contentinfo complementary menu menubar search tablist toolbar dialog alertdialog".split())
OUTSIDE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|footer|header|related|recommend\w*|widgets?|social|cookies?|consent|"
    r"newsletter|promo|ads?|toolbar|filters?|facets?|refinements?|carousel|slider|gallery|comments?|reviews?|modal|popup|dropdown)"
    r"(?:$|[\s_-])", re.IGNORECASE)
IN_PAGE = re.compile(r"clamp|truncat|collaps|expand|ellips|accordion|excerpt|"
                     r"(?:read|show|see)[_-]?more[_-]?(?:content|text|wrap)", re.IGNORECASE)
PATH = ("//button | //*[@role='button'] | //input[@type='button'] | //a[not(@href) or @href='' or @href='#' or "
        "starts-with(@href, 'javascript:')]")
LONGEST_NAME, MOST_BUTTONS = 40, 2000
BEFORE = 100  # characters that stand before the button, blanks not counted
AFTER = 0.3  # as many characters after it as before, at most: what follows the page's own text is short
LINKED = 0.6  # share of the characters before it that may be links: lists of teasers go on for ever
FETCHES = ("hx-get", "data-hx-get", "data-url", "data-href", "data-remote", "data-src", "data-endpoint", "data-load-url", "up-follow")


@cache
def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


def hides_more(tree: HtmlElement) -> str:
    """The name of the one button at which the page's own text breaks off, "" if there is none.

    A page with several is a list of teasers; one inside a menu, a form or a carousel brings no text of the page.
    """
    body = tree.find("body")
    if body is None:
        return ""
    buttons = tree.xpath(PATH)[:MOST_BUTTONS]
    found = list(islice(((button, name) for button in buttons if (name := more_name(button)) and in_content(button)), 2))
    if len(found) != 1 or not breaks_off(body, found[0][0]):
        return ""
    return found[0][1]


def more_name(button: HtmlElement) -> str:
    """What the button says if that promises more of this page, else ""."""
    href = (button.get("href") or "").strip().lower()
    if button.tag == "a" and (href not in ("", "#") and not href.startswith("javascript:")):
        return ""
    text = button.text_content() if button.tag != "input" else button.get("value")
    name = " ".join((text or button.get("aria-label") or button.get("title") or "")[:400].split())
    if not name or len(name) > LONGEST_NAME or BESIDE.search(name):
        return ""
    return name if pattern(MORE).search(name) and not pattern(NEVER).search(name) else ""


def in_content(button: HtmlElement) -> bool:
    if button.get("disabled") is not None or button.get("aria-haspopup") is not None:
        return False
    if button.tag == "a" and not (button.get("href") or button.get("onclick") or button.get("role") or button.get("id")):
        return False
    return not any(outside(element) for element in (button, *button.iterancestors()) if element.tag not in ("body", "html"))


def outside(element: HtmlElement) -> bool:
    if element.tag in OUTSIDE_TAGS or (element.get("role") or "").lower() in OUTSIDE_ROLES or element.get("hidden") is not None:
        return True
    named = f"{element.get('class') or ''} {element.get('id') or ''}"
    hidden = "display:none" in (element.get("style") or "").replace(" ", "")
    return hidden or bool(OUTSIDE_NAMES.search(named))


def breaks_off(body: HtmlElement, button: HtmlElement) -> bool:
    """Whether the page's text stands before the button, nearly all of it, and what it brings is not in the page yet."""
    if in_page(button):
        return False
    before, linked, after = sizes_around(body, button)
    return before >= BEFORE and after <= AFTER * before and linked <= LINKED * before


def in_page(button: HtmlElement) -> bool:
    """Whether what the button shows is in the HTML already, only folded or cut by a style."""
    held = [element for name in (button.get("aria-controls") or "").split()
            for element in button.getroottree().xpath("//*[@id=$id]", id=name)]
    if any(len(element.text_content().split()) > 5 for element in held):
        return True
    near = [button.getparent(), button.getprevious(), *([button.getparent().getprevious()] if button.getparent() is not None else [])]
    named = " ".join(f"{el.get('class') or ''} {el.get('id') or ''}" for el in near if el is not None and isinstance(el.tag, str))
    return bool(IN_PAGE.search(named))


def sizes_around(body: HtmlElement, button: HtmlElement) -> tuple[int, int, int]:
    """Characters of the page's content before the button, how many of those are links, and those after it."""
    before = linked = after = 0
    passed = False
    for kind, text, in_link in content_text(body, button):
        if kind == "button":
            passed = True
        elif passed:
            after += len("".join(text.split()))
        else:
            count = len("".join(text.split()))
            before += count
            linked += count * in_link
    return before, linked, after


def content_text(root: HtmlElement, button: HtmlElement) -> Iterator[tuple[str, str, bool]]:
    """The texts of the content in order, without what stands outside it, and a mark where the button is."""
    stack: list[tuple[HtmlElement | str, bool]] = [(root, False)]
    while stack:
        node, in_link = stack.pop()
        if isinstance(node, str):
            yield "text", node, in_link
        elif node is button:
            yield "button", "", False
        elif isinstance(node.tag, str) and (node is root or not outside(node)):
            in_link = in_link or node.tag == "a"
            for child in reversed(node):
                if child.tail:
                    stack.append((child.tail, in_link))
                stack.append((child, in_link))
            if node.text:
                stack.append((node.text, in_link))
