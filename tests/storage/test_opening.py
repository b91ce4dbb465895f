import subprocess
import sys
from pathlib import Path

import pytest

from sessions.errors import SettingError
from sessions.model import WorkspaceKey
from storage.opening import open_store, storage_url

KEY = WorkspaceKey("local")


@pytest.mark.parametrize("url", ["memory:", "memory://", "MEMORY:"])
async def test_memory_opens_by_its_url(url: str) -> None:
    async with open_store(url) as store:
        assert (await store.workspace(KEY)).key == KEY


async def test_an_absolute_path_opens_the_same_data_again(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/parley.db"
    async with open_store(url) as store:
        made = await store.workspace(KEY)
    async with open_store(url) as store:
        assert await store.find_workspace(KEY) == made


async def test_a_relative_path_is_relative_to_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_store("sqlite:some%20where/parley.db"):
        assert (tmp_path / "some where" / "parley.db").exists()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "begins with its backend"),
        ("parley.db", "begins with its backend"),
        ("sqlite:", "no path"),
        ("sqlite://", "third slash"),
        ("sqlite:///", "no path"),
        ("sqlite://parley.db", "third slash"),
        ("sqlite://host/parley.db", "third slash"),
        ("sqlite:///a.db?mode=ro", "no options"),
        ("sqlite:~nobody-of-that-name/a.db", "home is unknown"),
        ("sqlite:///a%2.db", "hex digits"),
        ("sqlite:///a%zz.db", "hex digits"),
        ("sqlite:///a%ff.db", "not UTF-8"),
        ("sqlite:///a%00.db", "invisible"),
        ("sqlite:///a\nb.db", "invisible"),
        ("file:", "no path"),
        ("file://data", "third slash"),
        ("memory:somewhere", "no path"),
        ("redis:", "like one of these"),
        ("redis://localhost/first", "database number"),
        ("redis+sentinel://localhost:26379", "names the service"),
        ("postgres://localhost/parley", "no storage backend postgres"),
    ],
)
async def test_a_url_that_cannot_work_says_what_to_write(url: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        async with open_store(url):
            pass


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hunter2@localhost/first",
        "postgres://ada:hunter2@localhost/parley",
        "sqlite://ada:hunter2@localhost/parley.db",
        "file://ada:hunter2@host/data",
        "hunter2@host:1",
        "memory://hunter2",
        "sqlite:///a?password=hunter2",
    ],
)
async def test_a_refusal_never_repeats_a_password(url: str) -> None:
    with pytest.raises(SettingError) as refused:
        async with open_store(url):
            pass
    assert "hunter2" not in str(refused.value)


def test_a_backend_word_and_a_path_make_a_url(tmp_path: Path) -> None:
    assert storage_url("memory", "", tmp_path) == "memory:"
    assert storage_url("sqlite", "", Path("/home/ada/.parley")) == "sqlite:///home/ada/.parley/parley.db"
    assert storage_url("file", "", Path("/home/ada/.parley")) == "file:///home/ada/.parley/data"
    assert storage_url("sqlite", "/a b/100%.db", tmp_path) == "sqlite:///a%20b/100%25.db"
    assert storage_url("sqlite:///a.db", "", tmp_path) == "sqlite:///a.db"
    assert storage_url("redis", "", tmp_path) == "redis://localhost:6379"
    assert storage_url("rediss://a:6380/1", "", tmp_path) == "rediss://a:6380/1"


@pytest.mark.parametrize(
    ("backend", "path", "says"),
    [
        ("memory", "/data", "takes no path"),
        ("redis", "/data", "takes no path"),
        ("redis://localhost/first", "", "database number"),
        ("mongodb", "", "There are three: file, sqlite, and redis"),
        ("", "", "There are three: file, sqlite, and redis"),
        ("sqlite:///a.db", "/b.db", "not both"),
        ("sqlite:", "", "no path"),
    ],
)
def test_a_backend_that_cannot_work_says_what_exists(backend: str, path: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        storage_url(backend, path, Path("/home/ada/.parley"))


async def test_the_path_of_a_word_survives_the_url(tmp_path: Path) -> None:
    path = tmp_path / "ä %41 ?#" / "parley.db"
    async with open_store(storage_url("sqlite", str(path), tmp_path)):
        assert path.exists()


def test_redis_is_imported_only_by_whoever_uses_it() -> None:
    code = (
        "import sys, cli.wiring; "
        "from storage.opening import storage_url; storage_url('redis://a', '', None); "
        "sys.exit('redis' in sys.modules or 'hiredis' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
