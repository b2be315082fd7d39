"""What a file is by its name: its language and the word for a code fence. Knows nothing of what is in it."""

from __future__ import annotations

# language: fence word, then suffixes
TABLE = """
Python: python py pyi pyw pyx pxd; JavaScript: javascript js mjs cjs jsx; TypeScript: typescript ts mts cts; TSX: tsx tsx; Go: go go
Rust: rust rs; Java: java java; Kotlin: kotlin kt kts; Scala: scala scala sc; C: c c h; C++: cpp cc cpp cxx hpp hh hxx ipp
C#: csharp cs; Objective-C: objectivec m mm; Swift: swift swift; Ruby: ruby rb rake gemspec ru; PHP: php php phtml; Perl: perl pl pm t
Lua: lua lua; R: r r rmd; Julia: julia jl; Haskell: haskell hs lhs; OCaml: ocaml ml mli; Elixir: elixir ex exs; Erlang: erlang erl hrl
Clojure: clojure clj cljs cljc edn; Dart: dart dart; Zig: zig zig; Nim: nim nim; Shell: bash sh bash zsh ksh; Fish: fish fish
PowerShell: powershell ps1 psm1; Batch: batch bat cmd; HTML: html html htm xhtml; CSS: css css; SCSS: scss scss; Sass: sass sass
Less: less less; Vue: vue vue; Svelte: svelte svelte; Markdown: markdown md mdx markdown; reStructuredText: rst rst
AsciiDoc: asciidoc adoc asciidoc; Text: text txt; TeX: latex tex sty cls bib; JSON: json json jsonc json5 webmanifest
YAML: yaml yml yaml; TOML: toml toml; INI: ini ini cfg conf properties; XML: xml xml xsd xsl xslt svg plist; SQL: sql sql
GraphQL: graphql graphql gql; Protocol Buffers: protobuf proto; Thrift: thrift thrift; CMake: cmake cmake; Make: makefile mk mak
Meson: meson meson; Gradle: groovy gradle groovy; Nix: nix nix; Terraform: hcl tf tfvars hcl; Assembly: asm s asm
Fortran: fortran f f90 f95 f03; Ada: ada adb ads; Pascal: pascal pas; Visual Basic: vbnet vb; F#: fsharp fs fsx; Cython: cython pyx
CUDA: cuda cu cuh; GLSL: glsl glsl vert frag; Solidity: solidity sol; Gettext: po po pot; Diff: diff diff patch; CSV: csv csv tsv
Notebook: markdown ipynb; Jinja: jinja jinja j2 jinja2; Emacs Lisp: lisp el; Common Lisp: lisp lisp lsp; Scheme: scheme scm rkt
Vim script: vim vim; Log: text log; Template: text tmpl tpl in
"""
NAMES = {
    "makefile": ("Make", "makefile"), "gnumakefile": ("Make", "makefile"), "dockerfile": ("Docker", "dockerfile"),
    "containerfile": ("Docker", "dockerfile"), "cmakelists.txt": ("CMake", "cmake"), "rakefile": ("Ruby", "ruby"),
    "gemfile": ("Ruby", "ruby"), "vagrantfile": ("Ruby", "ruby"), "jenkinsfile": ("Gradle", "groovy"),
    "build.bazel": ("Bazel", "python"), "build": ("Bazel", "python"), "workspace": ("Bazel", "python"), "justfile": ("Make", "makefile"),
    "meson.build": ("Meson", "meson"), "go.mod": ("Go", "go"), ".gitignore": ("Ignore list", "text"), ".bashrc": ("Shell", "bash"),
}


def read_table(table: str) -> dict[str, tuple[str, str]]:
    rows = (row.split(":", 1) for row in table.replace("\n", ";").split(";") if row.strip())
    return {suffix: (name.strip(), words.split()[0]) for name, words in rows for suffix in words.split()[1:]}


SUFFIXES = read_table(TABLE)
OTHER = ("Other", "")


def kind_of(path: str) -> tuple[str, str]:
    """The language's name and its fence word; ("Other", "") if the name does not tell."""
    name = path.rpartition("/")[2].lower()
    return NAMES.get(name) or SUFFIXES.get(name.rpartition(".")[2] if "." in name else "", OTHER)
