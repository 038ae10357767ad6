"""Who may open which page, and which visits leave a line in the log of reads: one table.

A page without a row answers nobody, and a test compares the table with the routes. Which units a
person reads is checked where the unit is looked up (`access.units`). The pages of the public view,
where the settings allow it, have a table of their own: nobody signs in for them.
"""

from services.chassis.auth.credentials import READS_ALL, READS_MACHINERY
from services.scoring.access.permissions import (
    AUDITOR,
    COUNCIL,
    EVERY_ROLE,
    OPEN,
    OPERATOR,
    LogLine,
    Permission,
    decision,
    of_units,
)
from services.scoring.messages import message

EMITTER = frozenset(("emitter",))
SEES_QUARANTINE = Permission(READS_MACHINERY, message("the-quarantine"))


def step(code: str, roles: frozenset[str], purpose: str, what: str) -> dict[str, Permission]:
    """The rows of a step of a year: its form, what it will do, and the command, which is a line."""
    run = decision(roles, purpose, what)
    looked_at = Permission(roles, run.purpose)
    path = f"/desk/{{year}}/{code}"
    return {f"GET {path}": looked_at, f"POST {path}": looked_at, f"POST {path}/confirmed": run}


def entry_step(code: str, checked: bool = True) -> dict[str, Permission]:
    """The rows of a step about an entry of the quarantine; `checked`: its form is sent first."""
    looked_at = Permission(OPERATOR, message("access-quarantine"))
    run = decision(OPERATOR, "quarantine", f"quarantine-{code}")
    path = f"/quarantine/{{entry}}/{code}"
    form = {f"POST {path}": looked_at} if checked else {}
    return {f"GET {path}": looked_at, **form, f"POST {path}/confirmed": run}


PAGES = {
    # signing in
    "GET /": OPEN,
    "GET /sign-in": OPEN,
    "POST /sign-in": OPEN,
    "GET /signed-in": OPEN,
    "POST /sign-out": OPEN,
    "GET /sign-in/issuer": OPEN,
    "GET /sign-in/callback": OPEN,
    "GET /sign-out/issuer": OPEN,
    "GET /sign-out/back": OPEN,
    "GET /language/{language}": OPEN,
    # the overview of a year
    "GET /years": Permission(EVERY_ROLE),
    "GET /years/{year}": of_units("ratings"),
    "GET /years/{year}/activity": of_units("events"),
    # what-if
    "GET /years/{year}/what-if": Permission(READS_ALL, message("access-whatif")),
    "POST /years/{year}/what-if": Permission(READS_ALL, message("access-whatif")),
    "GET /years/{year}/what-if/{trial}": Permission(
        READS_ALL, message("access-whatif"), line=LogLine.OTHERS, what="whatif"
    ),
    "GET /years/{year}/what-if/{trial}/units.csv": Permission(
        READS_ALL, message("access-whatif"), line=LogLine.EACH, what="whatif"
    ),
    # the resolution
    "GET /years/{year}/resolution": Permission(
        READS_ALL, message("access-resolution"), line=LogLine.OTHERS, what="resolution"
    ),
    # the council's report
    "GET /years/{year}/report": Permission(
        READS_ALL, message("access-report"), line=LogLine.OTHERS, what="report"
    ),
    "GET /years/{year}/report.pdf": Permission(
        READS_ALL, message("access-report"), line=LogLine.EACH, what="report"
    ),
    # the year's desk
    "GET /desk": Permission(EVERY_ROLE),
    "GET /desk/{year}": Permission(EVERY_ROLE),
    "GET /desk/{year}/appeals": of_units("appeals"),
    "GET /desk/{year}/self-scores": of_units("self-scores"),
    "GET /desk/{year}/decisions": of_units("decisions"),
    "GET /desk/{year}/begin": Permission(COUNCIL | EMITTER, message("access-begin")),
    "GET /desk/{year}/verify": Permission(READS_ALL, message("access-verify")),
    "POST /desk/{year}/verify": Permission(
        READS_ALL, message("access-verify"), line=LogLine.EACH, what="verify"
    ),
    "GET /desk/{year}/seal.zip": Permission(
        READS_ALL, message("access-bundle"), line=LogLine.EACH, what="bundle"
    ),
    "GET /desk/{year}/draft.zip": Permission(
        READS_MACHINERY, message("access-draft-read"), line=LogLine.EACH, what="bundle"
    ),
    **step("publish", COUNCIL, "decide", "provisional"),
    **step("reopen", COUNCIL, "decide", "reopened"),
    **step("draft", OPERATOR, "draft-made", "sealed"),
    **step("signature", OPERATOR, "seal", "sealed"),
    **step("seal", AUDITOR, "seal", "sealed"),
    **step("drop", OPERATOR, "draft", "draft-drop"),
    # the quarantine
    "GET /quarantine": SEES_QUARANTINE,
    "GET /quarantine/{entry}": SEES_QUARANTINE,
    **entry_step("replay", checked=False),
    **entry_step("repair"),
    **entry_step("drop"),
    # the audit
    "GET /audit": Permission(READS_MACHINERY, message("access-audit")),
    "GET /audit/reads": Permission(AUDITOR, message("access-reads")),
    "GET /audit/signs": Permission(READS_MACHINERY, message("access-signs")),
    "GET /audit/signs/{year}": Permission(
        READS_MACHINERY, message("access-signs"), line=LogLine.OTHERS, what="signs"
    ),
    # a unit
    "GET /years/{year}/units/{unit}": of_units("sheet"),
    "GET /years/{year}/units/{unit}/events": of_units("events"),
    "GET /years/{year}/units/{unit}/history": of_units("history"),
    "GET /years/{year}/units/{unit}/compare": of_units("compare"),
    "GET /years/{year}/units/{unit}/files": of_units("rating"),
    "GET /years/{year}/units/{unit}/sheet.pdf": of_units("pdf", LogLine.EACH),
    "GET /years/{year}/units/{unit}/rating.xlsx": of_units("xlsx", LogLine.EACH),
    "GET /years/{year}/units/{unit}/proof.json": of_units("proof"),
}
PUBLIC_PAGES = {
    "GET /public": OPEN,
    "GET /public/years": OPEN,
    "GET /public/years/{year}": OPEN,
    "GET /public/years/{year}/units/{unit}": OPEN,
}
