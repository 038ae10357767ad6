"""A clock in the fold, SQL in a handler, and other I/O where none belongs."""

from __future__ import annotations

from tests.architecture.rules import purity
from tests.architecture.seeds.seed import Seed, one_file

CELLS = "services/scoring/fold/cells.py"
CLOCK_IN_THE_FOLD = one_file(
    purity.time_is_an_argument, 4, CELLS,
    "from datetime import datetime\n\ndef year():\n    return datetime.now().year\n",
    "from datetime import datetime\n\ndef year(moment: datetime):\n    return moment.year\n",
)  # fmt: skip
FILE_IN_THE_DOMAIN = one_file(
    purity.time_is_an_argument, 1, "services/training/domain/course.py",
    "TERMS = open('terms.txt')\n", "TERMS = ('course',)\n",
)  # fmt: skip
CHANCE_IN_THE_RATING = one_file(
    purity.time_is_an_argument, 2, "services/scoring/ratings/scores.py",
    "import uuid\nKEY = uuid.uuid4()\n", "import uuid\nKEY = uuid.uuid5(BASE, 'key')\n",
)  # fmt: skip
RUBRIC_READS_A_FILE = Seed(
    purity.time_is_an_argument, "services/scoring/rubrics/model.py:2",
    {f"services/scoring/rubrics/{name}.py": "from pathlib import Path\nPath('a').read_text()\n"
     for name in ("loader", "model")},
    {"services/scoring/rubrics/model.py": ""},
)  # fmt: skip
PURE = tuple(
    one_file(purity.decisions_are_pure, 1, path, f"import {library}\n", "import decimal\n")
    for path, library in (
        (CELLS, "time"),
        ("services/awards/domain.py", "sqlalchemy"),
        ("services/scoring/year/stages.py", "os.path"),
        ("services/scoring/ratings/sheet/lines.py", "asyncio"),
        ("services/scoring/rubrics/model.py", "urllib.request"),
        ("services/records/state_machine.py", "fastapi"),
    )
)
BY_ANOTHER = Seed(
    purity.decisions_are_pure, f"{CELLS}:1",
    {CELLS: "import services.scoring.errors\n", "services/scoring/errors.py": "import socket\n"},
    {"services/scoring/errors.py": ""},
)  # fmt: skip
HANDLER = "services/training/handlers/courses.py"
SQL = (
    one_file(purity.sql_lives_in_its_places, 1, HANDLER,
             "QUERY = 'SELECT 1 FROM course'\n", "QUERY = 'Select a course.'\n"),
    one_file(purity.sql_lives_in_its_places, 2, HANDLER,
             "key = 1\nQUERY = f'DELETE FROM course WHERE id = {key}'\n", "key = 1\n"),
    one_file(purity.sql_lives_in_its_places, 2, HANDLER,
             "from sqlalchemy import select\nQUERY = select()\n", "def select(): ...\nselect()\n"),
    one_file(purity.sql_lives_in_its_places, 2, HANDLER,
             "import sqlalchemy as sa\nQUERY = sa.text('')\n",
             '"""SELECT of a course is in queries."""\n'),
    Seed(purity.sql_lives_in_its_places, "services/scoring/stored/books.py:1",
         {f"services/scoring/{place}/books.py": "QUERY = 'UPDATE book SET a = 1'\n"
          for place in ("store", "stored")},
         {"services/scoring/stored/books.py": ""}),
)  # fmt: skip
ENVIRONMENT = one_file(
    purity.settings_alone_read_the_environment, 2, "services/intake/app.py",
    "import os\nHOST = os.environ['HOST']\n", "import os\n",
)  # fmt: skip
SEEDS = (
    CLOCK_IN_THE_FOLD, FILE_IN_THE_DOMAIN, CHANCE_IN_THE_RATING, RUBRIC_READS_A_FILE, *PURE,
    BY_ANOTHER, *SQL, ENVIRONMENT,
)  # fmt: skip
