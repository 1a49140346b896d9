"""One agreement as an HTML file that stands alone: its chapters as text, and a map of its lines and zones."""

from collections.abc import Iterator
from datetime import datetime
from html import escape

from pipeline.agreement import Agreement
from pipeline.cli.agreement_chapters import Chapter, Chapters, Entry, Field
from pipeline.cli.map_data import drawn_agreement, outlines
from pipeline.cli.map_page import filled
from pipeline.cli.words import safe


def html_page(agreement: Agreement, at: datetime | None = None) -> str:
    """The file. The text is markup and needs no script; the map is drawn by one.

    Args:
        at: a time for which it is told what is in force.
    """
    head, chapters = agreement.tables.header, Chapters(agreement)
    text = [
        f"<h1>{_words(head.title)}</h1>",
        f'<p class="name"><code>{_words(head.name)}</code>, version {_words(head.version)}</p>',
        '<p class="badge">hypothetical: nobody has signed this</p>' if head.hypothetical else "",
        f"<p>{_words(head.summary)}</p>" if head.summary else "",
        *_fields(chapters.head()),
    ]
    told = chapters.chapters(at)
    contents = [f'<li><a href="#{_anchor(one)}">{_words(one.heading)}</a></li>' for one in told]
    text += ["<nav><ul>", *contents, "</ul></nav>", *(line for one in told for line in _chapter(one))]
    data = {**drawn_agreement(head.name, agreement), "outlines": outlines()}
    own = ("colours.css", "agreement.css")
    return filled("agreement.html", ("agreement.js",), own, data, title=_words(head.title), text="\n".join(text))


def _chapter(chapter: Chapter) -> Iterator[str]:
    yield f'<section id="{_anchor(chapter)}"><h2>{_words(chapter.heading)}</h2>'
    if chapter.listed:
        yield from _fields([(entry.name, entry.fields[0][1]) for entry in chapter.entries])
    else:
        for entry in chapter.entries:
            yield from _entry(entry)
    yield "</section>"


def _entry(entry: Entry) -> Iterator[str]:
    shown = " ".join([*(f"line:{name}" for name in entry.lines), *(f"zone:{name}" for name in entry.zones)])
    on_map = f' data-shows="{escape(shown)}" tabindex="0"' if shown else ""
    said = next((words for label, words in entry.fields if label == "says"), "")
    yield f"<article{on_map}><h3>{_words(entry.name)}</h3>"
    if said:
        yield f'<p class="says">{_words(said)}</p>'
    yield from _fields([field for field in entry.fields if field[0] != "says"])
    yield "</article>"


def _fields(fields: list[Field]) -> Iterator[str]:
    if any(words for _, words in fields):
        rows = (f"<dt>{_words(label)}</dt><dd>{_words(words)}</dd>" for label, words in fields if words)
        yield f"<dl>{''.join(rows)}</dl>"


def _anchor(chapter: Chapter) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in chapter.title.lower())


def _words(text: str) -> str:
    return escape(safe(" ".join(text.split())))
