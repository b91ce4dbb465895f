import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import storage.redis
from storage.redis import scripts
from tests.redis_servers import Server
from tests.storage.redis.contents import Contents, contents
from tests.storage.redis.lua import Program
from tests.storage.redis.scenario import live
from tests.storage.redis.watched import watched

HOME = Path(storage.redis.__file__).parent
KEYLESS = {"TIME", "PUBLISH"}


def text(name: str) -> str:
    return (HOME / "lua" / f"{name}.lua").read_text()


def included() -> set[str]:
    """The files that others begin with."""
    firsts = (text(name).partition("\n")[0] for name in scripts.names())
    return {name for first in firsts if first.startswith("--! ") for name in first[4:].split()}


def called() -> set[str]:
    """The scripts that a module names where it runs one."""
    return {name for module in HOME.glob("*.py") for name in _named(ast.parse(module.read_text()))}


def _named(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Call(ast.Attribute(attr="run" | "run_all"), [ast.Constant(str() as name), *_]):
                yield name


PROGRAMS = sorted(set(scripts.names()) - included())


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_key_of_a_script_is_given_to_it(name: str) -> None:
    program = Program(scripts.script(name).text.decode())
    computed = [one for one in program.commands() if one[0] not in KEYLESS and not program.is_key(one[1])]
    assert computed == []


def test_a_key_that_a_script_computes_is_seen() -> None:
    program = Program(
        "local A = KEYS[1]\n"
        "local function get(key) return redis.call('GET', key) end\n"
        "get(A)\nredis.call('SET', A .. ':more', 1)\nredis.call('DEL', ARGV[1])\n"
    )
    assert [first for _, first in program.commands() if not program.is_key(first)] == [
        "A .. ':more'",
        "ARGV[1]",
    ]


@pytest.mark.parametrize("name", scripts.names())
def test_every_script_says_on_top_what_it_does(name: str) -> None:
    lines = text(name).splitlines()
    described = lines[lines[0].startswith("--! ")]
    assert described.startswith("-- ")
    assert len(described.split()) > 4


def test_every_script_is_run_by_a_module_and_none_is_missing() -> None:
    assert called() == set(PROGRAMS)
    assert included() <= set(scripts.names())


def test_every_script_can_be_packed_with_the_program() -> None:
    assert all(scripts.script(name).text for name in PROGRAMS)


async def test_a_server_that_forgets_its_scripts_all_the_time_changes_nothing(server: Server) -> None:
    async def forget() -> None:
        await server.call("SCRIPT", "FLUSH")

    async def remember() -> None:
        await server.call("PING")

    lived: list[tuple[list[str], Contents]] = []
    for between in (remember, forget):
        async with watched(server) as one:
            said = await live(one.store, one.clock.advance, between)
            kept = await contents(server, one.address.prefix)
            lived.append(([kept.anonymous(each) for each in said], kept))
    (told, remembered), (told_again, forgotten) = lived
    assert told_again == told
    assert forgotten.keys == remembered.keys
