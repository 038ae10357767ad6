"""A whole run: every asked measurement on every asked database, danchu and baseline by turns."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

from tests.bench import abuse, live, measures, telemetry, tutorial_side, what_if
from tests.bench.backlog import alone, backlog_rows, catch_up
from tests.bench.city import City, write_batches
from tests.bench.exports import exports
from tests.bench.figures import Figure, Report
from tests.bench.ground import POSTGRESQL, SQLITE, Ground, prepared
from tests.bench.pages import PAGES as PAGE_PATHS
from tests.bench.pages import READERS, pages
from tests.bench.past import past
from tests.bench.sealing import entries_per_second
from tests.bench.verifying import verifying

FOLD, RATING, REBUILD, DOOR = "fold", "rating", "rebuild", "door"
RELAY, STAGES, ABUSE, EXPORTS = "relay", "stages", "abuse", "exports"
WHAT_IF, BESIDE, LIVE = "what-if", "what-if-beside", "what-if-live"
SEALS, PAST, SEALING, TELEMETRY = "seals", "past", "sealing", "telemetry"
PAGES = "pages"
PARTS = (
    FOLD, RATING, REBUILD, EXPORTS, PAST, WHAT_IF, BESIDE, LIVE, SEALING, DOOR, RELAY, SEALS, ABUSE,
    STAGES, TELEMETRY, PAGES,
)  # fmt: skip
ON_FOLDED = {FOLD, RATING, REBUILD, EXPORTS, PAST, WHAT_IF, SEALING}
"""What is measured on what a fold left."""
DATABASES = (POSTGRESQL, SQLITE)
FOLD_RATIO = {POSTGRESQL: 40.0, SQLITE: 30.0}
RATING_RATIO, DOOR_TARGET, REBUILD_TARGET, MEMORY_TARGET = 6.0, 4_000.0, 60_000.0, 300.0
HEALING_TARGET = REBUILD_TARGET / 2
RELAY_TARGET = 10_000.0
WAIT_TARGET = 2_000.0
LIST_TARGET, SHEET_TARGET = 2_000.0, 300.0
POINTS_TARGET, RULES_TARGET, BESIDE_RATIO = 1.0, 12.0, 0.9
SEAL_TARGET, VERIFY_TARGET = 10.0, 5.0
YEAR_TARGET, UNIT_TARGET = 6.0, 150.0
ENTRIES_TARGET = 10_000.0
PAGE_TARGET, SIZE_TARGET, CROWD_TARGET = 50.0, 100.0, 300.0
EXPORTED_FOLD_RATIO, EXPORTED_RATING_RATIO, SILENT_PERCENT = 1.05, 1.1, 0.5
BATCH = 1000
log = Console(stderr=True)


@dataclass(frozen=True)
class Options:
    """What to measure, with how many events, how often."""

    city: City = field(default_factory=City)
    tutorial_events: int = 3_000
    door_events: int = 40_000
    backlog: int = 100_000
    abuse: abuse.Size = field(default_factory=abuse.Size)
    repeat: int = 3
    seconds: float = 5.0
    only: tuple[str, ...] = PARTS
    databases: tuple[str, ...] = DATABASES
    command: str = "python -m tests.bench"
    entries: int = 100_000
    pairs: int = 7


class Figures:
    """The figures of one database; those not asked for are measured where others need them."""

    def __init__(self, database: str) -> None:
        self.fold = Figure(
            "backlog to ratings", database, "events/s", "ratio", FOLD_RATIO[database]
        )
        self.memory = Figure("memory of the fold", database, "MB", "at most", MEMORY_TARGET)
        self.rating = Figure("one rating", database, "answers/s", "ratio", RATING_RATIO)
        self.rebuild = Figure("rebuild", database, "events/s", "at least", REBUILD_TARGET)
        self.healing = Figure(
            "rebuild, every fact lost", database, "events/s", "at least", HEALING_TARGET
        )
        self.files = [
            Figure(name, database, "ms", "at most", target)
            for name, target in (
                ("the year as CSV", LIST_TARGET), ("the year as XLSX", LIST_TARGET),
                ("one sheet as PDF", SHEET_TARGET),
            )
        ]  # fmt: skip
        self.door = Figure("door, by 1,000", database, "events/s", "at least", DOOR_TARGET)
        self.relay = Figure(
            "outbox to stream, four writers beside", database, "rows/s", "at least", RELAY_TARGET
        )
        self.what_ifs = [
            Figure(f"what-if, {about}", database, "s", "at most", target)
            for about, target in (
                ("other points, the first", POINTS_TARGET), ("other points", POINTS_TARGET),
                ("rules of one indicator", RULES_TARGET), ("all rules", RULES_TARGET),
            )
        ]  # fmt: skip
        self.past = [
            Figure(name, database, unit, "at most", target)
            for name, unit, target in (
                ("a year as of an instant, the first", "s", YEAR_TARGET),
                ("a year as of an instant", "ms", UNIT_TARGET),
                ("one unit as of an instant", "ms", UNIT_TARGET),
                ("a page of its history", "ms", 2 * UNIT_TARGET),
            )
        ]  # fmt: skip
        self.beside = Figure(
            "backlog to ratings beside what-ifs", database, "events/s", "ratio", BESIDE_RATIO
        )
        self.live = Figure(
            "events as they arrive, beside what-ifs", database, "events/s", "ratio", BESIDE_RATIO
        )
        self.seals = [
            Figure(name, database, "s", "at most", target)
            for name, target in (
                ("a seal, without the database", SEAL_TARGET), ("its check", VERIFY_TARGET),
                ("its ratings again", 4 * VERIFY_TARGET),
            )
        ]  # fmt: skip
        self.sealing = Figure(
            "draft and seal of a year", database, "entries/s", "at least", ENTRIES_TARGET
        )
        self.exported_fold, self.exported_rating = (
            Figure(f"{name}, with telemetry", database, unit, "ratio at most", target)
            for name, unit, target in (
                ("backlog to ratings", "CPU µs/event", EXPORTED_FOLD_RATIO),
                ("one rating", "CPU µs/answer", EXPORTED_RATING_RATIO),
            )
        )
        self.silent = Figure(
            "telemetry that is off, of the fold", database, "%", "at most", SILENT_PERCENT
        )
        self.pages = {
            name: (
                Figure(f"page {name}, p99", database, "ms", "at most", PAGE_TARGET),
                Figure(f"page {name}, with all it loads", database, "kB", "at most", SIZE_TARGET),
            )
            for name in PAGE_PATHS
        }
        self.crowd = Figure(
            f"pages, {READERS} readers, p99", database, "ms", "at most", CROWD_TARGET
        )
        self.waits = {
            name: (_wait(name, "worst", database), _wait(name, "median", database))
            for name in (*abuse.NAMES, abuse.FLOODED)
        }

    def asked(self, only: tuple[str, ...]) -> list[Figure]:
        """What was asked for, in the order of the table."""
        by_part = {
            FOLD: [self.fold, self.memory], RATING: [self.rating], DOOR: [self.door],
            REBUILD: [self.rebuild, self.healing], RELAY: [self.relay], EXPORTS: self.files,
            WHAT_IF: self.what_ifs, BESIDE: [self.beside], LIVE: [self.live],
            SEALS: self.seals, PAST: self.past, SEALING: [self.sealing],
            TELEMETRY: [self.exported_fold, self.exported_rating, self.silent],
            PAGES: [*(figure for pair in self.pages.values() for figure in pair), self.crowd],
            ABUSE: [figure for pair in self.waits.values() for figure in pair],
        }  # fmt: skip
        return [figure for part, found in by_part.items() if part in only for figure in found]


def _wait(name: str, which: str, database: str) -> Figure:
    return Figure(f"others beside {name}, {which}", database, "ms", "at most", WAIT_TARGET)


async def run(options: Options) -> Report:
    """Measures; NotExact instead of a figure where a result is wrong."""
    log.print("filling the stream, and computing what has to come of it", style="dim")
    async with prepared(options.city, options.tutorial_events, options.databases) as ground:
        report = Report(
            options.command, options.city.events, options.city.units, ground.expected.checked
        )
        file = ground.folder / "batches.ndjson"
        batches = write_batches(options.city, options.door_events, BATCH, file)
        waiting = backlog_rows(options.city, options.backlog) if RELAY in options.only else []
        for database in options.databases:
            figures = Figures(database)
            for number in range(1, options.repeat + 1):
                log.print(f"{database}, {number} of {options.repeat}", style="dim")
                await _scoring(ground, database, options, figures)
                await _what_ifs(ground, database, options, figures)
                if DOOR in options.only:
                    async with ground.database(database) as url:
                        figures.door.add(await measures.door(ground, url, batches))
                if RELAY in options.only:
                    async with ground.database(database) as url:
                        caught = await catch_up(ground, url, waiting)
                    figures.relay.add(
                        caught.per_second, await alone(ground, waiting), written=caught.written
                    )
                if SEALS in options.only:
                    for figure, seconds in zip(
                        figures.seals, verifying(options.city, options.entries), strict=True
                    ):
                        figure.add(seconds)
                if PAGES in options.only:
                    await _pages(ground, database, options, figures)
                if ABUSE in options.only:
                    await _abuse(ground, database, options, figures)
            if TELEMETRY in options.only:
                await _telemetry(ground, database, options, figures)
            if STAGES in options.only:
                async with ground.database(database) as url:
                    report.stages[database] = await measures.stages(ground, url)
            report.figures += figures.asked(options.only)
    return report


async def _scoring(ground: Ground, database: str, options: Options, figures: Figures) -> None:
    """Fold, and on what it folded one rating and the rebuild; each beside its baseline."""
    if not ON_FOLDED & set(options.only):
        return
    async with ground.database(database) as url:
        folded = await measures.fold(ground, url)
        await measures.check_ratings(ground, url, "the fold")
        if RATING in options.only:
            await _rating(ground, database, url, options.seconds, figures.rating)
        if EXPORTS in options.only:
            for figure, milliseconds in zip(figures.files, await exports(ground, url), strict=True):
                figure.add(milliseconds)
        if PAST in options.only:
            for figure, spent_on in zip(figures.past, await past(url), strict=True):
                figure.add(spent_on)
        if WHAT_IF in options.only:
            spent = await what_if.seconds(ground, url)
            for figure, each in zip(figures.what_ifs, spent, strict=True):
                figure.add(each)
        if REBUILD in options.only:
            figures.rebuild.add(await measures.rebuild(ground, url))
            await measures.spoil(url)
            figures.healing.add(await measures.rebuild(ground, url))
        if SEALING in options.only:
            figures.sealing.add(await entries_per_second(ground, url))
    if FOLD in options.only:
        async with ground.database(database) as url:
            theirs = await tutorial_side.fold(ground, url)
        ours = ground.stream.messages / folded.seconds
        figures.fold.add(ours, theirs, seconds=folded.seconds)
        figures.memory.add(folded.peak_mb)


async def _what_ifs(ground: Ground, database: str, options: Options, figures: Figures) -> None:
    """The fold beside what-ifs: with a backlog, and with events as they arrive."""
    if BESIDE in options.only:
        async with ground.database(database) as url:
            beside = await what_if.fold_beside(ground, url)
        figures.beside.add(beside.beside, beside.alone, answers=beside.answers)
    if LIVE in options.only:
        async with ground.database(database) as url:
            arrived = await live.fold_live(ground, url)
        figures.live.add(
            arrived.beside, arrived.alone, answers=arrived.answers,
            behind_s=arrived.behind, behind_alone_s=arrived.behind_alone,
        )  # fmt: skip


async def _telemetry(ground: Ground, database: str, options: Options, figures: Figures) -> None:
    """What telemetry costs, by pairs; each fold is the one with telemetry in every second pair."""
    off = await telemetry.silent(ground, database)
    figures.silent.add(off.percent, nanoseconds=off.nanoseconds)
    async with telemetry.traced(ground) as grounds:
        for number in range(1, options.pairs + 1):
            log.print(f"{database}, pair {number} of {options.pairs}", style="dim")
            costs = await telemetry.costs(grounds, database, options.seconds)
            figures.exported_fold.add(*costs.fold)
            figures.exported_rating.add(*costs.rating)
            grounds.reverse()


async def _pages(ground: Ground, database: str, options: Options, figures: Figures) -> None:
    """Each page by one reader, and many readers beside the fold."""
    async with ground.database(database) as url:
        times, crowd = await pages(ground, url, options.seconds)
    for name, page in times.items():
        took, size = figures.pages[name]
        took.add(page.p99, median_ms=page.median, processor_ms=page.processor)
        size.add(page.kilobytes)
    figures.crowd.add(crowd.p99, median_ms=crowd.median, per_second=crowd.per_second)


async def _abuse(ground: Ground, database: str, options: Options, figures: Figures) -> None:
    """The waits of others beside each abuse."""
    async with ground.database(database) as url:
        by_name = await abuse.waits(ground, database, url, options.abuse)
    for name, waits in by_name.items():
        worst, median = figures.waits[name]
        worst.add(waits.worst)
        median.add(waits.median)


async def _rating(ground: Ground, database: str, url: str, seconds: float, into: Figure) -> None:
    ours = await measures.one_rating(ground, url, seconds)
    async with ground.database(database) as other:
        theirs = await tutorial_side.one_rating(ground, other, seconds)
    into.add(
        ours.per_second, theirs.per_second, p99_ms=ours.p99_ms, baseline_p99_ms=theirs.p99_ms,
        client_busy=ours.busy, baseline_client_busy=theirs.busy,
    )  # fmt: skip
