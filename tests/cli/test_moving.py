import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import ParleyInside
from tests.foreign.samples import checkpoint, memory, remembered, said, session, write
from tests.storage.conftest import pool

ODD = ["../../x", "a/b", "-dash", "🚀 launch", "x" * 64, "CON", ".hidden"]


def praisonai(folder: Path) -> Path:
    own = folder / "their home/.praisonai"
    write(
        own / "sessions/demo.json", session("demo", [said("user", "hello"), said("assistant", "hi", 5)])
    )
    write(own / "sessions/broken.json", "{")
    write(own / "memory/p/sessions/notes.json", memory("notes", [], short_term=[remembered("Tea")]))
    write(own / "checkpoints/deploy.json", checkpoint("deploy"))
    return own.parent


def listed(inside: ParleyInside, *words: str) -> list[str]:
    return [
        one["name"] for one in json.loads(inside("session", "list", "--json", *words).out)["sessions"]
    ]


def test_import_reports_what_was_read_skipped_and_why(inside: ParleyInside, tmp_path: Path) -> None:
    home = praisonai(tmp_path)
    result = inside("session", "import", "--from", "praisonai", str(home))
    assert (result.code, result.error) == (0, "")
    broken = home / ".praisonai/sessions/broken.json"
    lines = result.out.splitlines()
    assert lines[:3] == [f"Skipped {broken}: it is no JSON (line 1)", "📥 Import finished.", ""]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert rows == [
        ["Import", "Result"],
        ["Workflow checkpoints", "1 read"],
        ["Memory sessions", "1 read"],
        ["Session files", "1 read"],
        ["Sessions", "2 added, 0 there already"],
        ["Facts", "1 added, 0 there already"],
        ["Checkpoints", "1 added, 0 there already"],
        ["Messages", "2 added"],
        ["Renamed", "0"],
        ["Skipped", "1"],
    ]
    assert set(listed(inside)) == {"demo", "notes"}
    assert "[User] hello" in inside("session", "show", "demo").out


def test_twice_adds_nothing_and_says_so_as_json(inside: ParleyInside, tmp_path: Path) -> None:
    words = ("session", "import", str(praisonai(tmp_path)), "--json", "--from=praisonai")
    inside(*words)
    result = inside("--from", "praisonai", *words[:4])
    assert (result.code, result.error) == (0, "")
    report = json.loads(result.out)
    assert report["read"] == {"session": 1, "memory": 1, "checkpoint": 1}
    assert report["sessions"] == {"added": 0, "there_already": 2}
    assert report["facts"] == report["checkpoints"] == {"added": 0, "there_already": 1}
    assert [one["why"] for one in report["skipped"]] == ["it is no JSON (line 1)"]
    assert (report["skipped_count"], report["remarks"]) == (1, [])


def test_an_import_exits_with_what_came_of_it(inside: ParleyInside, tmp_path: Path) -> None:
    home = praisonai(tmp_path)
    broken = str(home / ".praisonai/sessions/broken.json")
    (tmp_path / "nothing").mkdir()
    nothing = inside("session", "import", "--from", "praisonai", str(tmp_path / "nothing"))
    assert (nothing.code, nothing.out) == (0, "📥 There is nothing to import there.\n")
    failed = inside("session", "import", "--from", "praisonai", broken)
    assert failed.code == 1
    assert "📥 Nothing could be read.\n" in failed.out
    assert inside("session", "import", broken).code == 1
    for words, meant in (
        ((), "Say what to import"),
        (("--from", "praisonai"), "Say what to import"),
        (("--from", "chatgpt", str(home)), "imported from: praisonai"),
        (("--from", "praisonai", str(tmp_path / "gone")), "There is nothing at"),
        (("--from", "praisonai", "mysql://host"), "no other URL"),
        ((str(tmp_path / "gone.json"),), "--from praisonai"),
        (("--from", "praisonai", str(home), "--workspace", "telegrm:1"), "parley workspace list"),
        (("--from", "praisonai", str(home), "--storage-backend", "postgres"), "storage backend"),
    ):
        result = inside("session", "import", *words)
        assert (result.code, result.out) == (2, ""), words
        assert meant in result.error


def test_a_server_that_is_away_is_a_failure(inside: ParleyInside) -> None:
    result = inside("session", "import", "--from", "praisonai", "redis://:secret@127.0.0.1:1/0")
    assert (result.code, result.out) == (1, "")
    assert "cannot be reached" in result.error
    assert "secret" not in result.error


