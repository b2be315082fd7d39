"""The text that a page gives to programs only, for pages whose body is a shell that a script fills.

What its JSON-LD and microdata say of the thing that the page is about (an article, a product, a recipe, a thread, questions), or
the longest prose in the data that its scripts draw it from; a long description in its meta tags where there is no more. As a part
of a page's tree, so that it is rendered like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml.html import HtmlElement

from agent.extract.render.tags import one_line
from agent.extract.select.fragments import Told, element, elements_of, inline, words_in
from agent.extract.signs.linked import Row, as_list, bare_address, main_row, names, plain, rank_of, rows_of
from agent.extract.signs.state import prose_in
from agent.extract.signs.walls import not_free
from agent.extract.words import word_count

DESCRIPTIONS = "//meta[@property='og:description' or @name='description' or @name='twitter:description']/@content"
BODIES = ("description", "articleBody", "text", "reviewBody", "recipeIngredient", "recipeInstructions", "step", "transcript")
PARTS = ("mainEntity", "acceptedAnswer", "suggestedAnswer", "comment", "review", "itemListElement", "item", "hasPart", "subEvent")
FACTS = {  # what is said in a line of its own, in the page's order of things
    "brand": "Brand", "sku": "SKU", "mpn": "MPN", "gtin13": "GTIN", "model": "Model", "color": "Colour", "material": "Material",
    "size": "Size", "recipeYield": "Yield", "prepTime": "Preparation", "cookTime": "Cooking", "totalTime": "Total time",
    "startDate": "Start", "endDate": "End", "location": "Place", "hiringOrganization": "Employer", "jobLocation": "Place",
    "employmentType": "Employment", "datePosted": "Posted",
    "validThrough": "Until", "telephone": "Telephone", "address": "Address", "openingHours": "Open"}
ADDRESS = ("streetAddress", "postalCode", "addressLocality", "addressCountry")
DURATION = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:[\d.]+S)?)?$")
MOST_PARTS = 300
DEEPEST = 8
TEXT = 50  # words of a description that are more than a line about the page
MUCH = 2  # times the prose in the page's data must be as long as what its JSON-LD says, to be taken as well


def told_by_data(tree: HtmlElement, url: str, own: str) -> HtmlElement | None:
    """What the page's data says and its own text does not, None where that is nothing. A page for those who pay keeps its word."""
    rows = rows_of(tree)
    if any(map(not_free, rows)):
        return None
    told = Told(own)
    blocks = list(told.new(of_rows(rows, url)))
    prose = prose_in(tree, url)
    if words_in(prose) > MUCH * words_in(blocks):
        blocks = [*blocks, *told.new(prose)] if words_in(blocks) else list(Told(own).new(prose))
    if not words_in(blocks):
        blocks = described(tree)
    return element("main", "", *blocks) if words_in(blocks) else None


def described(tree: HtmlElement) -> list[HtmlElement]:
    """The longest description in the meta tags, where it is so long that it is the page's own text, as forums have it of the first post."""
    longest = max(map(one_line, tree.xpath(DESCRIPTIONS)), key=len, default="")
    return [element("p", longest)] if word_count(longest) >= TEXT else []


def of_rows(rows: list[Row], url: str) -> Iterator[HtmlElement]:
    """The thing that the page is about first, then what else it describes; of a page alone its description."""
    main = main_row(rows, {bare_address(url)} - {""})
    others = [row for row in rows if rank_of(row) == 2 and row is not main]
    for row in filter(None, [main, *others[:MOST_PARTS]]):
        yield from of_row(row, 1)


def of_row(row: Row, level: int) -> Iterator[HtmlElement]:
    if level > DEEPEST:
        return
    title = plain(row.get("headline") or row.get("name"))
    if title:
        yield element(f"h{min(level, 6)}", title)
    said = [names(row.get("author")), plain(row.get("datePublished") or row.get("dateCreated"))[:10]] if level > 1 else []
    if any(said):
        yield element("p", ", ".join(filter(None, said)))
    if facts := [element("li", fact) for fact in facts_of(row)]:
        yield element("ul", "", *facts)
    for key in BODIES:
        yield from body_of(key, row.get(key))
    for key in PARTS:
        for part in as_list(row.get(key))[:MOST_PARTS]:
            yield from of_row(part, level + 1) if isinstance(part, dict) else ()


