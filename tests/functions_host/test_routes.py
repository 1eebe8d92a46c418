import uuid

import httpx
import pytest

from dev.functions_host.routes import Match, Route, RouteTable, TemplateError

USER = "6f0c1c2e-93c6-4c4a-9d5b-0b1d6e4fd0aa"


def test_a_blueprint_route_gives_its_parameters(client: httpx.Client) -> None:
    """A {name:guid} and an optional {name?} arrive in route_params under their names."""
    assert client.get(f"/users/{USER}/mobile").json() == {"userId": USER, "kind": "mobile"}


def test_an_optional_parameter_may_be_left_out(client: httpx.Client) -> None:
    """Without it the route still matches, and the name is absent."""
    assert client.get(f"/users/{USER}").json() == {"userId": USER}


def test_a_constraint_decides_whether_a_route_matches(client: httpx.Client) -> None:
    """What is no guid falls to the next route that fits; what is no int to none."""
    assert client.get("/users/anna").json() == {"name": "anna"}
    assert client.get("/numbers/-12").text == "-12"
    assert client.get("/numbers/twelve").status_code == 404
    assert client.get("/numbers/2147483648").status_code == 404


def test_a_literal_wins_over_a_parameter(client: httpx.Client) -> None:
    """Of two routes that fit, the one with the literal part answers, wherever it was declared."""
    assert client.get("/users/me").json() == {"me": True}


def test_a_route_is_matched_without_regard_to_case_but_keeps_its_values(client: httpx.Client) -> None:
    """Literals compare as ASP.NET Core compares them; parameters arrive as sent, decoded."""
    assert client.get("/USERS/Anna%20%C3%96").json() == {"name": "Anna Ö"}
    assert client.get("/users/a%2Fb").json() == {"name": "a%2Fb"}


def test_functions_may_share_a_path_by_method(client: httpx.Client) -> None:
    """The method chooses among routes of the same path."""
    assert client.delete("/users/anna").text == "removed anna"


def test_an_unknown_path_is_404_with_an_empty_body(client: httpx.Client) -> None:
    """So is a path outside the prefix of host.json, and one with a part too many."""
    for path in ("/nowhere", "/users", f"/users/{USER}/mobile/more", "/../echo"):
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (404, b""), path


def test_a_wrong_method_is_405_and_names_the_right_ones(client: httpx.Client) -> None:
    """Allow joins the methods of all functions on that path."""
    answer = client.put("/users/anna")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD")
    assert client.get("/secured").headers["allow"] == "POST"


def test_a_function_without_methods_takes_them_all(client: httpx.Client) -> None:
    """A route decorator without methods restricts nothing."""
    assert {client.request(method, "/empty").status_code for method in ("GET", "PUT", "PATCH")} == {204}


def test_head_is_answered_where_get_is(client: httpx.Client) -> None:
    """The headers of the answer come without its body."""
    answer = client.head("/echo")
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) > 0
    assert answer.content == b""


@pytest.mark.parametrize("template", ["{a", "{a:range(1,2)}", "x{a}", "{a=1}", "{a:unknown}"])
def test_a_template_that_is_not_understood_is_refused(template: str) -> None:
    """Rather than guess, the host does not start."""
    with pytest.raises(TemplateError, match="not understood"):
        Route.parse(template, (), None)


def test_a_route_can_take_the_rest_of_a_path() -> None:
    """{*rest} matches any number of parts, none included, after every more specific route."""
    table = RouteTable([Route.parse("files/{*rest}", (), "rest"), Route.parse("files/{id}", (), "one")])
    found = [table.find("GET", path) for path in ("/files/a/b", "/files/", "/files/a")]
    assert [(match.target, match.parameters) for match in found if isinstance(match, Match)] == [
        ("rest", {"rest": "a/b"}),
        ("rest", {"rest": ""}),
        ("one", {"id": "a"}),
    ]


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ("guid", str(uuid.UUID(int=1)), "urn:uuid:" + str(uuid.UUID(int=1))),
        ("int", "2147483647", "1.5"),
        ("long", "9223372036854775807", "9223372036854775808"),
        ("bool", "True", "yes"),
        ("alpha", "abc", "abc1"),
    ],
)
def test_each_constraint_tells_good_from_bad(constraint: str, good: str, bad: str) -> None:
    """The constraints mean what the documentation of ASP.NET Core says."""
    table = RouteTable([Route.parse(f"{{value:{constraint}}}", (), None)])
    assert table.find("GET", good) is not None
    assert table.find("GET", bad) is None
