"""Which files of a folder are looked at."""

import os
import subprocess
from pathlib import Path

import pytest

from sessions.folder.reading import read_head
from sessions.folder.walking import walk
from tests.folder.tree import write


def paths(folder: Path) -> list[str]:
    return [file.path for file in walk(folder).files]


TREE = (
    *("a.py", "a.log", "keep.log", "b.tmp", "build/x.py", "src/a.py", "src/build/y.py", "src/a.log"),
    *("src/keep/a.log", "src/keep/b.log", "docs/a.md", "docs/b/c/x.md", "docs/x.md", "out/keep.py"),
    *(
        "out/other.py",
        "#odd.py",
        "!odd.py",
        "two words.py",
        "sp/a[1].py",
        "sp/b.py",
        "sp/c.py",
        "vendor/v.py",
    ),
    *("vendor/lib/w.py", "über/ä.py", "über/b.py", "deep/er/est/f.py", "deep/er/g.py", "deep/h.py"),
)
RULES = {
    ".gitignore": "*.log\n!keep.log\n/build/\nout/\n!out/keep.py\n\\#odd.py\n\\!odd.py\nvendor/*\n"
    "!vendor/lib\ndocs/**/x.md\ntwo words.py   \nsp/a\\[1\\].py\nsp/[b-b].py\nüber/ä.py\n"
    "  \n# a comment\n!\nc.*\r\n",
    "src/.gitignore": "build\n!a.log\n",
    "src/keep/.gitignore": "*\n!b.log\n",
    "deep/.gitignore": "/er/*\n!/er/est\n",
    "deep/er/est/.gitignore": "\xef\xbb\xbf",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = write(tmp_path / "project", {**dict.fromkeys(TREE, "text\n"), **RULES})
    subprocess.run(["git", "init", "-q", str(folder)], check=True, timeout=30)
    (folder / ".git" / "info" / "exclude").write_text("*.tmp\n")
    return folder


def by_git(folder: Path) -> list[str]:
    """What git itself would add, at least from this folder on."""
    listed = subprocess.run(
        ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=30,
    )
    return sorted(os.fsdecode(one) for one in listed.stdout.split(b"\0") if one)


@pytest.mark.parametrize("below", ["", "src", "src/keep", "docs", "deep", "deep/er"])
def test_what_git_ignores_is_left_out(repository: Path, below: str) -> None:
    folder = repository / below
    assert paths(folder) == by_git(folder)


def test_a_folder_that_is_ignored_and_asked_for_is_shown(repository: Path) -> None:
    assert paths(repository / "out") == ["keep.py", "other.py"]
    assert paths(repository / "build") == ["x.py"]


def test_gitignore_files_count_without_a_repository(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"a.py": "1", "b.log": "1", "c/d.log": "1", ".gitignore": "*.log", "c/.gitignore": "!d.log"},
    )
    assert paths(tmp_path) == [".gitignore", "a.py", "c/.gitignore", "c/d.log"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", {"passwords.py": "1", "more/x.py": "1"})
    inside = write(tmp_path / "inside", {"a.py": "1", "b/c.py": "1"})
    (inside / "file.py").symlink_to(outside / "passwords.py")
    (inside / "folder").symlink_to(outside)
    (inside / "b" / "loop").symlink_to(inside)
    (inside / "nowhere.py").symlink_to(outside / "nothing.py")
    (inside / ".gitignore").symlink_to(outside / "rules")
    assert paths(inside) == ["a.py", "b/c.py"]
    linked = tmp_path / "linked"
    linked.symlink_to(inside)
    assert paths(linked.resolve()) == ["a.py", "b/c.py"]


def test_a_file_that_became_a_link_or_a_pipe_is_not_read(tmp_path: Path) -> None:
    secret = write(tmp_path, {"secret": "hidden"}) / "secret"
    (tmp_path / "link.py").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe.py")
    names = ("link.py", "pipe.py", "gone.py", ".")
    assert [read_head(str(tmp_path / name), 10) for name in names] == [None] * 4
    assert read_head(str(secret), 3) == b"hid"


SECRETS = (
    *(
        ".env",
        ".env.production",
        ".envrc",
        "prod.env",
        "server.pem",
        "server.key",
        "id_rsa",
        "id_ed25519.pub",
    ),
    *("ID_RSA", "deploy_rsa", ".netrc", ".npmrc", ".pypirc", "vault.kdbx", "release.jks", "cert.p12"),
    *(
        ".git-credentials",
        "credentials",
        "credentials.json",
        "aws-credentials.csv",
        "secrets.yaml",
        "secret",
    ),
    *("client_secret_123.json", "my.passwords.txt", "api_key.txt", "token.json", "service-account.json"),
    *(
        "service_account-prod.json",
        "terraform.tfstate",
        "prod.tfvars",
        "kubeconfig",
        ".htpasswd",
        "parley.toml",
    ),
    *(".ssh/config", ".aws/config", ".bash_history", "auth.json"),
)


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_left_out_by_their_names(tmp_path: Path, name: str) -> None:
    assert paths(write(tmp_path, {name: "a secret", "a.py": "1"})) == ["a.py"]


@pytest.mark.parametrize(
    "name",
    [
        "credentials.py",
        "secrets.go",
        "token.ts",
        "tokenizer.py",
        "tokens.css",
        "keys.py",
        "environment.md",
    ],
)
def test_code_about_secrets_is_code(tmp_path: Path, name: str) -> None:
    assert paths(write(tmp_path, {name: "1"})) == [name]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "photo.PNG",
            "app.min.js",
            "app.js.map",
            "uv.lock",
            "package-lock.json",
            "api_pb2.py",
            "go.sum",
        ),
        *("node_modules/a/index.js", "x/__pycache__/y.py", ".git/config", "env/pyvenv.cfg", "empty.py"),
    ],
)
def test_what_no_person_wrote_is_left_out(tmp_path: Path, name: str) -> None:
    content = "" if name == "empty.py" else "text"
    assert paths(write(tmp_path, {name: content, "a.py": "1"})) == ["a.py"]


def test_a_huge_file_is_left_out(tmp_path: Path) -> None:
    assert paths(write(tmp_path, {"data.py": b"x = 1\n" * 200_000, "a.py": "1"})) == ["a.py"]


def test_an_installed_environment_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"env/pyvenv.cfg": "1", "env/lib/x.py": "1", "a.py": "1"})
    assert paths(tmp_path) == ["a.py"]


def test_of_a_folder_that_is_too_large_the_upper_part_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.py": "1", "b/c.py": "1", "b/d/e.py": "1", "b/d/f/g.py": "1"})
    monkeypatch.setattr("sessions.folder.walking.MOST_ENTRIES", 4)
    seen = walk(tmp_path)
    assert ([file.path for file in seen.files], seen.whole) == (["a.py", "b/c.py"], False)
