"""The addresses and arguments that the command line takes; any other is refused with a remedy."""

from __future__ import annotations

import pytest

from ops.cli.app import Address
from ops.cli.arguments import parse
from ops.cli.terminal import CommandError, Exit


@pytest.mark.parametrize(
    ("text", "url", "is_local"),
    [
        ("https://contoso-mfa.azurewebsites.net", "https://contoso-mfa.azurewebsites.net", False),
        (" https://contoso-mfa.azurewebsites.net/ ", "https://contoso-mfa.azurewebsites.net", False),
        ("http://127.0.0.1:7071", "http://127.0.0.1:7071", True),
        ("http://localhost:7071", "http://localhost:7071", True),
        ("http://[::1]:7071", "http://[::1]:7071", True),
    ],
)
def test_an_address_is_https_or_this_machine(text: str, url: str, is_local: bool) -> None:  # noqa: FBT001
    """Spaces and a last slash are what copying brings along."""
    address = Address.parse(text)
    assert (address.url, address.is_local) == (url, is_local)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "contoso-mfa.azurewebsites.net",
        "http://contoso-mfa.azurewebsites.net",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "ftp://127.0.0.1",
        "https://contoso-mfa.azurewebsites.net/api",
        "https://contoso-mfa.azurewebsites.net?code=abcdefgh",
        "https://abcdefgh@contoso-mfa.azurewebsites.net",
        "https://contoso-mfa.azurewebsites.net#abcdefgh",
        "https://[::1",
        "https://x:port",
    ],
)
def test_any_other_address_is_refused_and_not_quoted(text: str | None) -> None:
    """A copied one may have a key in it."""
    with pytest.raises(CommandError) as refused:
        Address.parse(text)
    assert refused.value.code is Exit.USAGE
    assert "abcdefgh" not in refused.value.text + refused.value.remedy


@pytest.mark.parametrize(
    "line",
    [
        "",
        "runs",
        "runs lst",
        "runs list --limit 0",
        "runs list --state hold",
        "runs list --kind sweeps",
        "runs show --page one",
        "runs approve x --kinds create,create",
        "runs approve x --kinds phones",
        "runs start sometimes",
        "runs start full --interval -1",
        "runs show --interval 0",
        "runs list --lim 3",
    ],
)
def test_wrong_arguments_are_a_matter_of_usage(line: str) -> None:
    """Nothing is abbreviated and nothing is guessed."""
    with pytest.raises(CommandError) as refused:
        parse(line.split())
    assert refused.value.code is Exit.USAGE
    assert "--help" in refused.value.remedy