def test_text_from_elsewhere_is_printed_as_text(inside: ParleyInside, tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", session("\x1b[2J evil"))
    result = inside("session", "import", "--from", "praisonai", str(path))
    assert "\x1b" not in result.out
    assert listed(inside) == ["[2J evil"]


def test_export_prints_markdown(inside: ParleyInside, tmp_path: Path) -> None:
    inside("session", "import", "--from", "praisonai", str(praisonai(tmp_path)))
    result = inside("session", "export", "demo")
    assert (result.code, result.error) == (0, "")
    assert result.out == (
        "# demo\n\n"
        "Session demo, 2024-12-24 00:26:39 to 2024-12-24 00:30:00 (UTC), 2 messages\n\n"
        "## User, 2024-12-24 00:26:40\n\nhello\n\n"
        "## Agent, 2024-12-24 00:26:45\n\nhi\n"
    )


@pytest.mark.parametrize("backend", ["sqlite", "file", "redis"])
def test_a_session_moves_from_backend_to_backend(
    inside: ParleyInside, tmp_path: Path, backend: str
) -> None:
    inside("session", "import", "--from", "praisonai", str(praisonai(tmp_path)))
    path = tmp_path / "out.json"
    assert inside("session", "export", "demo", "--output", str(path)).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    there = {
        "sqlite": ("--storage-path", str(tmp_path / "other.db")),
        "file": ("--storage-backend", "file", "--storage-path", str(tmp_path / "other")),
        "redis": ("--storage-backend", f"{pool().standalone().url}?prefix=parley:moving"),
    }[backend]
    for added in (1, 0):
        result = inside("session", "import", str(path), "--json", *there, "--workspace", "telegram:-5")
        assert json.loads(result.out)["sessions"]["added"] == added
    words = ("--json", *there, "--workspace", "telegram:-5")
    again = inside("session", "export", "demo", *words)
    assert json.loads(again.out) == json.loads(path.read_text())
    assert inside("session", "delete", "demo", "--yes", *words).code == 0


def test_all_sessions_go_to_files_with_safe_names(inside: ParleyInside, tmp_path: Path) -> None:
    for name in ODD:
        assert inside("session", "start", "--", name).code == 0
    folder = tmp_path / "out"
    words = ("session", "export", "--all", "--format", "json", "--output", str(folder))
    result = inside(*words)
    assert (result.code, result.out) == (0, f"📤 Exported {len(ODD)} sessions to {folder}\n")
    names = [one.name for one in folder.iterdir()]
    assert len(names) == len(ODD)
    assert all(name.endswith(".json") and name[0] not in ".-" and "/" not in name for name in names)
    refused = inside(*words)
    assert (refused.code, refused.out) == (2, "")
    assert "--force" in refused.error
    assert inside(*words, "--force").code == 0
    other = ("--storage-path", str(tmp_path / "other.db"))
    assert inside("session", "import", str(folder), *other).code == 0
    assert set(listed(inside, *other, "--all")) == set(ODD)


def test_an_export_overwrites_nothing(inside: ParleyInside, tmp_path: Path) -> None:
    inside("session", "start", "trip")
    path = tmp_path / "kept.md"
    path.write_text("mine")
    refused = inside("session", "export", "trip", "--output", str(path))
    assert (refused.code, refused.out) == (2, "")
    assert "--force" in refused.error
    assert path.read_text() == "mine"
    done = inside("session", "export", "trip", "--output", str(path), "--force")
    assert (done.code, done.out) == (0, f"📤 Exported session 'trip' to {path}\n")
    assert path.read_text().startswith("# trip\n")
    assert [one.name for one in tmp_path.glob(".*part")] == []


def test_an_export_that_cannot_be_is_explained(inside: ParleyInside, tmp_path: Path) -> None:
    inside("session", "start", "trip")
    for words, code, meant in (
        (("gone",), 1, "There is no session"),
        (("trip", "--format", "pdf"), 2, "markdown, json"),
        (("trip", "--output", str(tmp_path)), 2, "is a folder"),
        (("trip", "--output", str(tmp_path / "no/where.md")), 1, "cannot be written"),
        (("--all",), 2, "--output FOLDER"),
        (("trip", "--all", "--output", str(tmp_path / "o")), 2, "no name"),
    ):
        result = inside("session", "export", *words)
        assert (result.code, result.out) == (code, ""), words
        assert meant in result.error


def test_without_a_name_the_active_session_is_exported(inside: ParleyInside) -> None:
    inside("session", "start", "one")
    inside("session", "start", "two")
    assert inside("session", "export").out.startswith("# two\n")
    assert json.loads(inside("session", "export", "--json").out)["name"] == "two"