def body_of(key: str, value: Any, depth: int = 0) -> Iterator[HtmlElement]:
    """A text; a list of ingredients or steps as a list, in sections where they are in sections."""
    if isinstance(value, str):
        yield from elements_of(value)
        return
    items = [one for one in as_list(value) if isinstance(one, (str, dict))][:MOST_PARTS]
    sections = [one for one in items if isinstance(one, dict) and "itemListElement" in one and depth < DEEPEST]
    for section in sections:
        yield element("h3", plain(section.get("name")))
        yield from body_of(key, section["itemListElement"], depth + 1)
    steps = [step_of(one) for one in items if one not in sections]
    if any(steps):
        yield element("ul" if key == "recipeIngredient" else "ol", "", *(inline("li", step) for step in steps if step))


def step_of(step: Any) -> str:
    said = [plain(step.get(key)) for key in ("name", "text")] if isinstance(step, dict) else ["", step]
    return said[1] if said[1].startswith(said[0].rstrip(".…")) else ": ".join(filter(None, said))


def facts_of(row: Row) -> Iterator[str]:
    """Price, availability, rating and the like, each as one line."""
    for offer in as_list(row.get("offers")):
        yield from offer_facts(offer) if isinstance(offer, dict) else ()
    rating = row.get("aggregateRating") or row.get("reviewRating")
    if isinstance(rating, dict) and (value := plain(rating.get("ratingValue"))):
        count = plain(rating.get("reviewCount") or rating.get("ratingCount"))
        yield f"Rating: {rounded(value)} of {plain(rating.get('bestRating')) or '5'}{f' ({count} ratings)' if count else ''}"
    for key, label in FACTS.items():
        if said := "; ".join(dict.fromkeys(filter(None, map(lasting, as_list(row.get(key)))))):
            yield f"{label}: {said}"
    for one in as_list(row.get("additionalProperty")):
        if isinstance(one, dict) and plain(one) and plain(one.get("value")):
            yield f"{plain(one)}: {plain(one['value'])} {plain(one.get('unitText'))}".rstrip()


def rounded(number: str) -> str:
    """As people say it: programs tell of twelve digits."""
    try:
        return f"{float(number):.3g}"
    except ValueError:
        return number


def offer_facts(offer: Row) -> Iterator[str]:
    prices = as_list(offer.get("priceSpecification"))
    priced = next((one for one in (offer, *prices) if isinstance(one, dict) and plain(one.get("price") or one.get("lowPrice"))), None)
    if priced:
        low, high = plain(priced.get("price") or priced.get("lowPrice")), plain(priced.get("highPrice"))
        span = f"{low}–{high}" if high and high != low else low
        yield f"Price: {span} {plain(priced.get('priceCurrency') or offer.get('priceCurrency'))}".rstrip()
    if available := plain(offer.get("availability")).rpartition("/")[2]:
        yield f"Availability: {re.sub('(?<=[a-z])(?=[A-Z])', ' ', available).lower()}"
    for one in as_list(offer.get("offers"))[:1]:
        yield from offer_facts(one) if isinstance(one, dict) and not priced else ()


def lasting(value: Any) -> str:
    """A value in words: a duration in hours and minutes, an address in its parts."""
    if isinstance(value, dict) and not value.get("name"):
        inner = value.get("address") if isinstance(value.get("address"), dict) else value
        return ", ".join(filter(None, (plain(inner.get(key)) for key in ADDRESS)))
    said = plain(value)
    span = DURATION.match(said)
    numbers = zip(span.groups(), ("days", "h", "min"), strict=True) if span else ()
    return " ".join(f"{number} {unit}" for number, unit in numbers if number and number != "0") if span else said
