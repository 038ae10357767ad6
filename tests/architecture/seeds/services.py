"""Services that lack a file, a line of their README, or a name of their own."""

from __future__ import annotations

from tests.architecture.rules import services
from tests.architecture.seeds.seed import Seed

HOUSE = "services/intake"
PARTS = "Owns: a. Takes in: b. Emits: c."
README = f"{PARTS} `app`, `settings`, `api`, `handlers/courses`, `tables`, `migrations/`"
WHOLE = {
    f"{HOUSE}/__init__.py": f'"""{PARTS}"""',
    f"{HOUSE}/README.md": README,
    **{f"{HOUSE}/{name}.py": "" for name in
       ("app", "settings", "api", "handlers/__init__", "handlers/courses", "tables",
        "migrations/__init__", "migrations/env")},
}  # fmt: skip


def without(*paths: str) -> dict[str, str]:
    """The whole service, but for these files."""
    return {path: text for path, text in WHOLE.items() if path not in paths}


NO_TABLES = Seed(
    services.services_have_the_standard_files, f"{HOUSE}/__init__.py:1",
    without(f"{HOUSE}/tables.py"), WHOLE,
)  # fmt: skip
NO_MIGRATIONS = NO_TABLES._replace(faulty=without(f"{HOUSE}/migrations/env.py"))
NO_HANDLERS = NO_TABLES._replace(
    faulty=without(f"{HOUSE}/handlers/__init__.py", f"{HOUSE}/handlers/courses.py")
)
OWNS_NOTHING = tuple(
    Seed(services.services_state_what_they_own, f"{path}:1",
         {**WHOLE, path: WHOLE[path].replace("Takes in", "Hears")}, WHOLE)
    for path in (f"{HOUSE}/__init__.py", f"{HOUSE}/README.md")
)  # fmt: skip
UNNAMED = tuple(
    Seed(services.readme_names_every_module, f"{HOUSE}/README.md:1", 
         {**WHOLE, f"{HOUSE}/{path}": ""}, {f"{HOUSE}/README.md": README + " `lists`"})
    for path in ("lists.py", "lists/__init__.py", "handlers/lists.py")
)  # fmt: skip
TWICE = Seed(
    services.class_names_are_unique, "services/intake/b.py:2",
    {"services/intake/a.py": "class Receipt: ...\nclass _Own: ...\n",
     "services/intake/b.py": "class _Own: ...\nclass Receipt: ...\n",
     "services/scoring/a.py": "class Receipt: ...\n"},
    {"services/intake/b.py": "class _Own: ...\nclass Answer: ...\n"},
)  # fmt: skip
SEEDS = (NO_TABLES, NO_MIGRATIONS, NO_HANDLERS, *OWNS_NOTHING, *UNNAMED, TWICE)
