"""The refusal of a list: nothing of it was accepted, and every bad row is named."""

from collections.abc import Iterable, Sequence

from services.chassis.http.problems import FieldError, Problem
from services.training.attendance_files.list_layout import ListFault
from services.training.messages import message


class ListRefused(Problem):
    """A list of which nothing was accepted; every bad row is named with its reason."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        single = len(errors) == 1
        many = message("list-refused", count=len(errors))
        super().__init__(422, message("list-refused-one") if single else many, errors)


def field_errors(faults: Iterable[ListFault]) -> list[FieldError]:
    """Faults of a list as errors of an answer."""
    return [{"field": fault.field, "message": fault.message} for fault in faults]
