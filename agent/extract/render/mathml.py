"""From MathML to LaTeX, for pages that give no TeX of their own. Knows presentation MathML only.

Written here because the one small library for it (mathml-to-latex 1.0.0) writes invisible signs, breaks matrices in
brackets, and is not kept up.
"""

from __future__ import annotations

from lxml.html import HtmlElement

DEEPEST = 60  # levels of a formula; what lies deeper is said as plain signs
NAMES = dict(zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩϕϵϑϖϱς", (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon varphi chi psi omega Gamma Delta "
    "Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega phi epsilon vartheta varpi varrho varsigma").split(), strict=True))
SIGNS = {
    "∑": "sum", "∏": "prod", "∫": "int", "∬": "iint", "∭": "iiint", "∮": "oint", "∐": "coprod", "⋃": "bigcup", "⋂": "bigcap",
    "⨁": "bigoplus", "⨂": "bigotimes", "⋁": "bigvee", "⋀": "bigwedge", "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv",
    "∼": "sim", "≃": "simeq", "≅": "cong", "∝": "propto", "±": "pm", "∓": "mp", "×": "times", "÷": "div", "⋅": "cdot", "·": "cdot",
    "∗": "ast", "∘": "circ", "⊕": "oplus", "⊗": "otimes", "∈": "in", "∉": "notin", "∋": "ni", "⊂": "subset", "⊆": "subseteq",
    "⊃": "supset", "⊇": "supseteq", "∪": "cup", "∩": "cap", "∖": "setminus", "∅": "emptyset", "∀": "forall", "∃": "exists", "¬": "neg",
    "∧": "wedge", "∨": "vee", "→": "to", "←": "leftarrow", "↔": "leftrightarrow", "⇒": "Rightarrow", "⇐": "Leftarrow",
    "⇔": "Leftrightarrow", "↦": "mapsto", "⟶": "longrightarrow", "⟹": "Longrightarrow", "⟺": "iff", "↑": "uparrow", "↓": "downarrow",
    "∞": "infty", "∂": "partial", "∇": "nabla", "√": "surd", "∠": "angle", "⊥": "perp", "∥": "parallel", "∣": "mid", "…": "ldots",
    "⋯": "cdots", "⋮": "vdots", "⋱": "ddots", "ℏ": "hbar", "ℓ": "ell", "ℜ": "Re", "ℑ": "Im", "ℵ": "aleph", "′": "prime", "⟨": "langle",
    "⟩": "rangle", "⌊": "lfloor", "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil", "‖": "|", "{": "{", "}": "}", "%": "%", "#": "#", "&": "&",
    "$": "$", "_": "_", "≪": "ll", "≫": "gg", "⊢": "vdash", "⊨": "models", "⊤": "top", "†": "dagger", "★": "star", "□": "square",
    "ℝ": "mathbb{R}", "ℕ": "mathbb{N}", "ℤ": "mathbb{Z}", "ℚ": "mathbb{Q}", "ℂ": "mathbb{C}", "°": "circ", "−": "", "\u00a0": " ",
}
PLAIN = {"−": "-", "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "", "\u00a0": " ", "\u200b": "", "‾": "-", "’": "'"}
FUNCTIONS = frozenset("arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max min "
                      "Pr sec sin sinh sup tan tanh".split())
LARGE = frozenset("sum prod int coprod bigcup bigcap bigoplus bigotimes oint bigvee bigwedge".split())
OVER = {"¯": "bar", "‾": "overline", "_": "overline", "^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "→": "vec", "⃗": "vec", "˙": "dot",
        ".": "dot", "¨": "ddot", "⏞": "overbrace", "ˇ": "check", "´": "acute", "`": "grave", "˘": "breve", "―": "overline", "−": "bar"}
UNDER = {"_": "underline", "⏟": "underbrace", "̲": "underline", "¯": "underline", "―": "underline", "‾": "underline"}
FENCES = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("{", "}"): "Bmatrix", ("|", "|"): "vmatrix", ("‖", "‖"): "Vmatrix"}
STYLES = {"bold": "mathbf", "double-struck": "mathbb", "script": "mathcal", "fraktur": "mathfrak", "sans-serif": "mathsf",
          "monospace": "mathtt",
          "bold-italic": "boldsymbol", "normal": "mathrm"}
