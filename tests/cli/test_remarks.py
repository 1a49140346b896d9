"""What a reader made of a source's words is shown where a report is, and kept apart with those words."""

from datetime import UTC, datetime

from pipeline.cli.show_reports import report_lines
from pipeline.model.footprint import Nowhere
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Remark, Report
from pipeline.model.taxonomy import Activity

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_report_is_shown_with_its_remarks() -> None:
    report = Report(
        report_id="osce:1",
        source="osce",
        observed_from=AT,
        observed_until=AT,
        footprint=Nowhere(),
        activity=Activity.EXPLOSION,
        remarks=(
            Remark("count", "N/K", RemarkRule.COUNT_NOT_KNOWN),
            Remark("footprint", "easterly\x1b[31m directions", RemarkRule.WORDS_UNREAD, doubtful=True),
        ),
    )
    lines = report_lines(report, None)
    assert "count from “N/K”: the source does not know how many: at least one" in lines
    (doubted,) = (line for line in lines if line.startswith("in doubt: footprint"))
    assert "\x1b" not in doubted
