"""Rounds of users/delta, as tests ask for them."""

from __future__ import annotations

from mfa_sync.graph.client import Page
from mfa_sync.graph.delta import changes_page, latest
from shared.clock import Deadline
from tests.wire.bench import Bench


async def start(bench: Bench) -> str:
    """Return where a round begins that tells what changes from now on."""
    return await latest(bench.worker.graph, Deadline.after(bench.clock, 90))


async def page_of(bench: Bench, link: str) -> Page[str]:
    """Return one page."""
    return await changes_page(bench.worker.graph, link, Deadline.after(bench.clock, 90))


async def round_of(bench: Bench, link: str) -> list[Page[str]]:
    """Return all pages of a round."""
    pages = [await page_of(bench, link)]
    while pages[-1].next_link:
        pages.append(await page_of(bench, pages[-1].next_link))
    return pages


async def changed(bench: Bench, link: str) -> set[str]:
    """Return everybody whom a round names."""
    return {user_id for page in await round_of(bench, link) for user_id in page.value}
