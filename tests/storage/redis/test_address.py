from datetime import timedelta
from pathlib import Path

import pytest

from sessions.errors import SettingError
from storage.redis.address import (
    EXAMPLES,
    OPTIONS,
    Durability,
    Login,
    Node,
    Tls,
    Topology,
    parse_address,
)


@pytest.mark.parametrize(
    ("url", "topology", "nodes", "service", "database"),
    [
        ("redis://localhost", Topology.STANDALONE, [("localhost", 6379)], "", 0),
        ("REDIS://10.0.0.1:7000/5", Topology.STANDALONE, [("10.0.0.1", 7000)], "", 5),
        ("redis://[::1]:7000", Topology.STANDALONE, [("::1", 7000)], "", 0),
        ("redis://[::1]/", Topology.STANDALONE, [("::1", 6379)], "", 0),
        ("redis+unix:///run/a%20b.sock?db=2", Topology.STANDALONE, [("/run/a b.sock", 0)], "", 2),
        ("redis+sentinel://a,b:7000/main", Topology.SENTINEL, [("a", 26379), ("b", 7000)], "main", 0),
        ("redis+sentinel://a/main/3", Topology.SENTINEL, [("a", 26379)], "main", 3),
        ("redis+cluster://a,b:7000", Topology.CLUSTER, [("a", 6379), ("b", 7000)], "", 0),
        ("redis+cluster://a/0", Topology.CLUSTER, [("a", 6379)], "", 0),
    ],
)
def test_each_topology_has_its_url(
    url: str, topology: Topology, nodes: list[tuple[str, int]], service: str, database: int
) -> None:
    address = parse_address(url)
    assert address.topology is topology
    assert address.nodes == tuple(Node(*node) for node in nodes)
    assert (address.service, address.database, address.tls) == (service, database, None)


@pytest.mark.parametrize("url", EXAMPLES.values())
def test_the_examples_can_be_read(url: str) -> None:
    assert (parse_address(url).tls is not None) is url.startswith("rediss")


def test_the_options_are_taken(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / name).touch()
    files = "&".join(f"{name}={tmp_path}/{name}" for name in ("ca", "cert", "key"))
    address = parse_address(
        f"rediss://a?prefix=team-a&durability=replicated&replicas=2&wait_ms=100&timeout_ms=900"
        f"&patience_ms=50&{files}"
    )
    assert (address.prefix, address.durability, address.replicas) == (
        "team-a",
        Durability.REPLICATED,
        2,
    )
    assert [one // timedelta(milliseconds=1) for one in (address.wait, address.timeout)] == [100, 900]
    assert address.patience == timedelta(milliseconds=50)
    assert address.tls == Tls(*(f"{tmp_path}/{name}" for name in ("ca", "cert", "key")))


def test_a_short_time_out_shortens_the_wait_for_replicas() -> None:
    assert parse_address("redis://a?timeout_ms=800").wait == timedelta(milliseconds=400)


def test_a_password_is_decoded_and_shown_nowhere() -> None:
    address = parse_address("redis://ada:p%40ss%2Fw%25rd@a")
    assert (address.login.user, address.login.password) == ("ada", "p@ss/w%rd")
    for shown in (repr(address), str(address), repr(address.login)):
        assert "p@ss" not in shown


def test_the_url_goes_before_the_settings() -> None:
    settings = Login("set", "set-password", sentinel_password="sentinel-password")
    assert parse_address("redis://a", settings).login == settings
    assert parse_address("redis://url@a", settings).login.password == "set-password"
    both = parse_address("redis+sentinel://url:url-password@a/main?sentinel_user=guard", settings).login
    assert both == Login("url", "url-password", "guard", "sentinel-password")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis:localhost", "like one of these"),
        ("redis+other://a", "like one of these"),
        ("redis://", "host:port"),
        ("redis://a:port", "host:port"),
        ("redis://a:0", "host:port"),
        ("redis://a:65536", "host:port"),
        ("redis://a b", "host:port"),
        ("redis://a,b", "names one server"),
        ("redis://a/x", "database number"),
        ("redis://a/0/1", "database number"),
        ("redis://a#1", "part after #"),
        ("redis+unix://a/b", "three slashes"),
        ("redis+unix://", "three slashes"),
        ("redis+sentinel://a", "names the service"),
        ("redis+cluster://a/1", "only database 0"),
        ("redis://a?tls=yes", "no option tls. There are: prefix"),
        ("redis://a?db=1", "no option db"),
        ("redis://a?prefix={b}", "prefix=parley"),
        ("redis://a?prefix=a&prefix=b", "Set it once"),
        ("redis://a?durability=maybe", "durability=replicated"),
        ("redis://a?replicas=0", "replicas=1"),
        ("redis://a?timeout_ms=1s", "timeout_ms=5000"),
        ("redis://a?timeout_ms=1000&wait_ms=600", "wait_ms=500"),
        ("redis://a?ca=/nowhere.pem", "rediss://"),
        ("rediss://a?ca=/nowhere.pem", "names no file"),
        ("redis://%zz@a", "two hex digits"),
        ("redis://%ff@a", "not UTF-8"),
        ("redis://:%00@a", "invisible"),
    ],
)
def test_a_url_that_cannot_work_says_what_to_write(url: str, says: str) -> None:
    with pytest.raises(SettingError) as refused:
        parse_address(url)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2@a b",
        "redis://:hunter2@a:port",
        "redis://:hunt?er2=hunter2@a",
        "redis://a?password=hunter2",
        "redis://a?hunter2",
        "redis://a/hunter2",
        "redis://a?replicas=hunter2",
        "redis://:hunter2%@a",
    ],
)
def test_a_refusal_never_repeats_a_password(url: str) -> None:
    with pytest.raises(SettingError) as refused:
        parse_address(url)
    assert "hunter2" not in str(refused.value)


def test_every_option_is_on_the_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "settings.md").read_text()
    assert [name for name in OPTIONS if f"`{name}`" not in page] == []
    schemes = {scheme for scheme in EXAMPLES if not scheme.startswith("rediss")}
    assert [scheme for scheme in schemes if f"`{scheme}://" not in page] == []
