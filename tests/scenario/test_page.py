"""docs/scenarios.md shows the figures that the code has."""

from pathlib import Path

from pipeline.scenario import conditions, copies, fire, happen, scenarios, world
from tests.scenario.tables import incidents_table, observers_table, rates_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"


def test_the_page_has_every_figure_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for table in (incidents_table(), rates_table(), observers_table()):
        assert table in page, "print the tables with: python -m tests.scenario.tables"


def test_the_page_tells_of_every_scenario() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in scenarios())


def test_the_words_of_the_page_have_the_figures_of_the_code() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    delay_s, spread_m = fire.ANSWER_DELAY_S, fire.ANSWER_SPREAD_M
    stretch, after = [f"{metres / 1000:g}" for metres in world.STRETCH_M], world.STRETCH_FROM
    said = [
        f"{world.HOT_SHARE * 10:g} in 10 about one of eight hot spots ({world.HOT_SPREAD_M / 1000:g} km along the line",
        f"{world.FRONT_SPREAD_M / 1000:g} km to either side (standard errors)",
        f"at {world.FAR_SITES} sites that no zone comes within {world.FAR_CLEAR_M / 1000:g} km of",
        f"has {fire.ANSWERS_TO_FIRST:g} answers on average (Poisson), each of these {fire.ANSWERS_TO_OTHERS:g}",
        f"after {delay_s / 60:g} minutes on average (exponential), {spread_m:g} m from what it answers",
        f"stretches of {stretch[0]} to {stretch[1]} km",
        f"{conditions.JAMMED_S[0] / 3600:g} to {conditions.JAMMED_S[1] / 3600:g} hours a day",
        f"lie within {happen.JAMMING_SPREAD_M / 1000:g} km of it",
        f"{happen.CROSSES_TO_M[0] / 1000:g} to {happen.CROSSES_TO_M[1] / 1000:g} km beyond it",
        f"{copies.COPY_DELAY_S[0] / 60:g} minutes to {copies.COPY_DELAY_S[2] / 3600:g} hours after it",
        f"{copies.COARSER_SHARE * 10:g} in 10 of those retold",
    ]
    assert (world.HOT_SPOTS, fire.GENERATIONS, after, copies.RETOLD_SHARE) == (8, 10, (0.3, 0.8), 0.5)
    assert [words for words in said if words not in page] == []