SILENT = frozenset("annotation annotation-xml mphantom maligngroup malignmark none mprescripts".split())


def latex(el: HtmlElement, depth: int = 0) -> str:
    tag = el.tag.split("}")[-1].split(":")[-1].lower() if isinstance(el.tag, str) else "none"
    if tag in SILENT:
        return ""
    if depth > DEEPEST:
        return signs("".join(el.itertext()))
    if tag in LEAVES:
        return LEAVES[tag](el)
    if tag in SHAPES:
        return SHAPES[tag](el, depth + 1)
    return row(el, depth + 1)


def parts(el: HtmlElement, depth: int) -> list[str]:
    return [latex(child, depth) for child in el if isinstance(child.tag, str)]


def row(el: HtmlElement, depth: int) -> str:
    """Its parts one after another; a matrix between fences becomes one with its fences."""
    children = [child for child in el if isinstance(child.tag, str) and child.tag not in SILENT]
    said = [latex(child, depth) for child in children]
    for at in range(1, len(children) - 1):
        fences = ((children[at - 1].text or "").strip(), (children[at + 1].text or "").strip())
        if children[at].tag == "mtable" and fences in FENCES:
            said[at - 1:at + 2] = ["", matrix(children[at], depth, FENCES[fences]), ""]
        elif children[at].tag == "mtable" and fences[0] == "{":
            said[at - 1:at + 1] = ["", matrix(children[at], depth, "cases")]
    if len(children) == 2 and children[1].tag == "mtable" and (children[0].text or "").strip() == "{":
        said = [matrix(children[1], depth, "cases")]
    return glued(said) + (signs(el.text) if not children and el.text else "")


def glued(said: list[str]) -> str:
    """A command's name and a letter behind it need a space between them."""
    out = ""
    for part in said:
        ends_in_name = out[-1:].isalpha() and "\\" in out[-20:] and out[out.rfind("\\") + 1:].isalpha()
        out += (" " if ends_in_name and part[:1].isalpha() else "") + part
    return out


def signs(text: str) -> str:
    return glued([sign(one) for one in text.strip()])


def sign(one: str) -> str:
    if one in PLAIN:
        return PLAIN[one]
    name = NAMES.get(one) or SIGNS.get(one)
    return f"\\{name}" if name and name != " " else one


def identifier(el: HtmlElement) -> str:
    text = (el.text or "").strip()
    if text in FUNCTIONS:
        return f"\\{text} "
    said = signs(text)
    style = STYLES.get(el.get("mathvariant") or ("normal" if len(text) > 1 and text.isalpha() else ""))
    return f"\\{style}{{{said}}}" if style and text and not (style == "mathrm" and "\\" in said) else said


def operator(el: HtmlElement) -> str:
    text = (el.text or "").strip()
    if text in FUNCTIONS:
        return f"\\{text} "
    said = signs(text)
    if len(text) > 1 and text.isalpha():
        return f"\\operatorname{{{text}}}"
    return f" {said} " if text and text in "=<>≤≥≠≈≡∼∈∉⊂⊆→⇒⇔↦+−±×∪∩∧∨" and el.getprevious() is not None else said


def text_of(el: HtmlElement) -> str:
    text = " ".join("".join(el.itertext()).replace("\u00a0", " ").split(" "))
    return f"\\text{{{text}}}" if text.strip() else (" " if text else "")


def group(said: str) -> str:
    return f"{{{said.strip()}}}"


def script(el: HtmlElement, depth: int, *marks: str) -> str:
    said = [part.strip() for part in parts(el, depth)] + [""] * 3
    single = len(said[0]) == 1 or said[0].lstrip("\\").isalpha() or (said[0].startswith("\\") and said[0].endswith("}"))
    base = said[0] if single else group(said[0])
    return base + "".join(mark + group(part) for mark, part in zip(marks, said[1:], strict=False) if part)


