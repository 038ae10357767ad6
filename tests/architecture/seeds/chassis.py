"""A chassis that serves one service alone, or knows one by its name."""

from __future__ import annotations

from tests.architecture.rules import chassis
from tests.architecture.seeds.seed import Seed

CLOCK = "services/chassis/clock.py"
TWO_USERS = {
    CLOCK: "",
    "services/chassis/relay/loop.py": "import services.chassis.clock\n",
    "services/intake/app.py": "import services.chassis.clock, services.chassis.relay.loop\n",
    "services/scoring/app.py": "import services.chassis.relay.loop\n",
}
ONE_USER = Seed(
    chassis.chassis_modules_have_two_users, f"{CLOCK}:1",
    {CLOCK: "", "services/intake/app.py": "import services.chassis.clock\n"},
    TWO_USERS,
)  # fmt: skip
NO_USER = Seed(chassis.chassis_modules_have_two_users, f"{CLOCK}:1", {CLOCK: ""}, TWO_USERS)
COMMANDS_ALONE = Seed(
    chassis.chassis_modules_have_two_users, f"{CLOCK}:1",
    {CLOCK: "", **{f"services/{path}.py": "import services.chassis.clock\n"
                   for path in ("cli", "commands/stack")}},
    TWO_USERS,
)  # fmt: skip
MADE_UP = {"services/scoring/app.py": "", "services/intake/app.py": ""}
WORDS = tuple(
    Seed(chassis.chassis_knows_no_service, f"{path}:2", {**MADE_UP, path: f"\n{faulty}\n"},
         {path: f"\n{mended}\n"})
    for path, faulty, mended in (
        (CLOCK, "scoring_clock = 1", "scores_clock = 1"),
        (CLOCK, "CONSUMER = 'intake'", "CONSUMER = 'taken in'"),
        (CLOCK, "# of Scoring alone", "# of one service"),
        (CLOCK, "RUBRICS = ()", "TABLES = ()"),
        ("services/chassis/messages.toml", "vi = 'scoring'", "vi = 'cham'"),
    )
)  # fmt: skip
SEEDS = (ONE_USER, NO_USER, COMMANDS_ALONE, *WORDS)
