"""How long files and functions may be, and how long the middle one is."""

from __future__ import annotations

from statistics import median_high

from tests.architecture.rules.source_tree import Function, Module, Rule, SourceTree

FILE_MAX, FILE_MEDIAN = 300, 110
FUNCTION_MAX, FUNCTION_MEDIAN = 40, 7
TEST_FILE_MAX = 400


def length(module: Module) -> int:
    """The lines of a file."""
    return len(module.text.splitlines())


def height(function: Function) -> int:
    """The lines of a function, from its `def` on."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def files_stay_small(tree: SourceTree) -> list[str]:
    """A file of the product has at most 300 lines, one of the tests at most 400."""
    folders = ((tree.code, FILE_MAX), (tree.below("tests"), TEST_FILE_MAX))
    return [
        module.at(most + 1, f"{length(module)} lines, at most {most}")
        for modules, most in folders
        for module in modules
        if length(module) > most
    ]


def functions_stay_small(tree: SourceTree) -> list[str]:
    """A function has at most 40 lines."""
    return [
        module.at(each.lineno, f"{each.name}: {height(each)} lines, at most {FUNCTION_MAX}")
        for module in tree.code
        for each in module.functions
        if height(each) > FUNCTION_MAX
    ]


def the_middle_file_is_short(tree: SourceTree) -> list[str]:
    """Half of the files have at most 110 lines; packages' docstrings do not count."""
    modules = [module for module in tree.code if not module.is_package]
    return _too_long([(length(m), m.at(1, "the middle file")) for m in modules], FILE_MEDIAN)


def the_middle_function_is_short(tree: SourceTree) -> list[str]:
    """Half of the functions have at most 7 lines."""
    functions = [(m, each) for m in tree.code for each in m.functions]
    sizes = [(height(f), m.at(f.lineno, f"the middle function, {f.name}")) for m, f in functions]
    return _too_long(sizes, FUNCTION_MEDIAN)


def _too_long(sizes: list[tuple[int, str]], most: int) -> list[str]:
    lines, place = median_high(sizes) if sizes else (0, "")
    return [f"{place}, has {lines} lines, at most {most}"] if lines > most else []


RULES: tuple[Rule, ...] = (
    files_stay_small,
    functions_stay_small,
    the_middle_file_is_short,
    the_middle_function_is_short,
)
