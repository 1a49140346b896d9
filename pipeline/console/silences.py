"""The paths of silences, which are an Alertmanager's own."""

from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.params import JSONBody, PathParameter

from pipeline.console.access.asking import author, say_about
from pipeline.console.core import Given
from pipeline.console.problems import ProblemError
from pipeline.console.records import SilenceRecord, Silences, SilenceWish
from pipeline.console.silencing import Silencing, about_silence

_NONE = Silences(configured=False, trouble=None, silences=[])


@get("/api/silences", tags=["silences"])
async def list_silences(console: Given) -> Silences:
    """The silences of the Alertmanager that concern alerts, with author, reason, expiry and what each holds back.

    A silence holds back what is told to others. It hides nothing here.
    """
    silencing = console.settings.silencing
    return _NONE if silencing is None else await silencing.silences()


@post("/api/silences", status_code=201, tags=["silences"])
async def make_silence(request: Request[Any, Any, Any], console: Given, data: JSONBody[SilenceWish]) -> SilenceRecord:
    """Makes a silence, which ends by itself: matchers are labels of alerts, as `severity` and `sector`."""
    silencing = _silencing(console.settings.silencing)
    made = await silencing.make(data, author(request.scope, console.settings.access, data.by))
    say_about(request.scope, about_silence(made))
    return made


@delete("/api/silences/{silence_id:str}", status_code=204, tags=["silences"])
async def end_silence(
    request: Request[Any, Any, Any], console: Given, silence_id: Annotated[str, PathParameter(max_length=100)]
) -> None:
    """Ends a silence that concerns alerts."""
    silencing = _silencing(console.settings.silencing)
    say_about(request.scope, about_silence(await silencing.find(silence_id)))
    await silencing.end(silence_id)


def _silencing(configured: Silencing | None) -> Silencing:
    if configured is None:
        raise ProblemError(409, "no_alertmanager", "no Alertmanager is configured: serve --alertmanager URL")
    return configured
