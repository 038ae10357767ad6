"""Messages: a sentence in each language, and catalogues that hold exactly what is said."""

from __future__ import annotations

import ast
import pickle
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from contracts.messages import Message, at_line, catalogue, join_lines, join_messages, templates
from services.chassis.auth.credentials import Credential, role_missing
from services.chassis.http.language import negotiate

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for top in ("contracts", "services")
    for path in (ROOT / top).rglob("messages.toml")
)
SHARED_BY_PAGES = ("services.chassis.web", "contracts", "services.records.pages")
OF_RECORDS = "services/records/pages/templates/*.html"
"""Templates of all kinds of record, which say sentences of the service that uses them."""
VIETNAMESE = re.compile(
    r"[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]", re.I
)


def places(sentence: str) -> set[str]:
    """The names of the places of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def calls(package: str) -> Iterator[tuple[str, set[str] | None]]:
    """Each code that a package's modules say, with its places; None where `**` gives them.

    A code that is put together gives its constant beginning and a star.
    """
    for path in (ROOT / package.replace(".", "/")).glob("**/*.py"):
        source = path.read_text(encoding="utf-8")
        if f"from {package}.messages import" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, None
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield f"{node.values[0].value!s}*", None
            if isinstance(node, ast.Call) and ast.unparse(node).startswith("label(message, "):
                yield f"{ast.literal_eval(node.args[1])}-*", None
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "message":
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    names = {one.arg for one in node.keywords}
                    yield str(first.value), None if None in names else {str(one) for one in names}


def template_calls(package: str) -> Iterator[tuple[str, set[str] | None]]:
    """As `calls`, of the templates of pages, which also say sentences that all pages share."""
    shared = package in SHARED_BY_PAGES
    own = [*ROOT.glob(f"{package.replace('.', '/')}/templates/*.html")]
    own += ROOT.glob(OF_RECORDS) if package.endswith(".pages") else ()
    for path in ROOT.glob("services/**/templates/*.html") if shared else own:
        for call in Environment().parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name) or call.node.name != "t":
                continue
            code = call.args[0]
            if isinstance(code, nodes.Concat):
                yield f"{code.nodes[0].as_const()}*", None
            elif (text := str(code.as_const())) in templates(package):
                yield text, {each.key for each in call.kwargs}
            elif not shared:
                assert any(text in templates(each) for each in SHARED_BY_PAGES), (path, text)


def notices(package: str) -> Iterator[tuple[str, None]]:
    """The sentences that a page names for the next one: `see_other(address, "saved")`."""
    for path in (ROOT / package.replace(".", "/")).glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "attr", "")
            if isinstance(node, ast.Call) and name == "see_other" and len(node.args) > 1:
                code = node.args[1]
                if isinstance(code, ast.JoinedStr) and isinstance(code.values[0], ast.Constant):
                    yield f"notice-{code.values[0].value!s}*", None
                else:
                    yield f"notice-{ast.literal_eval(code)}", None


@pytest.mark.parametrize("package", PACKAGES)
def test_each_sentence_stands_in_both_languages_with_the_same_places(package: str) -> None:
    """Vietnamese looks like Vietnamese, and no value of a sentence is lost in translation."""
    for code, sentences in templates(package).items():
        assert sentences.keys() - {"page_vi", "page_en"} == {"vi", "en"}, code
        for whose in ("", "page_") if sentences.keys() - {"vi", "en"} else ("",):
            vi, en = sentences[f"{whose}vi"], sentences[f"{whose}en"]
            assert VIETNAMESE.search(vi), code
            assert not VIETNAMESE.search(re.sub(r'"[^"]*"', "", en)), code
            assert places(vi) == places(en), code


COUNTED = re.compile(
    r"\{(limit|number|count|seconds|events|rows|minutes|size|left|ratings|fields|tables|ledger)"
    r"(?::count)?\} "
    r"(steps|characters|rows|errors|bytes|seconds|requests|entries|events|keys|lines|tables)\b"
    "(?! than)"
)
"""A number that may be 1, and a noun that fits any other."""


VARIANTS = re.compile(
    r"(?<!q)(o[áàảãạéèẻẽẹ]|u[ýỳỷỹỵ])(?!\w)|\bbỏ trống\b|\btình trạng\b(?! (hoạt động|hiện tại))"
    r"|\bhàng\b(?! loạt)",
    re.I,
)
"""Spellings and words of which the catalogues have another one: hóa, hủy, để trống, trạng thái,
dòng (a row of a list), tiêu chí (an indicator; chỉ tiêu is the number that it asks for), quản trị
hệ thống, kiểm soát viên, cửa tiếp nhận."""


@pytest.mark.parametrize("package", PACKAGES)
def test_the_same_thing_is_written_in_one_way(package: str) -> None:
    """Pages of different services stand beside each other: one spelling, one word for a thing."""
    sentences = {code: each["vi"] for code, each in templates(package).items()}
    assert [code for code, text in sentences.items() if VARIANTS.search(text)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_noun_agrees_with_the_number_before_it(package: str) -> None:
    """`At least 1 entries` is no English: such a noun stands as `{limit:entry|entries}`."""
    sentences = {code: each["en"] for code, each in templates(package).items()}
    assert [code for code, text in sentences.items() if COUNTED.search(text)] == []


def test_a_word_follows_its_number() -> None:
    """One entry and two entries; Vietnamese has one form."""
    sentence = catalogue("services.chassis")
    for limit, text in ((1, "has at least 1 entry"), (2, "has at least 2 entries")):
        assert sentence("field-few", limit=limit).en == text
        assert sentence("field-few", limit=limit).vi == f"phải có ít nhất {limit} mục"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_catalogue_holds_what_is_said_and_nothing_more(package: str) -> None:
    """No code is missing, none is without a place that says it, and each place gets its value."""
    known = templates(package)
    used: set[str] = set()
    for code, given in (*calls(package), *template_calls(package), *notices(package)):
        if code.endswith("*"):
            used |= {one for one in known if one.startswith(code[:-1])}
        elif given is not None:
            assert code in known, code
            of_page = places(known[code].get("page_en", ""))
            assert given == places(known[code]["en"]) | of_page, code
        used.add(code)
    assert known.keys() - used == set()


SPEAKS_OF_TOKENS = re.compile(r"mã truy cập|\b(this|a|of the|one) token|\btokens|credential", re.I)
TO_PROGRAMS = re.compile(
    r"token-\w+|oidc-\w+(-\w+)*|requests-(rate|of-token)|keys-tokens|revocations-full"
    r"|credential(s-shape|-unknown)|error-401-sign-in|home-developers-text"
)
"""Sentences that no page says to a person who signed in, and one that is about programs."""
PAGE_SERVICES = ("chassis", "records", "intake", "training", "awards", "violations", "scoring")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_person_who_signed_in_has_no_token(package: str) -> None:
    """A sentence about a token also stands in the words of a page, which name none."""
    top = package.split(".")[1:2] or [""]
    for code, sentences in templates(package).items():
        if top[0] not in PAGE_SERVICES or TO_PROGRAMS.fullmatch(code):
            continue
        for language in ("vi", "en"):
            text = sentences.get(f"page_{language}", sentences[language])
            assert not SPEAKS_OF_TOKENS.search(text), (package, code, text)


def test_a_sentence_may_stand_in_other_words_on_a_page() -> None:
    """A person reads roles in words, a program by their codes; also within another sentence."""
    sentence = catalogue("services.chassis")
    refused = role_missing(Credential("clerk"), {"council", "auditor"}, '"x"').detail
    assert refused.en == '"x" needs the role auditor or council; this token has the role clerk.'
    assert refused.page is not None and refused.page.en == (
        "this is for the role council or auditor alone; you are signed in with the role clerk."
    )
    assert sentence("one-of", others=refused, last="x").page is None
    assert pickle.loads(pickle.dumps(refused)).page.vi == refused.page.vi != refused.vi


def test_a_message_keeps_both_languages_and_its_code_when_it_travels() -> None:
    """Workers answer in messages too; nested and joined ones stay in their language."""
    one = Message("a.b", "còn thiếu", "is missing")
    copy = pickle.loads(pickle.dumps(one))
    assert (copy, copy.code, copy.vi, copy.en) == (one, "a.b", "còn thiếu", "is missing")
    assert str(one) == "còn thiếu / is missing"
    assert join_messages([one, one]).vi == "còn thiếu; còn thiếu"


def test_a_message_of_a_file_names_its_line_once_in_each_language() -> None:
    """Both languages side by side on one line, also when it has travelled."""
    fault = at_line("a.yaml", 3, Message("a.b", "còn thiếu", "is missing"))
    both = join_lines([fault, fault])
    assert fault == "a.yaml:3: còn thiếu / is missing" == pickle.loads(pickle.dumps(fault))
    assert (fault.vi, fault.en) == ("a.yaml:3: còn thiếu", "a.yaml:3: is missing")
    assert both.splitlines() == [fault, fault] and both.en.splitlines() == [fault.en, fault.en]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("vi-VN,vi;q=0.9,en-US;q=0.8", "vi"), ("en-GB", "en"), ("*", None), ("", None),
        ("fr;q=1, en;q=0.2", "en"), ("vi;q=0", None), ("en;q=x, vi;q=0.1", "vi"), ("de", None),
    ],
)  # fmt: skip
def test_a_caller_is_answered_in_the_language_that_it_prefers(
    header: str, language: str | None
) -> None:
    """By the weights of Accept-Language; in both languages where it prefers neither."""
    assert negotiate(header) == language
