"""Code without a word, words without a reason, and tests that are no sentences."""

from __future__ import annotations

from tests.architecture.rules import texts
from tests.architecture.seeds.seed import Seed, one_file

CODE, TEST, PACKAGE = (
    "services/intake/store.py",
    "tests/test_a.py",
    "services/intake/http/__init__.py",
)
DOCSTRINGS = tuple(
    one_file(texts.modules_have_docstrings, line, CODE, faulty, mended)
    for line, faulty, mended in (
        (1, "A = 1\n", '"""What is stored."""\nA = 1\n'),
        (2, '"""M."""\ndef load(): ...\n', '"""M."""\ndef load():\n    """Loads."""\n'),
        (2, '"""M."""\nclass Row: ...\n', '"""M."""\nclass _Row: ...\n'),
    )
)
PACKAGES = tuple(
    one_file(texts.packages_are_one_sentence, line, PACKAGE, faulty, '"""What serves; no route."""')
    for line, faulty in (
        (1, '"""What serves. No route."""\n'),
        (1, '"""What serves.\n\nNo route.\n"""\n'),
        (3, '"""What serves; no route."""\n\nfrom a import b\n'),
    )
)
WIDE = one_file(
    texts.nothing_is_swallowed, 3, CODE,
    "try:\n    pass\nexcept Exception:\n    pass\n",
    "try:\n    pass\nexcept Exception:  # a thread's last word\n    pass\n",
)  # fmt: skip
BARE = WIDE._replace(
    faulty={CODE: "try:\n    pass\nexcept:\n    pass\n"},
    mended={CODE: "try:\n    pass\nexcept:\n    raise\n"},
)
NOTE = one_file(
    texts.nothing_is_left_to_do, 1, "docs/a.md", "TO" "DO: more\n", "All is there.\n"
)  # fmt: skip
MACHINE = (
    one_file(texts.no_machine_is_named, 1, "docs/a.md", "In /ho" "me/a/danchu\n", "In ~/danchu\n"),
    one_file(texts.no_machine_is_named, 1, "Makefile", "https://py" "pi.org\n", "pip install\n"),
)  # fmt: skip
SENTENCES = (
    one_file(texts.a_test_is_a_sentence, 1, TEST,
             'def test_fold():\n    """A."""\n', 'def test_fold_is_pure():\n    """A."""\n'),
    one_file(texts.a_test_is_a_sentence, 1, TEST,
             "async def test_fold_is_pure(): ...\n", 'def test_fold_is_pure():\n    """A."""\n'),
)  # fmt: skip
HEAD = "import pytest\n"
SKIPS = tuple(
    one_file(texts.a_skipped_test_says_why, 2, TEST, HEAD + faulty, HEAD + mended)
    for faulty, mended in (
        ("pytest.skip()", "pytest.skip('no engine')"),
        ("@pytest.mark.skip\ndef test(): ...", "@pytest.mark.skip('no engine')\ndef test(): ..."),
        ("pytestmark = pytest.mark.skipif(True)", "pytest.mark.skipif(True, reason='no engine')"),
        ("@pytest.mark.xfail()\ndef test(): ...",
         "@pytest.mark.xfail(reason='no engine')\ndef test(): ..."),
    )
)  # fmt: skip
SEEDS: tuple[Seed, ...] = (
    *DOCSTRINGS, *PACKAGES, WIDE, BARE, NOTE, *MACHINE, *SENTENCES, *SKIPS,
)  # fmt: skip
