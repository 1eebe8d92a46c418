"""Whether a refusal concerns one user, or a right that we lack for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from mfa_sync.graph.reply import Reply
from mfa_sync.sign_in.token import AccessToken
from shared.errors import PermanentError, Problem
from shared.tenant import Absent, User

_FIRST_ANSWERS = 3
_METHODS = "UserAuthMethod-Phone.ReadWrite.All or UserAuthenticationMethod.ReadWrite.All"
_CONSENT = (
    f"Consent to {_METHODS} and give the service account the role Authentication Administrator or Privileged "
    "Authentication Administrator."
)
_GRANT = (
    f"Assign the app the application permission {_METHODS}. A token that is out already keeps its rights "
    "until it ends: a managed identity's for up to a day."
)


class Reach:
    """Remembers what a token has ever been shown: from then on a refusal is that user's."""

    def __init__(self, *, app_only: bool = False) -> None:
        self._remedy = _GRANT if app_only else _CONSENT
        self._seen_by: dict[str, AccessToken] = {}

    def judge(self, token: AccessToken, methods: Sequence[Reply], users: Sequence[User]) -> None:
        """Take note of what was read.

        Args:
            token: Whose rights are judged.
            methods: The answers to reads of phone methods.
            users: Users who were read.

        Raises:
            PermanentError: Three or more first reads of methods are all 403; or three or more first users all
                come without the attribute: absent is not empty.
        """
        refused = [reply for reply in methods if reply.status == HTTPStatus.FORBIDDEN]
        sees_methods = self._has_seen(
            "methods", token, any(reply.status == HTTPStatus.OK for reply in methods)
        )
        if not sees_methods and len(refused) >= max(_FIRST_ANSWERS, len(methods)):
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                f"Graph lets us read nobody's authentication methods: {refused[0].describe()}.",
                remedy=self._remedy,
            )
        are_returned = any(user.attribute is not Absent.NOT_RETURNED for user in users)
        if not self._has_seen("attributes", token, are_returned) and len(users) >= _FIRST_ANSWERS:
            raise PermanentError(
                Problem.GRAPH_REFUSED,
                "Graph returns nobody's extension attributes; absent is not empty.",
                remedy="Consent to User.Read.All; User.ReadBasic.All does not show them.",
            )

    def _has_seen(self, what: str, token: AccessToken, now: bool) -> bool:  # noqa: FBT001  it is what was seen, not a mode
        """Return whether a token was shown this, `now` or ever."""
        if now:
            self._seen_by[what] = token
        return self._seen_by.get(what) is token


def raise_if_nobody_readable(users: Sequence[Reply]) -> None:
    """Raise if every read of the directory is forbidden: a right of ours is missing, no user's fault.

    Raises:
        PermanentError: It is so.
    """
    if users and all(reply.status == HTTPStatus.FORBIDDEN for reply in users):
        raise PermanentError(
            Problem.GRAPH_REFUSED,
            f"Graph lets us read nobody's directory entry: {users[0].describe()}.",
            remedy="Consent to User.Read.All.",
        )
