"""One person of a readiness run, as a page keeps and shows them: no number, for Graph's report has none."""

from __future__ import annotations

from typing import Annotated

import msgspec

# A word, where a page was kept: a version that knows fewer must still show it.
_ReadinessWord = Annotated[str, msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Readiness"})]


class Registered(msgspec.Struct, frozen=True, rename={"upn": "userPrincipalName", "is_admin": "isAdmin"}):
    """What one person has registered.

    Attributes:
        id: Object id.
        upn: The UPN of that moment, without a number that it may hold.
        readiness: What that comes to.
        methods: In Graph's words.
        is_admin: Whether the person holds a directory role.
    """

    id: str
    upn: str
    readiness: _ReadinessWord
    methods: tuple[str, ...]
    is_admin: bool