def over(el: HtmlElement, depth: int) -> str:
    return accent(el, depth, OVER, "overset", "^")


def under(el: HtmlElement, depth: int) -> str:
    return accent(el, depth, UNDER, "underset", "_")


def accent(el: HtmlElement, depth: int, names: dict[str, str], else_name: str, mark: str) -> str:
    children = [child for child in el if isinstance(child.tag, str)]
    if len(children) < 2:
        return row(el, depth)
    base, what = latex(children[0], depth).strip(), "".join(children[1].itertext()).strip()
    if what in names:
        return f"\\{names[what]}{group(base)}"
    if takes_limits(base):
        return base + mark + group(latex(children[1], depth))
    return f"\\{else_name}{group(latex(children[1], depth))}{group(base)}"


def takes_limits(base: str) -> bool:
    name = base.lstrip("\\").strip()
    return name in FUNCTIONS or name in LARGE or base.startswith(("\\overbrace", "\\underbrace", "\\operatorname"))


def under_over(el: HtmlElement, depth: int) -> str:
    return script(el, depth, "_", "^")


def fraction(el: HtmlElement, depth: int) -> str:
    above, below = [*parts(el, depth), "", ""][:2]
    if el.get("linethickness") in ("0", "0px", "0pt"):
        return f"\\binom{group(above)}{group(below)}"
    return f"\\frac{group(above)}{group(below)}"


def root(el: HtmlElement, depth: int) -> str:
    base, index = [*parts(el, depth), "", ""][:2]
    return f"\\sqrt[{index.strip()}]{group(base)}"


def fenced(el: HtmlElement, depth: int) -> str:
    opening, closing = el.get("open", "("), el.get("close", ")")
    children = [child for child in el if isinstance(child.tag, str)]
    if len(children) == 1 and children[0].tag == "mtable" and (opening, closing) in FENCES:
        return matrix(children[0], depth, FENCES[opening, closing])
    separator = (el.get("separators", ",") or "").strip()[:1]
    return f"\\left{sign(opening) or '.'}{separator.join(parts(el, depth))}\\right{sign(closing) or '.'}"


def matrix(el: HtmlElement, depth: int, kind: str = "matrix") -> str:
    lines = [line for line in el if line.tag in ("mtr", "mlabeledtr")]
    rows = [" & ".join(latex(cell, depth + 2).strip() for cell in line if isinstance(cell.tag, str)) for line in lines]
    return f"\\begin{{{kind}}} " + " \\\\ ".join(rows) + f" \\end{{{kind}}}"


def many_scripts(el: HtmlElement, depth: int) -> str:
    children = [child for child in el if isinstance(child.tag, str)]
    split = next((at for at, child in enumerate(children) if child.tag == "mprescripts"), len(children))
    after, before = children[1:split], children[split + 1:]
    said = latex(children[0], depth) if children else ""
    return f"{{}}{pairs(before, depth)}{said}{pairs(after, depth)}" if before else said + pairs(after, depth)


def pairs(scripts: list[HtmlElement], depth: int) -> str:
    marked = [(mark, latex(one, depth).strip()) for mark, one in zip("_^" * len(scripts), scripts, strict=False)]
    return "".join(mark + group(said) for mark, said in marked if said)


LEAVES = {"mi": identifier, "mn": lambda el: signs("".join(el.itertext())), "mo": operator, "mtext": text_of, "ms": text_of,
          "mspace": lambda el: "\\\\ " if el.get("linebreak") == "newline" else " "}
SHAPES = {
    "msup": lambda el, depth: script(el, depth, "^"), "msub": lambda el, depth: script(el, depth, "_"),
    "msubsup": lambda el, depth: script(el, depth, "_", "^"), "mover": over, "munder": under, "munderover": under_over, "mfrac": fraction,
    "msqrt": lambda el, depth: f"\\sqrt{group(row(el, depth))}", "mroot": root, "mfenced": fenced, "mtable": matrix,
    "mmultiscripts": many_scripts,
    "semantics": lambda el, depth: next(iter(parts(el, depth)), ""),
}
