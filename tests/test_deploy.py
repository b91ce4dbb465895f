"""The deployment's files: what they name is there and fits together."""

import re
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from bots.settings import Settings, load, variable
from storage.redis.address import Login, Topology, parse_address
from tests.deployment import FILES, PASSWORDS, run
from tests.storage.redis.acl import rules

LOGIN = Login(
    password=PASSWORDS["PARLEY_REDIS_PASSWORD"],
    sentinel_password=PASSWORDS["PARLEY_REDIS_SENTINEL_PASSWORD"],
)
SETTINGS = {variable(one.name) for one in fields(Settings)}
COMPOSE = sorted([*FILES.glob("compose*.yaml"), FILES.parent / "compose.yaml"])


class Healthcheck(msgspec.Struct):
    test: list[str]


class Service(msgspec.Struct):
    image: str = ""
    build: dict[str, str] = {}
    command: list[str] = []
    entrypoint: list[str] = []
    env_file: str | list[str] = []
    environment: dict[str, str] = {}
    depends_on: dict[str, dict[str, str]] = {}
    healthcheck: Healthcheck | None = None
    volumes: list[str] = []
    networks: dict[str, dict[str, str]] = {}
    restart: str = ""
    stop_grace_period: str = ""

    def env_files(self) -> list[str]:
        return [self.env_file] if isinstance(self.env_file, str) else self.env_file


class Compose(msgspec.Struct):
    services: dict[str, Service]
    volumes: dict[str, None] = {}


def composed(path: Path) -> Compose:
    return msgspec.yaml.decode(path.read_bytes(), type=Compose)


@pytest.fixture(params=COMPOSE, ids=lambda path: path.parent.name + "/" + path.name)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def services(path: Path) -> dict[str, Service]:
    return composed(path).services


def test_everything_that_a_compose_file_names_exists(path: Path) -> None:
    compose = composed(path)
    for service in compose.services.values():
        for volume in service.volumes:
            source = volume.split(":")[0]
            assert source in compose.volumes or (path.parent / source).exists(), source
        if service.build:
            context = path.parent / service.build["context"]
            assert (context / service.build["dockerfile"]).is_file()
        for word in (*service.entrypoint, *service.command):
            if word.endswith((".sh", ".conf")):
                assert (FILES / Path(word).name).is_file(), word
        assert service.depends_on.keys() <= compose.services.keys()
        assert service.restart in ("unless-stopped", "on-failure")


def test_every_setting_of_parley_is_one(services: dict[str, Service], tmp_path: Path) -> None:
    environment = services["parley"].environment
    assert environment.keys() <= SETTINGS
    load(environment, tmp_path)


def test_parley_has_longer_to_stop_than_to_drain(services: dict[str, Service], tmp_path: Path) -> None:
    grace = int(services["parley"].stop_grace_period.removesuffix("s"))
    assert grace > int(load({}, tmp_path).drain_seconds)


def test_a_health_check_asks_the_port_that_is_listened_on(services: dict[str, Service]) -> None:
    for service in services.values():
        if service.healthcheck is None:
            continue
        command = " ".join(service.healthcheck.test)
        if "PARLEY_HTTP" in service.environment:
            port = service.environment["PARLEY_HTTP"].rpartition(":")[2]
            assert f"http://127.0.0.1:{port}/healthz" in command
        else:
            assert f" -p {_port(service)} " in command


def test_the_storage_is_among_the_services(services: dict[str, Service]) -> None:
    url = services["parley"].environment.get("PARLEY_STORAGE", "")
    if not url:
        return
    address = parse_address(url, LOGIN)
    assert address.login.user == "parley"
    assert address.login.password
    for node in address.nodes:
        assert node.port == _port(services[node.host])
    if address.topology is Topology.SENTINEL:
        assert address.login.sentinel_user == "parley"
        monitor = re.search(r"^sentinel monitor (\S+) (\S+) (\d+) 2$", _file("sentinel.conf"), re.M)
        assert monitor is not None
        assert monitor[1] == address.service
        assert monitor[2] == services["redis-1"].networks["default"]["ipv4_address"]
        assert int(monitor[3]) == _port(services["redis-1"])


def test_addresses_and_data_belong_to_one_service_each(services: dict[str, Service]) -> None:
    addresses = [
        one["ipv4_address"] for service in services.values() for one in service.networks.values()
    ]
    data = [name for service in services.values() for name in service.volumes if not name.startswith(".")]
    assert len(set(addresses)) == len(addresses)
    assert len(set(data)) == len(data)
    for service in services.values():
        for word in service.command:
            if found := re.search(r"172[\d.]+", word):
                assert found[0] in addresses


def test_every_password_that_a_service_needs_is_in_a_file_that_it_gets(tmp_path: Path) -> None:
    script = tmp_path / "passwords.sh"
    script.write_text(_file("passwords.sh"))
    assert run(tmp_path, script).returncode == 0
    given: dict[str, set[str]] = {}
    for name in ("parley.env", "servers.env"):
        text = (tmp_path / name).read_text()
        given[name] = set(re.findall(r"^([A-Z_]+)=[0-9a-f]{48}$", text, re.M))
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
        assert f"{name} is there already" in run(tmp_path, script).stdout
        assert (tmp_path / name).read_text() == text
    needed = {
        name for file in FILES.iterdir() if file.suffix in (".acl", ".conf") for name in _needed(file)
    }
    assert needed == given["parley.env"] | given["servers.env"] == set(PASSWORDS)
    assert given["parley.env"] <= SETTINGS
    for file in FILES.glob("compose*.yaml"):
        for name, service in composed(file).services.items():
            mine = {"../.env", "parley.env"} if name == "parley" else {"parley.env", "servers.env"}
            assert set(service.env_files()) <= mine, name


@pytest.mark.parametrize("value", ["", "a/b", "a b", "ü"])
def test_a_password_that_is_missing_or_strange_starts_nothing(tmp_path: Path, value: str) -> None:
    changed = [f"REDIS_ADMIN_PASSWORD={value}"]
    made = run(tmp_path, FILES / "start.sh", "server", changed=changed)
    assert made.returncode == 1
    assert made.stderr == "REDIS_ADMIN_PASSWORD is missing, or is not made of letters and digits only.\n"


def test_nobody_can_be_the_default_user_which_may_do_everything() -> None:
    # With fewer rights Redis 7 loses what scripts wrote when it reads its file back.
    assert rules("default") == ["reset", "off", "allkeys", "allchannels", "allcommands"]


def _port(service: Service) -> int:
    """The port that start.sh makes the service listen on."""
    file = "sentinel.conf" if service.command[0] == "sentinel" else "redis.conf"
    ports = re.findall(r"^port (\d+)$", _file(file), re.M)
    assert len(ports) == 1
    return int(ports[0])


def _file(name: str) -> str:
    return (FILES / name).read_text()


def _needed(file: Path) -> list[str]:
    return re.findall(r"@([A-Z_]+)@", file.read_text())
