"""The client of Graph: whole collections, and a token that goes nowhere else."""

from __future__ import annotations

import argparse

import httpx
import pytest

from ops.tenant_setup.__main__ import _graph_url
from ops.tenant_setup.change import StoppedError
from ops.tenant_setup.graph import Graph, quoted

URL = "https://graph.microsoft.com/v1.0"


class Pages:
    """A Graph of two pages, the second one behind a link of one's choice."""

    def __init__(self, link: str) -> None:
        self.link = link
        self.asked: list[str] = []

    def graph(self) -> Graph:
        """A client of it."""
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        return Graph(http, URL, lambda: "token", self._never)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers["Authorization"] + " " + str(request.url))
        if len(self.asked) == 1:
            return httpx.Response(200, json={"value": [{"id": "1"}], "@odata.nextLink": self.link})
        return httpx.Response(200, json={"value": [{"id": "2"}]})

    def _never(self, seconds: float) -> None:
        raise AssertionError(seconds)


def test_a_collection_is_read_to_its_end() -> None:
    """Page by page, by the links that Graph gives."""
    pages = Pages(f"{URL}/users?$skiptoken=x")
    assert pages.graph().list("/users", select="id") == [{"id": "1"}, {"id": "2"}]
    assert pages.asked == [f"Bearer token {URL}/users?%24select=id", f"Bearer token {URL}/users?$skiptoken=x"]


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/v1.0/users",
        "https://graph.microsoft.com.example.com/v1.0/users",
        "https://graph.microsoft.com/beta/users",
        "http://graph.microsoft.com/v1.0/users",
        "https://graph.microsoft.com/v1.0evil/users",
    ],
)
def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    """The token would go there."""
    pages = Pages(link)
    with pytest.raises(StoppedError, match="leads away"):
        pages.graph().list("/users")
    assert len(pages.asked) == 1


def test_a_name_cannot_leave_its_literal() -> None:
    """An apostrophe is doubled."""
    assert quoted("O'Hare' or 1 eq 1") == "'O''Hare'' or 1 eq 1'"


@pytest.mark.parametrize("given", ["", "/", "/v1.0", "/v1.0/"])
def test_graph_is_named_with_its_version_or_without(given: str) -> None:
    """As the app's own setting is."""
    assert _graph_url(f"https://graph.microsoft.us{given}") == "https://graph.microsoft.us/v1.0"


@pytest.mark.parametrize("given", ["https://graph.microsoft.com/beta", "http://graph.microsoft.com", "graph"])
def test_another_path_of_graph_is_refused(given: str) -> None:
    """Before anybody signs in."""
    with pytest.raises(argparse.ArgumentTypeError, match=r"alone or with /v1\.0"):
        _graph_url(given)
