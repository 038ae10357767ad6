"""What is written beside code: docstrings, sentences of packages, reasons; no notes to oneself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.rules.source_tree import Module, Rule, SourceTree, public

NOTES = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
MACHINE = re.compile(r"(?<![\w.$}])/(home|work|opt|root|Users)/\w|py" r"pi\.org|python" r"hosted")
SENTENCE_END = re.compile(r"[.!?]\s+[A-ZÀ-Ỹ]")


def modules_have_docstrings(tree: SourceTree) -> list[str]:
    """Every module, and every public function and class at its top, says what it is."""
    return [
        module.at(line, f"{name} has no docstring")
        for module in tree.code
        for line, name in _silent(module)
    ]


def _silent(module: Module) -> Iterator[tuple[int, str]]:
    if not ast.get_docstring(module.syntax):
        yield 1, "the module"
    for node in module.syntax.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if public(node.name) and not ast.get_docstring(node):
            yield node.lineno, node.name


def packages_are_one_sentence(tree: SourceTree) -> list[str]:
    """An `__init__.py` says what lives here, what does not; it holds no code.

    One that is a service says more of itself: what it owns, takes in and emits.
    """
    heads = {f"{folder}/__init__.py" for folder in tree.services}
    return [
        violation
        for module in tree.code
        if module.is_package
        for violation in _more_than_a_sentence(module, module.path in heads)
    ]


def _more_than_a_sentence(module: Module, service: bool) -> Iterator[str]:
    text = (ast.get_docstring(module.syntax) or "").strip()
    if len(module.syntax.body) > bool(text):
        yield module.at(module.syntax.body[-1].lineno, "a package holds no code of its own")
    if text and not service and ("\n\n" in text or SENTENCE_END.search(text)):
        yield module.at(1, "more than one sentence")


def nothing_is_swallowed(tree: SourceTree) -> list[str]:
    """A wide `except` ends by raising, or says beside it why it is wide."""
    return [
        module.at(node.lineno, "a wide except that neither raises nor says why")
        for module in tree.code
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.ExceptHandler) and _wide(node)
        if not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        if "#" not in module.text.splitlines()[node.lineno - 1]
    ]


def _wide(node: ast.ExceptHandler) -> bool:
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
    )


def nothing_is_left_to_do(tree: SourceTree) -> list[str]:
    """No notes to oneself stand anywhere: what is open is in the list of issues."""
    return _lines(tree, NOTES, "a note to oneself")


def no_machine_is_named(tree: SourceTree) -> list[str]:
    """Neither a path of somebody's machine nor the host of a package registry."""
    return _lines(tree, MACHINE, "a path of a machine, or a registry")


def _lines(tree: SourceTree, pattern: re.Pattern[str], sentence: str) -> list[str]:
    return [
        f"{path}:{number}: {sentence}"
        for path, text in tree.files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def _tests(tree: SourceTree) -> Iterator[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module in tree.below("tests"):
        if module.path.rpartition("/")[2].startswith("test_"):
            yield from ((module, f) for f in module.functions if f.name.startswith("test_"))


def a_test_is_a_sentence(tree: SourceTree) -> list[str]:
    """Its name has several words, and one sentence says it to a person."""
    return [
        module.at(each.lineno, f"{each.name} is no sentence, or has none")
        for module, each in _tests(tree)
        if each.name.count("_") < 2 or not ast.get_docstring(each)
    ]


def a_skipped_test_says_why(tree: SourceTree) -> list[str]:
    """A skip has a reason in words."""
    return [
        module.at(node.lineno, "skipped without a reason")
        for module in tree.below("tests")
        for node in _bare_marks(module)
    ]


def _bare_marks(module: Module) -> Iterator[ast.expr]:
    calls = [node for node in ast.walk(module.syntax) if isinstance(node, ast.Call)]
    yield from (node for node in calls if _skips(node.func) and not _has_reason(node))
    called = {id(node.func) for node in calls}
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Attribute) and id(node) not in called and _is_mark(node):
            yield node


def _is_mark(node: ast.Attribute) -> bool:
    marks = ("pytest.mark.skip", "pytest.mark.xfail")
    return node.attr in ("skip", "xfail") and ast.unparse(node) in marks


def _skips(function: ast.expr) -> bool:
    ends = ("pytest.skip", "mark.skip", "mark.skipif", "mark.xfail")
    return isinstance(function, ast.Attribute) and ast.unparse(function).endswith(ends)


def _has_reason(node: ast.Call) -> bool:
    by_name = any(word.arg == "reason" for word in node.keywords)
    return by_name or (bool(node.args) and not ast.unparse(node.func).endswith("skipif"))


RULES: tuple[Rule, ...] = (
    modules_have_docstrings,
    packages_are_one_sentence,
    nothing_is_swallowed,
    nothing_is_left_to_do,
    no_machine_is_named,
    a_test_is_a_sentence,
    a_skipped_test_says_why,
)
