"""Vietnamese words on an English page stand in an element with their language, and only there."""

from __future__ import annotations

import re

import pytest
from jinja2 import DictLoader

from contracts.messages import Message
from services.chassis.http.language import use_page_language
from services.chassis.web import vietnamese
from services.chassis.web.template_environment import template_environment

NAME = "Phường <b>Việt Trì"
SHOWN = "Phường &lt;b&gt;Việt Trì"
MARKED = f'<span lang="vi">{SHOWN}</span>'
PARTS = """{% macro heading(title) %}<h1 title="{{ title }}">{{ title }}</h1>{% endmacro %}"""


def page(template: str, language: str = "en", **values: object) -> str:
    """What a template prints on a page of a language."""
    use_page_language("vi" if language == "vi" else "en")
    environment = template_environment(["services.chassis.web"])
    environment.loader = DictLoader({"page": template, "parts": PARTS})
    return environment.get_template("page").render(name=NAME, **values)


@pytest.mark.parametrize(
    "template",
    [
        "<p>[name]</p>",
        '<p title="a > {{ name }}">[name]</p>',
        "<p{% if name %} id='{{ name }}'{% endif %}>[name]</p>",
        "<title>{{ name }}</title>[name]",
        "<select><option>{{ name }}</option></select>[name]",
        "<textarea rows='2'>\n{{ name }}</textarea><br/>[name]",
        "{% block title %}{{ name }}{% endblock %}",
        "{% block title %}{{ name }}{% endblock %}{% block content %}[name]{% endblock %}",
        "<script>if (1 < 2) {}</script><!doctype html>[name]",
    ],
)
def test_a_name_is_marked_where_an_element_may_stand(template: str) -> None:
    """Never within a tag, a title, an option or a text area; always in a text ([name] here)."""
    printed = template.replace("[name]", "{{ name }}")
    assert page(printed) == _expected(template).replace("[name]", MARKED)
    assert page(printed, "vi") == _expected(template).replace("[name]", SHOWN)


def _expected(template: str) -> str:
    return re.sub("{%.*?%}", "", template.replace("{{ name }}", SHOWN))


def test_what_is_no_vietnamese_text_is_printed_as_it_is() -> None:
    """Numbers, English texts, and what is markup already; a macro marks what it prints."""
    html = page(
        "{% import 'parts' as parts %}{{ 12 }} {{ 'plain' | upper }}{{ parts.heading(name) }}"
    )
    assert html == f'12 PLAIN<h1 title="{SHOWN}">{MARKED}</h1>'


def test_of_a_sentence_only_the_words_of_a_value_are_marked() -> None:
    """A reason of a rating stays English; the name of the indicator in it is Vietnamese."""
    reason = Message(
        "gate", "không qua: Nội dung công khai: 93,75 %, từ Xã Hy Cương đến Phòng Tư pháp",
        "not passed: Nội dung công khai: 93.75 %, from Xã Hy Cương to Phòng Tư pháp",
    )  # fmt: skip
    assert page("{{ reason }}", reason=reason) == (
        'not passed: <span lang="vi">Nội dung công khai</span>: 93.75 %, from '
        '<span lang="vi">Xã Hy Cương</span> to <span lang="vi">Phòng Tư pháp</span>'
    )
    assert page("{{ reason }}", "vi", reason=reason) == reason.vi


def test_a_sentence_of_a_catalogue_marks_its_values_and_its_own_vietnamese_words() -> None:
    """Also where a value is a message, and where the English sentence quotes Vietnamese."""
    use_page_language("en")
    band = Message("band", "Loại A (Xuất sắc)", "Class A (Xuất sắc)")
    way = vietnamese.page_sentence("services.scoring.web", "unit-next", {"name": band})
    assert way == "The way to Class A (Xuất sắc)"
    assert vietnamese.mark_vietnamese(way) == (
        'The way to Class A (<span lang="vi">Xuất sắc</span>)'
    )
    hint = vietnamese.page_sentence("services.training.pages", "hint-clause", {})
    assert '<span lang="vi">Điều</span> 4 ' in str(vietnamese.mark_vietnamese(hint))
    use_page_language("vi")
    way = vietnamese.page_sentence("services.scoring.web", "unit-next", {"name": band})
    assert vietnamese.mark_vietnamese(way) == "Đường tới Loại A (Xuất sắc)"


def test_brackets_that_somebody_typed_are_no_marks() -> None:
    """The characters that stand for marks inside are taken out of what was typed."""
    assert page("{{ typed }}", typed="\ue001Xã\ue000") == '<span lang="vi">Xã</span>'
    assert page("{{ typed }}", typed="English \ue000") == "English \ue000"


def test_an_option_of_vietnamese_words_alone_has_the_language_itself() -> None:
    """On an English page; a message says its own language."""
    option = "<option{{ language_mark(text) }}>{{ text }}</option>"
    assert page(option, text="Xã") == '<option lang="vi">Xã</option>'
    assert page(option, text=Message("all", "Tất cả", "All")) == "<option>All</option>"
    assert page(option, "vi", text="Xã") == "<option>Xã</option>"
    assert page(option, text=12) == "<option>12</option>"
