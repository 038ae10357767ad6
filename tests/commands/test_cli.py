"""Every command teaches: an example, exit codes; and answers machines in JSON."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from contracts.messages import catalogue
from services.__main__ import main
from services.chassis.auth.credentials import Verifier, development_issuer, write_tokens
from services.chassis.auth.public_keys import TokenKeys
from services.cli import app
from services.commands import event_commands, operator, rating_commands
from services.commands.command_runner import CODES

ROOT = Path(__file__).parents[2]
RUBRIC = ROOT / "services" / "scoring" / "rubrics" / "viet-tri-2025-commune.yaml"
PROMISED = {
    "up", "serve", "migrate", "provision", "emit", "rate", "rebuild", "audit", "resend",
    "simulate", "token", "token revoke", "token revoked",
    "account add", "account list", "account password", "account remove",
    "carry", "recount", "verify",
    "whatif", "backup", "restore", "rubric check",
    "quarantine list", "quarantine show",
    "quarantine replay", "quarantine drop", "quarantine aside",
    "export", "keys make", "keys show", "keys adopt", "keys rotate", "keys retire",
    "keys cluster",
    "door list", "door retire",
    "history", "year show", "year open", "year provisional", "year seal", "year reopen",
    "seal keygen", "seal sign", "nats credentials", "nats revoke", "nats list", "nats reload",
    "nats config",
}  # fmt: skip
FOR_MACHINES = ["emit", "rate", "rebuild", "audit", "resend", "token", "token revoke",
                "migrate", "provision", "keys rotate",
                "recount", "verify", "rubric check", "quarantine list", "quarantine replay",
                "carry", "export", "history", "year show", "year provisional", "year seal",
                "year reopen", "backup", "restore"]  # fmt: skip


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its whole name."""
    for name, command in group.commands.items():
        if getattr(command, "invoke_without_command", False):
            yield f"{before}{name}", command
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


ALL = dict(commands(typer.main.get_command(app)))


def danchu(*arguments: str, **env: str) -> Any:
    """Runs a command in this process."""
    return CliRunner().invoke(app, list(arguments), env=env)


def test_the_commands_are_those_of_the_interface() -> None:
    """None is missing, and none is there that nobody asked for."""
    assert ALL.keys() == PROMISED


@pytest.mark.parametrize("name", ALL)
def test_help_teaches_by_an_example_and_the_exit_codes(name: str) -> None:
    """The example is a call of the command itself, and its options exist."""
    command = ALL[name]
    examples = re.findall(r"example: (.+)", command.epilog)
    assert examples and CODES in command.epilog and command.help
    options = {option for item in command.params for option in item.opts}
    for example in examples:
        assert f"danchu {name}" in example
        own = example[example.index(f"danchu {name}") :].partition("|")[0]
        assert set(re.findall(r" (--[a-z-]+)", own)) <= options


def test_commands_that_machines_read_have_json() -> None:
    """`simulate` and `quarantine show` write JSON anyway, `up` and `serve` are for people."""
    with_json = [name for name, command in ALL.items()
                 if any("--json" in item.opts for item in command.params)]  # fmt: skip
    assert set(FOR_MACHINES) <= set(with_json)


def test_a_token_is_narrowed_and_its_role_is_checked(tmp_path: Path) -> None:
    """JSON names what it may do; an unknown role is refused with the known ones."""
    write_tokens(tmp_path)
    home = ["--home", str(tmp_path)]
    issued = json.loads(
        danchu("token", "--role", "emitter", "--unit", "H44.1", *home, "--json").output
    )
    assert issued["units"] == ["H44.1"] and issued["token"].count(".") == 2
    assert len(issued["jti"]) == 36  # by which it can be revoked
    plain = danchu("token", "--role", "hr", *home)
    assert (plain.exit_code, plain.output.count("\n")) == (0, 1)
    refusal = danchu("token", "--role", "king", *home)
    assert refusal.exit_code == 2 and "auditor" in refusal.output


