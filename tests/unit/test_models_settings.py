"""Model endpoints as they are set."""

import json
from typing import Any

import pytest

from agent.errors import BadSetting
from agent.models import Models
from agent.settings import ROLES, ModelEndpoint, Settings


def endpoint(**row: Any) -> Any:
    return Settings(_env_file=None, models=json.dumps([{"url": "https://x.test/v1", **row}])).endpoints[0]


def test_an_endpoint_serves_every_role_at_no_price_unless_it_says_so() -> None:
    plain = endpoint()
    assert (plain.roles, plain.context, plain.price, plain.parallel) == (ROLES, 32_768, (0.0, 0.0, 0.0), 0)
    full = endpoint(model="m", roles=["plan", "check"], context=128_000, price=[2, 0.5, 8], parallel=3)
    assert (full.roles, full.context, full.price, full.parallel) == (("plan", "check"), 128_000, (2.0, 0.5, 8.0), 3)


def test_of_two_prices_what_is_sent_again_costs_as_much_as_what_is_sent() -> None:
    assert endpoint(price=[2, 8]).price == (2.0, 2.0, 8.0)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"roles": ["plan", "sing"]}, "roles are some of plan, read, write, check"),
        ({"roles": []}, "roles are some of"),
        ({"roles": 5}, "names with commas"),
        ({"context": 100}, "at least 1024"),
        ({"context": "large"}, "a whole number is wanted"),
        ({"price": 5}, "price is"),
        ({"price": [1, 2, 3, 4]}, "price is"),
        ({"price": [1, -2, 3]}, "at least 0"),
        ({"parallel": 0}, "at least 1"),
        ({"colour": "red"}, "each endpoint is"),
        ({"url": ""}, "each endpoint is"),
    ],
)
def test_what_cannot_be_is_said_and_no_key_with_it(row: dict[str, Any], why: str) -> None:
    with pytest.raises(BadSetting, match=why) as raised:
        endpoint(**{"key": "sk-secret-1", **row})
    assert "sk-secret-1" not in str(raised.value)


def test_the_window_of_the_common_case_can_be_set() -> None:
    given = Settings(_env_file=None, model_url="https://x.test/v1", model_context=8192)
    assert given.endpoints[0].context == 8192


@pytest.mark.parametrize(("url", "local"), [
    ("http://127.0.0.1:11434/v1", True), ("http://localhost:8080/v1", True), ("http://LOCALHOST/v1", True), ("http://[::1]:1/v1", True),
    ("http://10.1.2.3:8000/v1", True), ("http://10.2.2.3:8000/v1", False), ("https://api.example.com/v1", False),
    ("https://localhost.example.com/v1", False), ("http://127.0.0.1.example.com/v1", False), ("http://127.0.0.1@example.com/v1", False),
    ("http://[broken/v1", False), ("", False), ("http://0.0.0.0/v1", False),
])
def test_which_endpoints_are_local(url, local):
    assert Settings(_env_file=None, allow_nets=["10.1.0.0/16"]).is_local(url) is local


def test_of_endpoints_only_the_local_ones_stay_where_a_page_is_private():
    settings = Settings(_env_file=None)
    here, there = ModelEndpoint("http://127.0.0.1:1/v1", "small"), ModelEndpoint("https://api.example.com/v1", "big")
    both = Models([there, here], settings)
    assert both.only_local().names == ("small",)
    assert Models([there], settings).only_local() is None
    alone = Models([here], settings)
    assert alone.only_local() is alone
