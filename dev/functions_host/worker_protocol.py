"""The message classes that the worker library fills in, without protobuf.

In Azure the host hands its generated protobuf module to the library, which only makes instances of these
classes and sets fields on them. The names and spellings below are therefore the library's, not ours.
"""

from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """Holds whatever fields it is given; the others read as None, as an unset field does."""

    def __getattr__(self, name: str) -> Any:
        # The library asks for capitalised names to find out what it was handed, and expects an error.
        if name.startswith("__") or name[:1].isupper():
            raise AttributeError(name)
        return None


class WorkerInitResponse(Message):
    """The answer to loading and indexing an app."""


class FunctionMetadataResponse(Message):
    """The functions that indexing found."""


class FunctionLoadResponse(Message):
    """The answer to loading one function."""


class FunctionEnvironmentReloadResponse(Message):
    """The answer to new settings in a running worker."""


class InvocationResponse(Message):
    """The answer to one invocation."""


class WorkerMetadata(Message):
    """Which worker this is."""


class RpcFunctionMetadata(Message):
    """One function: its name, identifier and bindings."""


class RpcRetryOptions(Message):
    """A function's retry policy."""


class RpcException(Message):
    """An exception as message and stack trace."""


class RpcHttp(Message):
    """An HTTP request or response."""


class NullableString(Message):
    """A string that may be absent."""


class NullableBool(Message):
    """A truth value that may be absent."""


class NullableDouble(Message):
    """A number that may be absent."""


class NullableTimestamp(Message):
    """A time that may be absent."""


class Timestamp(Message):
    """A time."""


class ParameterBinding(Message):
    """A named value that a function gave out."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - the library calls it so
        """The kind of value: always plain data, because memory is not shared."""
        return "data"


class TypedData(Message):
    """One value, in the field that names its type."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - the library calls it so
        """The name of the field that is set."""
        return next(iter(self.__dict__), None)


class RpcHttpCookie(Message):
    """A cookie to set."""

    # Made with type() because one of the names is a Python keyword.
    SameSite = type("SameSite", (), {"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


class StatusResult(Message):
    """How a request to the worker ended."""

    Failure = 0
    Success = 1
    Cancelled = 2


# Made with type() because one of the names is a Python keyword.
BindingInfo = type(
    "BindingInfo",
    (Message,),
    {"in": 0, "out": 1, "inout": 2, "undefined": 0, "string": 1, "binary": 2, "stream": 3},
)
