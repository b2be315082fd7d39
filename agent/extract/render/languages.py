"""The language of a piece of code, as its markup names it: in a class, a data attribute, on the element or close around it."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice

from lxml.html import HtmlElement

NAMED = re.compile(
    r"(?:^|\s)(?:language-|lang-|lang:|highlight-source-|highlight-text-(?:html-)?|mw-highlight-lang-|gatsby-code-|"
    r"sp-(?=javascript|jsx|css|html|tsx|typescript)|brush:\s*|sourceCode\s+|src-|code-lang-|highlight-|hljs-lang-|codehilite-|prettyprint-)([A-Za-z][\w+#.-]*)")
ATTRIBUTES = ("data-lang", "data-language", "data-code-language", "data-enlighter-language", "data-syntax",
              "data-highlight-language", "lang")
NAME = re.compile(r"[A-Za-z][\w+#.-]{0,30}")
BRUSH = re.compile(r"brush:\s*([\w+#.-]+)")
NO_LANGUAGE = frozenset(
    "default none text plain plaintext notranslate source code block highlight auto nohighlight no-highlight unknown undefined "
    "wrapper container lines line-numbers basic generic raw output-area".split())
KNOWN = frozenset(
    "abap ada agda apache applescript arduino asm assembly autohotkey awk bash basic bat batch bibtex c c# c++ clojure cmake cobol "
    "coffeescript console cpp crystal csharp css csv cuda cypher d dart delphi diff django docker dockerfile dos elixir elm erlang "
    "erb fish fortran fsharp gherkin glsl go golang gradle graphql groovy haml handlebars haskell haxe hcl hlsl html http ini java "
    "javascript jinja js json json5 jsonc jsx julia kotlin latex less lisp llvm lua makefile markdown mathematica matlab md mermaid "
    "mysql nasm nginx nim nix objc objective-c objectivec ocaml pascal patch perl pgsql php plsql postgresql powershell prolog "
    "properties protobuf ps1 puppet py pycon python python3 qml r racket rb reasonml regex rest rst ruby rust sas sass scala scheme "
    "scss sed sh shell shell-session shellscript smalltalk solidity sparql sql stata stylus svelte swift tcl terraform tex toml ts "
    "tsql tsx twig typescript vala vb vba vbnet verilog vhdl vim vue wasm xml xquery yaml yml zig zsh".split())
HUMAN = frozenset(
    "ar bg ca da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nb nl no pl pt ro ru sk sl sr sv th tr uk vi zh auto".split())
CLOSE = 3  # elements around the code whose class may name its language
STOP = frozenset("body main article html section td li".split())


def language_of(el: HtmlElement) -> str:
    inside = list(islice(el.iter("code", "pre"), 2))
    for candidate in [el, *inside]:
        if found := named_by(candidate, bare=candidate.tag in ("pre", "code", "textarea")):
            return found
    for up in islice(el.iterancestors(), CLOSE):
        if up.tag in STOP or holds_more(up):
            break
        if (found := named_by(up, bare=False)) and found not in HUMAN:
            return found
    return ""


def holds_more(up: HtmlElement) -> bool:
    """Around several pieces of code, a class speaks of none of them."""
    return len(list(islice(up.iter("pre"), 2))) > 1 and next(up.iter("table"), None) is None


def named_by(el: HtmlElement, bare: bool) -> str:
    named = [el.get(name) for name in ATTRIBUTES if name != "lang" or el.tag in ("pre", "code")]
    for language in [*named_in(el.get("class") or "", bare), *named]:
        human = language in named and language == el.get("lang")
        if language and NAME.fullmatch(language) and usable(language.lower(), human):
            return language.lower()
    params = BRUSH.search(el.get("data-syntaxhighlighter-params") or "")
    return params[1].lower() if params else ""


def usable(language: str, human: bool) -> bool:
    return language not in NO_LANGUAGE and not (human and (language not in KNOWN or language in HUMAN))


@lru_cache(maxsize=4096)
def named_in(cls: str, bare: bool) -> tuple[str, ...]:
    """The languages that a class may mean; a bare name counts only on the code itself."""
    found = [language.strip(".-;") for language in NAMED.findall(cls)]
    return (*found, *(name for name in cls.split() if bare and name.lower() in KNOWN))
