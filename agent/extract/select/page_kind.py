"""What a page says of its own kind: in its address, its metadata and its structured data. Counts and marks, no judgement."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml.html import HtmlElement

SCHEMA = re.compile(r'"@type"\s*:\s*\[?\s*"([A-Za-z]+)"')
TYPES = {
    "article": ("Article", "NewsArticle", "BlogPosting", "ScholarlyArticle", "Report", "LiveBlogPosting", "MedicalWebPage"),
    "documentation": ("TechArticle", "APIReference", "SoftwareSourceCode"),
    "forum": ("DiscussionForumPosting", "QAPage", "Question", "Answer", "Comment"),
    "listing": ("ItemList", "CollectionPage", "Blog", "SearchResultsPage", "DataFeed"),
    "product": ("Product", "Offer", "ProductGroup", "AggregateOffer", "IndividualProduct", "Course", "VideoGame", "Book",
                "SoftwareApplication"),
    "collection": ("OfferCatalog", "ProductCollection"),
    "service": ("Service", "LocalBusiness", "ProfessionalService", "MedicalBusiness", "FinancialProduct", "FAQPage"),
    "recipe": ("Recipe", "HowTo"),
}
ADDRESS = {
    "article": r"/(?:blog|news|articles?|story|stories|posts?|insights?|magazine|opinion|politics)s?/[^/]{12,}|/20\d\d/[01]?\d/",
    "documentation": r"docs?\.|/docs?/|/documentation|/reference/|/api/|/manual|/guides?/|/tutorials?/|developers?\.|/learn/|/wiki/|/html/|"
                     r"/stable/|/latest/",
    "forum": r"forums?\b|community\.|/community|/t/[^/]+/\d|/threads?/|showthread|viewtopic|/questions?/|/discussions?|/topics?/|boards?\.|"
             r"/r/|thread",
    "listing": r"/(?:blog|news|category|categories|tags?|topics?|events?|jobs?|search|archives?|resources|press|directory|list|browse|"
               r"publications|careers)/?$|/(?:category|tag|topic|author)/|[?&](?:q|query|page|search)=",
    "product": r"/products?/|/p/|/item/|/shop/[^/]+/[^/]+|/app/|/pd/|-p-?\d|/sku|\.product",
    "collection": r"/collections?/|/c/|/cat/|/category/|/shop/?$|/shop/[^/]+/?$|/store/|/categories/|/browse/",
    "service": r"/services?|/solutions?|/pricing|/about|/consult|/treatments?|/practice|/programs?|/features?|/plans?|/what-we-do|"
               r"/platform",
}
ADDRESS_RULES = [re.compile(rule, re.IGNORECASE) for rule in ADDRESS.values()]
GENERATORS = "discourse phpbb vbulletin xenforo woocommerce shopify sphinx mkdocs docusaurus wordpress ghost".split()


def page_marks(tree: HtmlElement, url: str) -> list[float]:
    """The page's own signs of its kind, as numbers in a fixed order."""
    said = {(m.get("property") or m.get("name") or "").lower(): (m.get("content") or "").lower() for m in tree.iter("meta")}
    declared = schema_types(tree)
    parts = urlsplit(re.sub(r"[\[\]]", "", url))
    segments = [part for part in parts.path.split("/") if part]
    last = segments[-1] if segments else ""
    kind = said.get("og:type", "")
    marks = [float(sum(declared.get(name, 0) for name in names)) for names in TYPES.values()]
    marks += [float(rule.search(url) is not None) for rule in ADDRESS_RULES]
    marks += [float("article" in kind), float("product" in kind), float("website" in kind), float(kind != "")]
    marks += [float(mark) for mark in (len(segments), len(last), last.count("-"), any(map(str.isdigit, last)), bool(parts.query))]
    generator = said.get("generator", "")
    marks += [float(name in generator) for name in GENERATORS]
    marks += [float(any(name.startswith(prefix) for name in said)) for prefix in ("article:", "product:")]
    return [*marks, float("author" in said)]


def schema_types(tree: HtmlElement) -> dict[str, int]:
    """How often each schema.org type is named, in JSON-LD and microdata."""
    counts: dict[str, int] = {}
    for script in tree.iter("script"):
        if script.get("type") == "application/ld+json":
            for name in SCHEMA.findall((script.text or "")[:500_000]):
                counts[name] = counts.get(name, 0) + 1
    for el in tree.xpath("//*[@itemtype]"):
        name = (el.get("itemtype") or "").rstrip("/").rpartition("/")[2]
        counts[name] = counts.get(name, 0) + 1
    return counts
