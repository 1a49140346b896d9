"""The page's files: all of them are there, nothing in them reaches outside, and nothing reads text as markup."""

import re
from importlib.resources import files

import httpx
import pytest

OWN = sorted(one.name for one in (files("pipeline.console") / "page").iterdir())


@pytest.mark.parametrize("name", OWN)
def test_a_file_names_no_outside_address_and_makes_no_markup(name: str) -> None:
    text = (files("pipeline.console") / "page" / name).read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "new Function", "blob:"):
        assert unsafe not in text
    assert len(text.splitlines()) < 400


def test_the_markup_has_nothing_inline(asking: httpx.Client) -> None:
    answer = asking.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<[^>]+\s(style|on\w+)=|<style|<script(?![^>]*\ssrc=)", answer.text)


def test_whatever_the_page_loads_is_there(asking: httpx.Client) -> None:
    wanted = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', asking.get("/").text))
    wanted |= {f"/page/{found}" for name in OWN for found in _imported(asking.get(f"/page/{name}").text)}
    for path in wanted:
        answer = asking.get(path)
        assert answer.status_code == 200, path
        again = asking.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def _imported(script: str) -> list[str]:
    return re.findall(r'from "\./([\w.]+)"', script)


def test_terms_are_those_of_the_taxonomy(asking: httpx.Client) -> None:
    told = asking.get("/page/terms.json").json()
    assert {one["group"] for one in told["reasons"]} >= {"verify", "confirmed", "refuted", "reopen"}
    assert [one["term"] for one in told["severities"]] == ["minor", "serious", "grave"]
    assert 0 < told["unobserved_below"] < told["observed_from"] < 1


@pytest.mark.parametrize(
    "wanted", ["/page/", "/page/none.js", "/page/../app.py", "/page/%2e%2e/app.py", "/page//etc/passwd"]
)
def test_nothing_else_is_served(asking: httpx.Client, wanted: str) -> None:
    assert asking.get(wanted).status_code in {404, 421}


def test_every_module_is_fetched_at_once(asking: httpx.Client) -> None:
    ahead = re.findall(r'rel="modulepreload" href="/page/([\w.]+)"', asking.get("/").text)
    assert sorted([*ahead, "main.js"]) == [name for name in OWN if name.endswith(".js")]
