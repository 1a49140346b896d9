"""One agreement as a page of text."""

import textwrap
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from pipeline.agreement import Agreement
from pipeline.cli.agreement_chapters import Chapter, Chapters
from pipeline.cli.words import safe

_LABEL = 12
_INDENT = 4

_wrap = partial(textwrap.wrap, break_on_hyphens=False, break_long_words=False)


def page(agreement: Agreement, width: int, at: datetime | None = None) -> Iterator[str]:
    """The page, line by line; no line is longer than `width` unless a word is.

    Args:
        at: a time for which it is told what is in force.
    """
    head, chapters = agreement.tables.header, Chapters(agreement)
    yield f"{head.name}, version {head.version}"
    yield from _wrap(safe(head.title), width)
    if head.hypothetical:
        yield "HYPOTHETICAL: nobody has signed this."
    yield ""
    yield from _wrap(safe(head.summary), width)
    yield ""
    for label, words in chapters.head():
        yield from _field(label, words, width)
    for chapter in chapters.chapters(at):
        yield from _chapter(chapter, width)


def _chapter(chapter: Chapter, width: int) -> Iterator[str]:
    yield from ("", chapter.heading, "")
    for entry in chapter.entries:
        if chapter.listed:
            yield from _field(entry.name, entry.fields[0][1], width)
            continue
        yield from _wrap(safe(entry.name), width, initial_indent="  ", subsequent_indent=" " * _INDENT)
        for label, words in entry.fields:
            yield from _field(label, words, width)


def _field(label: str, words: str, width: int) -> Iterator[str]:
    if words:
        yield from _wrap(
            safe(words),
            width,
            initial_indent=f"{'':{_INDENT}}{label:<{_LABEL}}{'' if len(label) < _LABEL else '  '}",
            subsequent_indent=" " * (_INDENT + _LABEL),
        )
