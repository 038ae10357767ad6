"""The headings of lists: those of our columns, those to ignore, and those to refuse. Pure.

Case, spaces, line breaks, punctuation and the place of tone marks do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from services.training.domain.names import fold_tones

SEARCHED_ROWS = 30
"""The number of rows from the top among which the headings are searched."""
ATTENDANCE: Mapping[str, str] = {
    "person": "Mã hệ thống", "number": "Số hiệu cán bộ", "name": "Họ và tên",
    "hours": "Số giờ", "test": "Kết quả kiểm tra",
}  # fmt: skip
ROSTER: Mapping[str, str] = {
    "person": "Mã hệ thống", "number": "Số hiệu cán bộ", "name": "Họ và tên", "role": "Vai trò",
    "since": "Từ ngày",
}  # fmt: skip
_ALIASES = {
    "person": (
        "Mã hệ thống", "Khóa hệ thống", "Mã định danh", "Mã trong hệ thống", "person",
        "person key", "system key",
    ),
    "number": (
        "Số hiệu cán bộ", "Số hiệu", "Số hiệu CB", "Số hiệu CBCC", "Số hiệu CBCCVC",
        "Số hiệu công chức", "Số hiệu viên chức", "Số hiệu cán bộ công chức", "Mã số cán bộ",
        "Mã cán bộ", "Mã CB", "Mã CBCC", "Mã số CBCC", "Mã nhân viên", "Mã số nhân viên",
        "number", "staff number", "staff no",
    ),
    "name": (
        "Họ và tên", "Họ tên", "Họ & tên", "Tên đầy đủ", "Họ và tên cán bộ", "Họ tên cán bộ",
        "Họ và tên học viên", "name", "full name",
    ),
    "hours": (
        "Số giờ", "Giờ", "Số giờ học", "Số giờ dự", "Số giờ tham dự", "Số giờ tham gia",
        "Số giờ có mặt", "Tổng số giờ", "Thời lượng (giờ)", "hours",
    ),
    "test": (
        "Kết quả kiểm tra", "Kết quả", "Kiểm tra", "KQ kiểm tra", "KQKT", "test", "test result",
    ),
    "role": ("Vai trò", "role"),
    "since": ("Từ ngày", "Ngày bắt đầu", "since", "from"),
}  # fmt: skip
_HARMLESS = (
    "STT", "Số TT", "TT", "Số thứ tự", "No", "#", "Chức vụ", "Chức danh", "Chức vụ, đơn vị",
    "Chức vụ/Đơn vị", "Đơn vị", "Đơn vị công tác", "Cơ quan", "Cơ quan, đơn vị", "Nơi công tác",
    "Phòng", "Phòng ban", "Bộ phận", "Tổ", "Tổ dân phố", "Khu dân cư", "Ghi chú", "Chữ ký",
    "Ký", "Ký tên", "Ký nhận", "Ký xác nhận", "Giới tính", "Nam", "Nữ", "Nam/Nữ", "Ngày sinh",
    "Năm sinh", "Ngày tháng năm sinh", "Dân tộc", "Điện thoại", "Số điện thoại", "SĐT", "ĐT",
    "Email", "Thư điện tử", "Địa chỉ", "Trình độ", "Trình độ chuyên môn", "Đảng viên",
    "position", "title", "unit", "department", "note", "notes", "remark", "remarks", "signature",
    "phone", "date of birth",
)  # fmt: skip


def plain(text: str) -> str:
    """A heading or a word in the form in which it is compared: lower case, without punctuation."""
    whole = unicodedata.normalize("NFKC", text).casefold()
    words = re.sub(r"[\s\u200b-\u200d\ufeff_*:.,;]+", " ", whole).strip()
    return re.sub(r"\w+", lambda word: fold_tones(word[0]), words)


_COLUMNS = {plain(alias): name for name, aliases in _ALIASES.items() for alias in aliases}
_IGNORED = frozenset(plain(heading) for heading in _HARMLESS)
_IDENTITY_WORDS = re.compile(
    r"(^|\s)(" + "|".join(plain(w) for w in (
        "cccd", "cmnd", "cmt", "cmtnd", "căn cước", "căn cước công dân", "số định danh cá nhân",
        "chứng minh nhân dân", "hộ chiếu", "identity card", "identity number",
    )) + r")(\s|$)"
)  # fmt: skip


def column_of(heading: str, columns: Mapping[str, str]) -> str | None:
    """The column of this list that a heading means; None for any other heading."""
    text = plain(heading)
    name = _COLUMNS.get(text) or _COLUMNS.get(re.sub(r"\s*\([^)]*\)$", "", text))
    return name if name in columns else None


def is_harmless(heading: str, columns: Mapping[str, str]) -> bool:
    """Whether a column under this heading is ignored: the list does not need it."""
    text = plain(heading)
    return text in _IGNORED or (text in _COLUMNS and _COLUMNS[text] not in columns)


def is_identity(heading: str) -> bool:
    """Whether a column under this heading has numbers of identity cards, which are refused."""
    return bool(_IDENTITY_WORDS.search(plain(heading)))


def is_known(heading: str) -> bool:
    """Whether any of our lists has this heading."""
    return plain(heading) in _COLUMNS
