"""Only the signatures and docstrings of source code, by tree-sitter; a language without a grammar here stays whole, and says so.

A grammar is three lists: definitions whose body is cut, those whose body is gone through, and declarations kept whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

LONGEST = 400_000  # bytes: a parsed file takes thirty times its size, and memory is bounded
LONGEST_WHOLE = 4000  # bytes of a declaration that is kept whole
DEEPEST = 12
NOT_PARSED, TOO_LONG = "no outline for this language: whole", "too long for an outline: whole"


@dataclass(frozen=True)
class Grammar:
    """`cut`, `through`, `whole` and `wraps` are kinds of nodes; `docs` those that document what comes after them."""

    module: str
    cut: frozenset[str]
    through: frozenset[str]
    whole: frozenset[str]
    wraps: frozenset[str] = frozenset()
    docs: frozenset[str] = frozenset({"comment"})
    function: str = "language"


def grammar(module: str, cut: str, through: str, whole: str, wraps: str = "", **more: str) -> Grammar:
    kinds = (frozenset(words.split()) for words in (cut, through, whole, wraps, more.get("docs", "comment")))
    return Grammar(module, *kinds, more.get("function", "language"))


JS_CUT = ("function_declaration generator_function_declaration method_definition lexical_declaration variable_declaration"
          " expression_statement")
TS_THROUGH = "class_declaration abstract_class_declaration internal_module module"
TS_WHOLE = ("interface_declaration type_alias_declaration enum_declaration function_signature abstract_method_signature method_signature"
            " public_field_definition property_signature")
C_WRAPS = "preproc_ifdef preproc_if preproc_else preproc_elif linkage_specification declaration_list"
C_WHOLE = "type_definition struct_specifier union_specifier enum_specifier declaration"
GRAMMARS = {
    "python": grammar("tree_sitter_python", "function_definition", "class_definition", "type_alias_statement",
                      "decorated_definition if_statement block"),
    "javascript": grammar("tree_sitter_javascript", JS_CUT, "class_declaration", "field_definition", "export_statement"),
    "typescript": grammar("tree_sitter_typescript", JS_CUT, TS_THROUGH, TS_WHOLE,
                          "export_statement ambient_declaration", function="language_typescript"),
    "tsx": grammar("tree_sitter_typescript", JS_CUT, TS_THROUGH, TS_WHOLE,
                   "export_statement ambient_declaration", function="language_tsx"),
    "go": grammar("tree_sitter_go", "function_declaration method_declaration", "", "type_declaration package_clause"),
    "rust": grammar("tree_sitter_rust", "function_item", "impl_item trait_item mod_item",
                    "struct_item enum_item union_item type_item const_item static_item function_signature_item associated_type",
                    docs="line_comment block_comment attribute_item"),
    "java": grammar("tree_sitter_java", "method_declaration constructor_declaration compact_constructor_declaration",
                    "class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration",
                    "field_declaration constant_declaration enum_constant annotation_type_element_declaration package_declaration",
                    "enum_body_declarations", docs="line_comment block_comment"),
    "c": grammar("tree_sitter_c", "function_definition", "", C_WHOLE, C_WRAPS),
    "cpp": grammar("tree_sitter_cpp", "function_definition", "class_specifier struct_specifier namespace_definition",
                   "type_definition union_specifier enum_specifier declaration field_declaration alias_declaration concept_definition",
                   C_WRAPS + " template_declaration"),
    "ruby": grammar("tree_sitter_ruby", "method singleton_method", "class module singleton_class", "", "body_statement"),
    "csharp": grammar("tree_sitter_c_sharp", "method_declaration constructor_declaration operator_declaration destructor_declaration",
                      "class_declaration interface_declaration struct_declaration record_declaration namespace_declaration",
                      "field_declaration property_declaration event_field_declaration delegate_declaration enum_declaration",
                      "file_scoped_namespace_declaration"),
    "php": grammar("tree_sitter_php", "function_definition method_declaration", "class_declaration interface_declaration trait_declaration",
                   "property_declaration const_declaration enum_declaration", "namespace_definition", function="language_php"),
}
FUNCTIONS = frozenset("arrow_function function_expression function generator_function class".split())
NO_CODE = frozenset("text markdown rst asciidoc json yaml toml ini xml html css".split())


def outline(path: str, text: str) -> tuple[str, str]:
    """The outline and a remark; the whole text where there is no grammar for it."""
    from agent.repo.kinds import kind_of

    word = kind_of(path)[1]
    if path.endswith((".h", ".hh")) and "class " in text and word == "c":
        word = "cpp"
    if word in GRAMMARS and len(text) > LONGEST:
        return text, TOO_LONG
    parser = parser_for(word) if word in GRAMMARS else None
    if parser is None:
        return text, "" if word in NO_CODE or not word else NOT_PARSED
    raw = text.encode("utf-8", "replace")
    walk, root = Walk(raw, GRAMMARS[word]), parser.parse(raw).root_node
    pieces = [*walk.docstring(root), *walk.pieces(root, 0)]
    return ("\n".join(piece.rstrip() for piece in pieces) + "\n" if pieces else ""), "outline"


@cache
def parser_for(word: str) -> Any | None:
    """A parser; None if its grammar is not installed."""
    wanted = GRAMMARS[word]
    try:
        import tree_sitter

        return tree_sitter.Parser(tree_sitter.Language(getattr(import_module(wanted.module), wanted.function)()))
    except ImportError:
        return None


class Walk:
    """Through one file's tree, from the top."""

    def __init__(self, raw: bytes, wanted: Grammar) -> None:
        self._raw, self._grammar = raw, wanted

    def pieces(self, node: Any, depth: int) -> Iterator[str]:
        """Lines to keep of what is in this node."""
        docs: list[Any] = []
        for child in node.named_children:
            if child.type in self._grammar.docs:
                if docs and child.start_point[0] > docs[-1].end_point[0] + 1:
                    docs = []
                docs.append(child)
                continue
            found = list(self._kept(child, child, depth))
            if found and docs and child.start_point[0] <= docs[-1].end_point[0] + 1:
                yield self._text(self._line_start(docs[0]), docs[-1].end_byte)
            yield from found
            docs = []

    def _kept(self, node: Any, outer: Any, depth: int) -> Iterator[str]:
        """Lines to keep of a definition; `outer` is what wraps it: its decorators, its `export`."""
        wanted, kind = self._grammar, node.type
        if depth > DEEPEST:
            return
        if kind in wanted.wraps:
            yield from self._wrapped(node, outer, depth)
        elif kind in wanted.cut:
            yield from self._cut(node, outer)
        elif kind in wanted.through and (body := body_of(node)):
            yield self._text(self._line_start(outer), body.start_byte + (self._raw[body.start_byte:body.start_byte + 1] == b"{")).rstrip()
            yield from self.docstring(body)
            yield from self.pieces(body, depth + 1)
            yield from self._closing(node)
        elif kind in wanted.whole or kind in wanted.through:
            yield from self._whole(node, outer)
        elif kind == "expression_statement" and depth and annotated(node):
            yield self._text(self._line_start(node), node.end_byte)

    def _wrapped(self, node: Any, outer: Any, depth: int) -> Iterator[str]:
        inner = [child for child in node.named_children if child.type in self._grammar.cut | self._grammar.through | self._grammar.whole]
        if len(inner) == 1 and inner[0].end_byte >= node.end_byte - 2:
            yield from self._kept(inner[0], node if outer is node else outer, depth)
        else:
            yield from self.pieces(node, depth + 1)

    def _cut(self, node: Any, outer: Any) -> Iterator[str]:
        holder = function_in(node)
        if holder is None:
            return
        body = body_of(holder)
        if body is None:
            yield self._text(self._line_start(outer), node.end_byte).rstrip()
            return
        yield self._text(self._line_start(outer), body.start_byte).rstrip() + " ..."
        yield from self.docstring(body)

    def _whole(self, node: Any, outer: Any) -> Iterator[str]:
        if node.type == "declaration" and b"(" not in self._raw[node.start_byte:node.end_byte][:300]:
            return  # a variable, not the prototype of a function
        end = min(node.end_byte, node.start_byte + LONGEST_WHOLE)
        yield self._text(self._line_start(outer), end) + ("" if end == node.end_byte else " ...")

    def docstring(self, body: Any) -> Iterator[str]:
        """The string that a body begins with, as Python documents things."""
        first = body.named_children[0] if body.named_children else None
        if first and first.type == "expression_statement" and first.named_children and first.named_children[0].type == "string":
            yield self._text(self._line_start(first), first.end_byte)

    def _closing(self, node: Any) -> Iterator[str]:
        last = self._raw[:node.end_byte].rsplit(b"\n", 1)[-1] if node.end_point[0] > node.start_point[0] else b""
        if last.strip() in (b"}", b"};", b"end"):
            yield last.decode("utf-8", "replace")

    def _line_start(self, node: Any) -> int:
        """Where its line begins if only blanks are before it, so that its indentation is kept."""
        start = self._raw.rfind(b"\n", 0, node.start_byte) + 1
        return start if not self._raw[start:node.start_byte].strip() else node.start_byte

    def _text(self, start: int, end: int) -> str:
        return self._raw[start:end].decode("utf-8", "replace")


def body_of(node: Any) -> Any | None:
    """What is between the braces, or under the colon."""
    found = node.child_by_field_name("body")
    if found is not None:
        return found
    return next((child for child in node.named_children if child.type in BODIES), None)


BODIES = frozenset(
    "block body_statement compound_statement statement_block class_body declaration_list field_declaration_list enum_body".split())


def function_in(node: Any) -> Any | None:
    """The function that a definition holds: itself, or what a variable or an export is set to; None if it is no function."""
    if node.type not in ("lexical_declaration", "variable_declaration", "expression_statement"):
        return node
    for child in node.named_children:
        value = child.child_by_field_name("value") or child.child_by_field_name("right")
        if value is not None and value.type in FUNCTIONS:
            return value
    return None


def annotated(node: Any) -> bool:
    """Whether a statement says a name's type, as the fields of a record do."""
    first = node.named_children[0] if node.named_children else None
    return bool(first and first.type == "assignment" and first.child_by_field_name("type"))
