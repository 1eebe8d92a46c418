"""SIGNED_REQUESTS=require: a push is taken from who has the key, of this very body, now, and once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from dev.tenant import sample
from mfa_sync.api.contract.problems import RequestError
from mfa_sync.api.push import poll, push
from mfa_sync.api.worker import Call
from shared.errors import Problem, SettingsError, TransientError
from tests.answering import Read, read
from tests.storage.silent_storage import keyed, port_of_nobody
from tests.wire.bench import Bench

ONE, TWO = "+46701740611", "+46701740622"
OTHER_KEY = "whsec_YW5vdGhlci1zaWduaW5nLWtleS0zMi1ieXRlcyEhISE="
KNOWING = {"message": sample.HANDSHAKE}
UNSIGNED = (401, Problem.SIGNATURE_REFUSED)
REPLAYED = (409, Problem.REQUEST_REPLAYED)


class Signer:
    """A caller that signs with the library, as the callers' pages tell."""

    def __init__(self, bench: Bench, **settings: str) -> None:
        self.bench = bench
        bench.configure(SIGNED_REQUESTS="require", **settings)

    def body(self, mobile: str | None = ONE, **row: Any) -> bytes:
        """Return a push of somebody new."""
        return json.dumps([{"Id": self.bench.person(mobile).id, **row}]).encode()

    def headers(
        self, body: bytes, *, key: str = sample.SIGNING_KEY, message: str = "msg_1", ahead: float = 0
    ) -> dict[str, str]:
        """Return the headers of a call made now, or so many seconds ahead of now."""
        at = self.bench.clock.now() + timedelta(seconds=ahead)
        return {
            "webhook-id": message,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(key).sign(message, at, body.decode()),
        }

    async def send(self, body: bytes, headers: Mapping[str, str]) -> Read:
        """Send a push with the handshake."""
        return read(await push(Call(self.bench.worker, {**KNOWING, **headers}, {}, body)))

    async def refused(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Problem]:
        """Send a push that is refused, and return why. Nothing is written."""
        with pytest.raises(RequestError) as caught:
            await self.send(body, headers)
        assert self.bench.writes() == []
        return caught.value.status, caught.value.code


@pytest.fixture
def signer(bench: Bench) -> Signer:
    """A caller of an app that demands signatures."""
    return Signer(bench)


async def test_a_signed_push_is_done(signer: Signer) -> None:
    """By the library's own headers; a BOM and letters beyond ASCII are bytes like others."""
    plain = signer.body()
    assert (await signer.send(plain, signer.headers(plain))).status == 200
    marked = b"\xef\xbb\xbf" + signer.body(Reference="smörgås")
    assert (await signer.send(marked, signer.headers(marked, message="msg_2"))).status == 200


def test_what_is_signed_is_the_published_example() -> None:
    """The specification's own figures: the signature of its libraries' tests."""
    at = datetime.fromtimestamp(1614265330, UTC)
    signed = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", at, '{"test": 2432232314}'
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"key": OTHER_KEY}, id="another key"),
        pytest.param({"ahead": -301}, id="old"),
        pytest.param({"ahead": 301}, id="from the future"),
        pytest.param({"webhook-id": None}, id="no id"),
        pytest.param({"webhook-timestamp": None}, id="no time"),
        pytest.param({"webhook-signature": None}, id="no signature"),
        pytest.param({"webhook-id": "msg_2"}, id="another id"),
        pytest.param({"webhook-id": ""}, id="empty id"),
        pytest.param({"webhook-id": "x" * 257}, id="long id"),
        pytest.param({"webhook-id": "smörgås"}, id="id beyond ASCII"),
        pytest.param({"webhook-timestamp": "now"}, id="no number"),
        pytest.param({"webhook-timestamp": "9" * 12}, id="no time there is"),
        pytest.param({"webhook-timestamp": "nan"}, id="NaN"),
        pytest.param({"webhook-signature": ""}, id="empty signature"),
        pytest.param({"webhook-signature": "v1"}, id="a version alone"),
        pytest.param({"webhook-signature": "v1,%%%"}, id="no base64"),
        pytest.param({"webhook-signature": "v1,smörgås"}, id="signature beyond ASCII"),
    ],
)
async def test_a_push_that_is_not_signed_so_is_refused(signer: Signer, wrong: dict[str, Any]) -> None:
    """One answer to all of it, and no fault of ours whatever the headers hold."""
    body = signer.body()
    made = signer.headers(body, **{name: value for name, value in wrong.items() if "-" not in name})
    given = {**made, **{name: value for name, value in wrong.items() if "-" in name}}
    assert await signer.refused(
        body, {name: value for name, value in given.items() if value is not None}
    ) == (UNSIGNED)


