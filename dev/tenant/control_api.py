"""The control interface: a test or a person seeds, switches, breaks and inspects the tenant by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from dev.tenant import sample
from dev.tenant.census import census
from dev.tenant.faults import Fault
from dev.tenant.outside import change_from_outside
from dev.tenant.people import Group, Person
from dev.tenant.secrets_and_accounts import Account, AppRegistration
from dev.tenant.state import TenantState
from dev.tenant.state_json import NotUnderstoodError, change, make, make_person, to_json
from dev.tenant.tokens import EXCHANGE_AUDIENCE

if TYPE_CHECKING:
    from starlette.requests import Request

type Action = Callable[[TenantState, Request, dict[str, Any]], Any]

PREFIX = "/control"
# Everybody of a large tenant at once would stop all its other answers.
MOST_LISTED = 20_000


def control_app(state: TenantState) -> Starlette:
    """The application, below /control."""
    table: list[tuple[str, str, Action]] = [
        ("POST", "/reset", _reset),
        ("POST", "/seed", _seed),
        ("GET", "/switches", lambda state, *_: to_json(state.switches)),
        ("PATCH", "/switches", _change_switches),
        ("GET", "/people", _list_people),
        ("GET", "/people/{upn}", lambda state, request, _: to_json(_person(state, request))),
        ("PATCH", "/people/{upn}", _change_person),
        ("DELETE", "/people/{upn}", _remove_person),
        ("POST", "/people/{id}/restore", _restore_person),
        ("POST", "/generate", _generate),
        ("GET", "/census", lambda state, *_: to_json(census(state))),
        ("POST", "/secrets/{name}", _put_secret),
        ("PATCH", "/secrets/{name}", _change_secret),
        ("DELETE", "/secrets/{name}", _remove_secret),
        ("PATCH", "/accounts/{upn}", _change_account),
        ("PATCH", "/apps/{client_id}", _change_app),
        ("PATCH", "/groups/{id}", _change_group),
        ("POST", "/faults", _add_faults),
        ("GET", "/faults", lambda state, *_: [to_json(fault) for fault in state.faults]),
        ("DELETE", "/faults", lambda state, *_: state.faults.clear()),
        ("DELETE", "/tokens", _revoke_tokens),
        ("GET", "/log", lambda state, *_: list(state.log.entries)),
        ("DELETE", "/log", lambda state, *_: state.log.clear()),
    ]
    return Starlette(
        routes=[
            Route(PREFIX + path, _endpoint(state, action), methods=[method]) for method, path, action in table
        ]
    )


def _endpoint(state: TenantState, action: Action) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        body = await request.body()
        try:
            return JSONResponse(action(state, request, await request.json() if body else {}))
        except KeyError as error:
            return JSONResponse({"error": f"not found: {error}"}, 404)
        except (NotUnderstoodError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 422)

    return endpoint


def _reset(state: TenantState, _: Request, body: dict[str, Any]) -> None:
    state.clear()
    if body.get("sample", True):
        sample.fill(state)


def _seed(state: TenantState, _: Request, body: dict[str, Any]) -> None:
    people = [make_person(values) for values in body.get("people", [])]
    groups = [make(Group, values) for values in body.get("groups", [])]
    accounts = [make(Account, values) for values in body.get("accounts", [])]
    apps = [make(AppRegistration, values) for values in body.get("apps", [])]
    for person in people:
        state.add_person(person)
    for group in groups:
        state.groups[group.id.lower()] = group
    for account in accounts:
        state.add_account(account)
    for app in apps:
        state.apps[app.client_id.lower()] = app
    for values in body.get("secrets", []):
        state.put_secret(**values)


def _change_switches(state: TenantState, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    change(state.switches, body)
    return to_json(state.switches)


def _list_people(state: TenantState, *_: object) -> list[dict[str, Any]]:
    if len(state.people) > MOST_LISTED:
        raise NotUnderstoodError(f"more than {MOST_LISTED} people: ask for one of them, or for /census")
    return [to_json(person) for person in state.people.values()]


def _person(state: TenantState, request: Request) -> Person:
    person = state.find_person(request.path_params["upn"])
    if person is None:
        raise KeyError(request.path_params["upn"])
    return person


def _change_person(state: TenantState, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    person, by = _person(state, request), body.pop("by", None)
    change_from_outside(state, person, body, by)
    return to_json(person)


def _remove_person(state: TenantState, request: Request, body: dict[str, Any]) -> None:
    person = state.people.restorable.get(request.path_params["upn"].lower()) or _person(state, request)
    state.remove_person(person, restorable=bool(body.get("restorable")))


def _restore_person(state: TenantState, request: Request, _: dict[str, Any]) -> dict[str, Any]:
    return to_json(state.people.restore(request.path_params["id"]))


def _generate(state: TenantState, _: Request, body: dict[str, Any]) -> dict[str, Any]:
    try:
        state.generate(**body | {"groups": tuple(body.get("groups", ()))})
    except TypeError as error:
        raise NotUnderstoodError(str(error)) from None
    return to_json(census(state))


def _put_secret(state: TenantState, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    try:
        return to_json(state.put_secret(request.path_params["name"], **body))
    except TypeError as error:
        raise NotUnderstoodError(str(error)) from None


def _change_secret(state: TenantState, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    vault = body.pop("vault", sample.VAULT_NAME)
    latest = state.vaults[vault][request.path_params["name"]][-1]
    change(latest, body)
    return to_json(latest)


def _remove_secret(state: TenantState, request: Request, body: dict[str, Any]) -> None:
    del state.vaults[body.get("vault", sample.VAULT_NAME)][request.path_params["name"]]


def _change_account(state: TenantState, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    account = state.accounts[request.path_params["upn"].lower()]
    change(account, body)
    return to_json(account)


def _change_app(state: TenantState, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    app = state.apps[request.path_params["client_id"].lower()]
    change(app, body)
    return to_json(app)


def _change_group(state: TenantState, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    group = state.groups[request.path_params["id"].lower()]
    change(group, body)
    return to_json(group)


def _add_faults(state: TenantState, _: Request, body: dict[str, Any] | list[dict[str, Any]]) -> None:
    made = [make(Fault, values) for values in (body if isinstance(body, list) else [body])]
    state.faults.extend(made)


def _revoke_tokens(state: TenantState, *_: object) -> None:
    # Assertions go by their signature and time alone.
    kept = {text: token for text, token in state.tokens.items() if token.audience == EXCHANGE_AUDIENCE}
    state.tokens = kept
