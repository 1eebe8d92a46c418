"""A blueprint with route parameters."""

import json

import azure.functions as func

users = func.Blueprint()  # type: ignore[no-untyped-call]


@users.route(route="users/{userId:guid}/{kind?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def user(req: func.HttpRequest) -> str:
    """Say which parameters arrived."""
    return json.dumps(dict(req.route_params))


@users.route(route="users/{name}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def user_by_name(req: func.HttpRequest) -> str:
    """Say the name."""
    return json.dumps(dict(req.route_params))


@users.route(route="users/me", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def myself(req: func.HttpRequest) -> str:
    """Say that it is the caller."""
    return json.dumps({"me": True, **req.route_params})


@users.route(route="users/{name}", methods=["DELETE"], auth_level=func.AuthLevel.ANONYMOUS)
async def remove_user(req: func.HttpRequest) -> str:
    """Share a path with another function, by another method."""
    return f"removed {req.route_params['name']}"


@users.route(route="numbers/{number:int}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def number(req: func.HttpRequest) -> str:
    """Say the number."""
    return str(req.route_params["number"])


@users.route(route="first/{name}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def a_parameter(req: func.HttpRequest) -> str:
    """Come first by its name."""
    del req
    return "a parameter"


@users.route(route="first/me", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def b_literal(req: func.HttpRequest) -> str:
    """Come second, though it is the nearer one."""
    del req
    return "a literal"
