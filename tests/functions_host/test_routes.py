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


def test_the_first_function_by_its_name_answers_and_no_literal_wins(client: httpx.Client) -> None:
    """Seen on host 4.1037: in `users` the literal is first by its name, in `first` the parameter."""
    assert client.get("/users/me").json() == {"me": True}
    assert client.get("/first/me").text == "a parameter"


def test_a_route_is_matched_without_regard_to_case_but_keeps_its_values(client: httpx.Client) -> None:
    """Literals compare as ASP.NET Core compares them; parameters arrive as sent, decoded."""
    assert client.get("/USERS/Anna%20%C3%96").json() == {"name": "Anna Ö"}
    assert client.get("/users/a%2Fb").json() == {"name": "a%2Fb"}


def test_functions_may_share_a_path_by_method(client: httpx.Client) -> None:
    """The method chooses among routes of the same path."""
    assert client.delete("/users/anna").text == "removed anna"


def test_an_unknown_path_is_404_with_an_empty_body(client: httpx.Client) -> None:
    """So is a path outside the prefix of host.json, and one with a part too many."""
    for path in (
        "/nowhere",
        "/users",
        f"/users/{USER}/mobile/more",
        "/../echo",
        "//echo",
        "/echo//",
        "/users//anna",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (404, b""), path


def test_one_slash_at_the_end_is_passed_over(client: httpx.Client) -> None:
    """Seen on host 4.1037; two are not."""
    assert client.get("/echo/").status_code == 200


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS"])
def test_a_wrong_method_is_404_and_names_no_other(client: httpx.Client, method: str) -> None:
    """Seen on host 4.1037, HEAD where GET is taken too."""
    answer = client.request(method, "/users/anna")
    assert (answer.status_code, answer.content, "allow" in answer.headers) == (404, b"", False)


def test_a_function_without_methods_takes_them_all(client: httpx.Client) -> None:
    """A route decorator without methods restricts nothing."""
    assert {client.request(method, "/empty").status_code for method in ("GET", "PUT", "PATCH")} == {204}


@pytest.mark.parametrize("template", ["{a", "{a:range(1,2)}", "x{a}", "{a=1}", "{a:unknown}"])
def test_a_template_that_is_not_understood_is_refused(template: str) -> None:
    """Rather than guess, the host does not start."""
    with pytest.raises(TemplateError, match="not understood"):
        Route.parse(template, (), None)


def test_a_route_can_take_the_rest_of_a_path() -> None:
    """{*rest} matches any number of parts, none included."""
    table = RouteTable([Route.parse("files/{id:int}", (), "one"), Route.parse("files/{*rest}", (), "rest")])
    found = [table.find("GET", path) for path in ("/files/a/b", "/files/", "/files/7")]
    assert [(match.target, match.parameters) for match in found if isinstance(match, Match)] == [
        ("rest", {"rest": "a/b"}),
        ("rest", {"rest": ""}),
        ("one", {"id": "7"}),
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