@pytest.mark.parametrize("ahead", [-299, 299])
async def test_clocks_may_differ_by_five_minutes(signer: Signer, ahead: float) -> None:
    """The window of the specification's libraries."""
    body = signer.body()
    assert (await signer.send(body, signer.headers(body, ahead=ahead))).status == 200


async def test_the_signature_is_of_the_bytes_that_came(signer: Signer) -> None:
    """Another body, another spelling of it, and what is no UTF-8."""
    body = signer.body()
    headers = signer.headers(body)
    for changed in (signer.body(TWO), body + b" ", body[:-1], b"", b"\xff" + body):
        assert await signer.refused(changed, headers) == UNSIGNED
    assert (await signer.send(body, headers)).status == 200


async def test_a_signed_body_that_came_in_chunks_is_told_so(signer: Signer) -> None:
    """It arrives empty, so its signature is wrong: nobody would look for the cause elsewhere."""
    body = signer.body()
    with pytest.raises(RequestError, match="Transfer-Encoding: chunked") as caught:
        await signer.send(b"", signer.headers(body))
    assert (caught.value.status, caught.value.code) == UNSIGNED
    with pytest.raises(RequestError) as other:
        await signer.send(body, {})
    assert "chunked" not in other.value.detail


async def test_one_of_several_signatures_is_enough(signer: Signer) -> None:
    """While a key is rotated a caller may sign with both."""
    body = signer.body()
    headers = signer.headers(body)
    headers["webhook-signature"] = f"v1,AAAA v2,x {headers['webhook-signature']}"
    assert (await signer.send(body, headers)).status == 200


async def test_the_same_message_is_taken_once_by_all_workers(signer: Signer) -> None:
    """By its id, whatever the body is; signed anew under another id it is another message."""
    body = signer.body()
    headers = signer.headers(body)
    assert (await signer.send(body, headers)).status == 200
    signer.bench.control.clear_log()
    for _ in range(2):
        assert await signer.refused(body, headers) == REPLAYED
        assert await signer.refused(b"[]", signer.headers(b"[]")) == REPLAYED
        signer = Signer(signer.bench)  # another worker
    assert (await signer.send(body, signer.headers(body, message="msg_2"))).status == 200


async def test_a_message_that_could_not_be_read_is_used_up_too(signer: Signer) -> None:
    """The id is noted before the body is looked at."""
    headers = signer.headers(b"{not json")
    assert await signer.refused(b"{not json", headers) == (400, Problem.NOT_JSON)
    assert await signer.refused(b"{not json", headers) == REPLAYED


async def test_an_unsigned_message_uses_no_id_up(signer: Signer) -> None:
    """Or whoever guesses an id could keep its owner out, and fill the storage."""
    body = signer.body()
    await signer.refused(body, signer.headers(body, key=OTHER_KEY))
    assert (await signer.send(body, signer.headers(body))).status == 200


@pytest.mark.parametrize("ahead", [-200, 0, 200])
async def test_an_id_is_kept_for_as_long_as_its_message_could_come_again(
    signer: Signer, ahead: float
) -> None:
    """A message from the future can be sent for longer than five minutes."""
    body = signer.body()
    headers = signer.headers(body, ahead=ahead)
    await signer.send(body, headers)
    signer.bench.control.clear_log()
    signatures = signer.bench.worker.signatures
    assert signatures
    signer.bench.clock.advance(300 + ahead)
    assert await signatures.purge() == 0
    Signer(signer.bench)
    assert await signer.refused(body, headers) == REPLAYED
    signer.bench.clock.advance(2)
    assert await signer.refused(body, headers) == UNSIGNED
    assert await signatures.purge() == 1


