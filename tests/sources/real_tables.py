"""What becomes of real tables, row by row: `python -m tests.sources.real_tables FOLDER` writes docs/real_tables.md."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import Row
from pipeline.sources.inputs import open_input

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "real_tables.md"
MAPPINGS = Path(__file__).parent


class Given(NamedTuple):
    """A real file by its name in the data folder, the source where that is not told from the content, its mapping."""

    file: str
    source: str
    mapping: str | None = None
    chosen: bool = False


FILES = (
    Given("ucdp_ged/ged_ukraine_2014_2019_hdx.csv", "ucdp"),
    Given("acled/acled_asia_2015_part.csv", "acled"),
    Given("firms/MODIS_C6_1_Global_24h_part.csv", "firms"),
    Given("firms/VIIRS_NOAA20_NRT_ukraine_2025-08-11_excerpt.csv", "firms"),
    Given("gdelt/gdelt2_events_100.tsv", "gdelt"),
    Given("gdelt/gdeltPyR_events1samp_reconstructed.tsv", "gdelt"),
    Given("cap12/bf.xml", "cap"),
    Given("cap12/fake.xml", "cap"),
    Given("cap12/sc.xml", "cap"),
    Given("cap12/tg.xml", "cap"),
    Given("cir/events.csv", "csv", "cir_events.mapping.toml"),
    Given("insecurity_insight/healthcare_attacks.csv", "csv", "insecurity_insight.mapping.toml"),
    Given("liveuamap/liveuamap.json", "liveuamap", chosen=True),
    Given("liveuamap/liveuamap.csv", "liveuamap", chosen=True),
)


def row_of(given: Given, path: Path) -> str:
    """One line of the table."""
    word = f"{given.source}={path}" if given.chosen or given.mapping else str(path)
    (opened,) = open_input(word, mapping=MAPPINGS / given.mapping if given.mapping else None)
    assert opened.source.name == given.source
    rows = list(opened.rows())
    cells = (f"`{given.file}`", given.source, *figures(rows))
    return f"| {' | '.join(cells)} |\n"


def figures(rows: Iterable[Row]) -> Iterator[str]:
    """Rows, reports, rejects by reason, footprints, remarks, and codes that no table has."""
    rows = list(rows)
    reports = [report for row in rows for report in row.reports]
    rejects = [row.reject for row in rows if row.reject is not None]
    kinds = Counter(str(msgspec.to_builtins(report.footprint)["kind"]) for report in reports)
    remarks = Counter(
        f"{remark.rule.value}{' (in doubt)' if remark.doubtful else ''}"
        for report in reports
        for remark in report.remarks or ()
    )
    yield f"{len(rows):,}"
    yield f"{len(reports):,}"
    yield _counted(Counter(reject.reason.value for reject in rejects))
    yield _counted(kinds)
    yield _counted(remarks)
    yield f"{sum(reject.reason is RejectReason.UNKNOWN_TERM for reject in rejects)}"


def _counted(found: "Counter[str]") -> str:
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count:,} {name}" for name, count in ordered) or "none"


def page(data: Path) -> str:
    """The page, from the files in the folder `data`."""
    head = (
        "# Real tables, read whole\n\n"
        "What becomes of public tables as their publishers left them; the files are no part of Truceline. A test\n"
        "reads them again where they are at hand. `csv` is read by the mappings in `tests/sources/`.\n\n"
        "| file | source | rows | reports | rejected | footprints | remarks | unknown codes |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(row_of(given, data / given.file) for given in FILES)


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1])), encoding="utf-8")