def test_a_token_says_whom_it_is_given_to(tmp_path: Path) -> None:
    """The journals name its holder, where it was the role alone; a name is short and printable."""
    write_tokens(tmp_path)
    home = ["--home", str(tmp_path)]
    plain = json.loads(danchu("token", "--role", "council", *home, "--json").output)
    command = ("token", "--role", "council", "--name", "thư ký hội đồng", *home, "--json")
    issued = json.loads(danchu(*command).output)
    verifier = Verifier(TokenKeys((development_issuer(tmp_path).key.public_key(),)))
    for signed, name in ((plain, "council"), (issued, "thư ký hội đồng")):
        assert signed["name"] == name
        assert verifier.credential(f"Bearer {signed['token']}").name == name
    for name in ("", " ", "a\nb", "x" * 201):
        run = danchu("token", "--role", "council", "--name", name, *home)
        assert run.exit_code == 2 and "--name" in run.output


@pytest.mark.parametrize(
    ("arguments", "work", "result"),
    [
        (("audit",), "audit", []),
        (("resend", "--since", "2025-01-01"), "resend", {}),
    ],
)
def test_long_commands_show_what_is_done_of_how_much(
    arguments: tuple[str, ...], work: str, result: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the work says goes to the bar on the terminal."""
    steps: list[tuple[int, int]] = []

    async def working(*parameters: Any) -> Any:
        parameters[-1](1, 2)
        return result

    @contextlib.contextmanager
    def progress_bar(what: str, total: int | None) -> Iterator[Any]:
        yield lambda *step: steps.append(step)

    monkeypatch.setattr(operator, work, working)
    for commands_ in (rating_commands, event_commands):
        monkeypatch.setattr(commands_, "progress_bar", progress_bar)
    assert danchu(*arguments).exit_code == 0
    assert steps == [(1, 2)]


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"hr": 1}'])
def test_broken_tokens_are_named(tmp_path: Path, content: str) -> None:
    """The file and the fault, exit code 2, and no traceback."""
    (tmp_path / "tokens.json").write_text(content)
    for command in (("rate", "--year", "2025"), ("emit", str(RUBRIC))):
        run = danchu(*command, "--home", str(tmp_path))
        assert run.exit_code == 2
        assert "tokens.json cannot be used" in run.output.replace("\n", "")


def test_nobody_at_the_address(tmp_path: Path) -> None:
    """The address and the way out are said."""
    write_tokens(tmp_path)
    command = ("rate", "--year", "2025", "--url", "http://127.0.0.1:9", "--home", str(tmp_path))
    run = danchu(*command)
    assert run.exit_code == 2 and "danchu up" in run.output
    assert danchu("rate", "--year", "2025", "--home", str(tmp_path / "none")).exit_code == 2


@pytest.mark.parametrize("name, value", [("PORT", "0"), ("PORT", "x"), ("NATS_PORT", "70000")])
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, tmp_path: Path) -> None:
    """By the name in the environment."""
    run = danchu("up", "--home", str(tmp_path), **{f"DANCHU_{name}": value})
    assert run.exit_code == 2 and f"DANCHU_{name} cannot be used" in run.output


def test_a_rubric_is_judged_for_machines(tmp_path: Path) -> None:
    """Faults with exit code 1, remarks with 0."""
    well = danchu("rubric", "check", str(RUBRIC), "--json")
    assert (well.exit_code, json.loads(well.output)["faults"]) == (0, [])
    (tmp_path / "x.yaml").write_text("id: x\n")
    refusal = danchu("rubric", "check", str(tmp_path / "x.yaml"), "--json")
    answer = json.loads(refusal.output)
    assert refusal.exit_code == 1 and "x.yaml" in answer["faults"][0]
    assert "x.yaml:1: bộ tiêu chí: trường vi: còn thiếu" in answer["faults_vi"]
    assert "x.yaml:1: rubric: vi is missing" in answer["faults_en"]
    assert json.loads(well.output)["remarks_vi"] != json.loads(well.output)["remarks_en"]


def test_breaking_off_while_the_commands_load_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the first second prints no traceback of imports."""

    class Loading(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "services.cli", Loading("services.cli"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_a_reader_that_goes_away_ends_a_simulation_quietly() -> None:
    """`danchu simulate | head -1` prints one line and no traceback."""
    command = [sys.executable, "-m", "services.cli", "simulate", "--year", "2025"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    assert json.loads(process.stdout.readline())["specversion"] == "1.0"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) in (0, 1)


def test_a_simulation_onto_a_full_disk_says_so() -> None:
    """/dev/full stands for one."""
    command = [sys.executable, "-m", "services.cli", "simulate", "--year", "2025"]
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (2, "Ổ đĩa đã đầy / The disk is full.\n")


@pytest.mark.parametrize("unit", ["bad unit", "h44.1", "H44.1.", "H44.1,H44.2"])
def test_a_token_for_what_is_no_unit_is_not_made(unit: str, tmp_path: Path) -> None:
    """It would fit nothing, and nobody would be told why."""
    refusal = danchu("token", "--role", "clerk", "--unit", unit, "--home", str(tmp_path))
    assert refusal.exit_code == 2
    assert "--unit" in refusal.output


def test_a_token_of_a_unit_has_sources_of_its_own(tmp_path: Path) -> None:
    """One prefix where none is named, and never any source: H44.1 is no beginning of H44.10."""
    write_tokens(tmp_path)
    home = ("--home", str(tmp_path))
    run = danchu("token", "--role", "emitter", "--unit", "H44.1", *home, "--json")
    assert json.loads(run.output)["sources"] == ["urn:danchu:unit:H44.1:"]
    named_token = danchu(
        "token", "--role", "emitter", "--unit", "H44.1", "--source", "urn:x:", *home, "--json"
    )
    assert json.loads(named_token.output)["sources"] == ["urn:x:"]
    for source in ("*", "", " "):
        refused = danchu("token", "--role", "emitter", "--unit", "H44.1", "--source", source, *home)
        assert refused.exit_code == 2 and "--source" in refused.output
    every = danchu("token", "--role", "emitter", *home, "--json")
    assert json.loads(every.output)["sources"] == ["*"]


def test_a_fault_of_danchu_itself_is_a_sentence_with_a_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the code after which `up` does not start a part again; the trace is there on demand."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(operator, "audit", broken)
    run = danchu("audit", "--home", str(tmp_path))
    assert run.exit_code == 3 and "ZeroDivisionError" in run.output
    assert "Traceback" not in run.output and "lỗi của chính danchu" in run.output.lower()
    traced = danchu("audit", "--home", str(tmp_path), DANCHU_LOG_LEVEL="debug")
    assert traced.exit_code == 3 and "Traceback" in traced.output


def test_help_is_in_both_languages() -> None:
    """What a command does, its options, and the titles above them."""
    for arguments in (("--help",), ("rate", "--help"), ("emit", "--help")):
        text = " ".join(danchu(*arguments, COLUMNS="200").output.split())
        assert "Tùy chọn / Options" in text and "hiện hướng dẫn này" in text
    assert "năm xếp loại / the rating year" in " ".join(
        danchu("rate", "--help", COLUMNS="200").output.split()
    )


def test_the_audit_gives_each_difference_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one text, and for machines in each language beside it."""
    differs = catalogue("services.scoring")("differs-folded", ledger=4, folded=5)

    async def audit(*_: Any) -> list[str]:
        return [differs]

    monkeypatch.setattr("services.commands.operator.audit", audit)
    result = danchu("audit", "--home", str(tmp_path), "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert answer == {"differs": [differs], "differs_vi": [differs.vi], "differs_en": [differs.en]}