async def test_a_rotated_key_is_noticed_within_a_minute_and_the_former_counts_until_its_expiry(
    signer: Signer,
) -> None:
    """As with handshakes: no restart, and guesses ask the vault at most once a minute."""
    control, clock = signer.bench.control, signer.bench.clock
    body = signer.body()
    await signer.send(body, signer.headers(body))
    expiry = int(clock.now().timestamp()) + 3600
    control.put_secret("mfa-sync-signing-key-previous", sample.SIGNING_KEY, exp=expiry)
    control.put_secret("mfa-sync-signing-key", OTHER_KEY)
    clock.advance(61)
    assert (await signer.send(body, signer.headers(body, key=OTHER_KEY, message="new"))).status == 200
    assert (await signer.send(body, signer.headers(body, message="former"))).status == 200
    control.clear_log()
    for number in range(20):
        await signer.refused(body, {**signer.headers(body), "webhook-id": f"guess{number}"})
    assert signer.bench.calls("contoso-mfa.vault.azure.net") == []
    clock.advance(3600)
    assert await signer.refused(body, signer.headers(body, message="late")) == UNSIGNED


@pytest.mark.parametrize("key", ["whsec_", "whsec_c2hvcnQ=", "the word of the article", "whsec_ÅÄÖ"])
async def test_a_key_that_cannot_sign_is_named(signer: Signer, key: str) -> None:
    """Its name, and never what it is. The library would take any text for base64."""
    signer.bench.control.put_secret("mfa-sync-signing-key", key)
    body = signer.body()
    with pytest.raises(SettingsError) as caught:
        await signer.send(body, signer.headers(body))
    assert caught.value.detail == (
        "the secret mfa-sync-signing-key: must be whsec_ and at least 24 bytes in base64"
    )


async def test_the_handshake_comes_first(signer: Signer) -> None:
    """Who does not know it learns nothing of signatures, and uses no id up."""
    body = signer.body()
    headers = signer.headers(body)
    answer = read(await push(Call(signer.bench.worker, {**headers, "message": "wrong"}, {}, body)))
    assert (answer.status, answer.body["code"]) == (401, "handshakeRefused")
    assert (await signer.send(body, headers)).status == 200


async def test_looking_a_push_up_needs_no_signature(signer: Signer) -> None:
    """It changes nothing, and a signature covers a body alone."""
    body = signer.body()
    run_id = str((await signer.send(body, signer.headers(body))).body["runId"])
    assert (await poll(Call(signer.bench.worker, KNOWING, {}, b"", run_id))).status == 200


async def test_by_default_nothing_is_asked_of_signatures(bench: Bench) -> None:
    """Off: headers that are there are left alone, and the vault is not asked for a key."""
    answer = await bench.push([{"Id": bench.person(ONE).id}], headers={"webhook-id": "x"})
    assert answer.status == 200
    assert bench.worker.signatures is None


async def test_without_storage_this_worker_still_takes_a_message_once(bench: Bench) -> None:
    """The push goes on; the directory's number is what is written, whoever sends it."""
    signer = Signer(bench, AzureWebJobsStorage=keyed(port_of_nobody()), GRAPH_AUTH="managed-identity")
    body = signer.body()
    headers = signer.headers(body)
    assert (await signer.send(body, headers)).status == 200
    bench.control.clear_log()
    assert await signer.refused(body, headers) == REPLAYED


async def test_without_storage_a_number_of_the_callers_own_waits(bench: Bench) -> None:
    """A former call would put a former number back."""
    signer = Signer(bench, AzureWebJobsStorage=keyed(port_of_nobody()), ALLOW_PAYLOAD_NUMBER="true")
    body = signer.body(Mobile=TWO)
    for _ in range(2):  # the id is not used up
        with pytest.raises(TransientError, match="storageUnavailable"):
            await signer.send(body, signer.headers(body))
    assert bench.writes() == []
