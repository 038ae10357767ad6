"""Files and functions that are one line too long."""

from __future__ import annotations

from tests.architecture.rules import sizes
from tests.architecture.seeds.seed import Seed, one_file

LONG, CODE = "contracts/long.py", "contracts/code.py"


def function(lines: int) -> str:
    """A function of so many lines."""
    return "def function():\n" + "    pass\n" * (lines - 1)


def file(lines: int) -> str:
    """A file of so many lines."""
    return "pass\n" * lines


FILES = (
    one_file(sizes.files_stay_small, 301, LONG, file(301), file(300)),
    one_file(sizes.files_stay_small, 401, "tests/test_long.py", file(401), file(400)),
)
FUNCTION = one_file(sizes.functions_stay_small, 1, LONG, function(41), function(40))
FILE_MEDIAN = Seed(
    sizes.the_middle_file_is_short, f"{LONG}:1",
    {LONG: file(111), CODE: file(112), "contracts/a.py": "", "contracts/__init__.py": ""},
    {LONG: file(110)},
)  # fmt: skip
FUNCTION_MEDIAN = Seed(
    sizes.the_middle_function_is_short, f"{LONG}:1",
    {LONG: function(8), CODE: function(9), "contracts/a.py": function(2)},
    {LONG: function(7)},
)  # fmt: skip
SEEDS = (*FILES, FUNCTION, FILE_MEDIAN, FUNCTION_MEDIAN)
