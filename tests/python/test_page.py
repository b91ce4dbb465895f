"""Every example of docs/python.md runs and says what the page shows; so do those of the specification."""

import re
from pathlib import Path

import pytest

from parley import Agent, MemoryConfig, WorkflowManager
from sessions.errors import NoSuchRun, SettingError, UsageError
from sessions.ports.checkpoints import RunStatus
from tests.cli.conftest import ParleyInside

PAGE = (Path(__file__).parent.parent.parent / "docs" / "python.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?", PAGE, re.M | re.S)
[WORKFLOW] = re.findall(r"^```yaml\n(.*?)^```\n", PAGE, re.M | re.S)


@pytest.fixture
def workflows(home: Path) -> Path:
    folder = home / "workflows"
    folder.mkdir(parents=True)
    (folder / "deploy-workflow.yaml").write_text(WORKFLOW)
    return folder


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: re.sub(r"\W+", "-", one[0])[-40:])
def test_an_example_of_the_page_does_what_it_shows(
    example: tuple[str, str], workflows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown = example
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "review.py").write_text("def review():\n    return 1\n")
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(code, "docs/python.md", "exec"), names)
    for value in names.values():
        if isinstance(value, Agent):
            value.close()
    out = capsys.readouterr().out
    assert not shown or out.strip() == shown.strip()


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 8
    assert sum(bool(shown) for _, shown in EXAMPLES) == 4


def test_agents_as_the_specification_has_them(inside: ParleyInside) -> None:
    agent = Agent(
        name="Assistant",
        memory=MemoryConfig(auto_save="my-project"),  # Auto-save session after each run
    )
    agent.start("Analyze this code")  # Session saved automatically
    agent.close()
    agent = Agent(
        name="Assistant",
        memory=True,
        context=True,  # Enable context management for history
    )
    agent.start("What did we discuss yesterday?")
    agent.close()
    listed = inside("session", "list").out
    assert "my-project" in listed
    assert "Assistant" in listed


def test_checkpoints_as_the_specification_has_them(workflows: Path, inside: ParleyInside) -> None:
    manager = WorkflowManager(functions={"deploy": lambda target: f"to {target}"})
    result = manager.execute("deploy-workflow", checkpoint="deploy-v1")
    assert (result.status, result.output) == (RunStatus.DONE, "to staging")
    result = manager.execute("deploy-workflow", resume="deploy-v1")
    assert not result.ran
    assert [one.name for one in manager.list_checkpoints()] == ["deploy-v1"]
    assert "deploy-v1" in inside("checkpoint", "list").out
    assert manager.delete_checkpoint("deploy-v1").workflow == "deploy-workflow"
    assert manager.list_checkpoints() == ()
    with pytest.raises(NoSuchRun):
        manager.delete_checkpoint("deploy-v1")


def test_a_run_that_failed_goes_on_where_it_stopped(workflows: Path, tmp_path: Path) -> None:
    tried: list[str] = []

    def deploy(target: str) -> str:
        tried.append(target)
        if len(tried) == 1:
            raise OSError("the server is away")
        return "deployed"

    manager = WorkflowManager(store="file:data", folder=workflows, functions={"deploy": deploy})
    failed = manager.execute("deploy-workflow", checkpoint="v1", variables={"target": "live"})
    assert failed.status is RunStatus.FAILED
    assert (tmp_path / "data").is_dir()
    again = manager.execute("deploy-workflow", resume="v1")
    assert (again.status, again.output, tried) == (RunStatus.DONE, "deployed", ["live", "live"])


async def test_a_manager_works_in_an_event_loop(workflows: Path) -> None:
    manager = WorkflowManager(store="sqlite:runs.db")
    manager.register(lambda target: target, "deploy")
    with pytest.raises(UsageError, match="await aexecute"):
        manager.execute("deploy-workflow")
    result = await manager.aexecute("deploy-workflow", checkpoint="v1")
    assert result.status is RunStatus.DONE
    assert [one.name for one in await manager.alist_checkpoints()] == ["v1"]
    assert (await manager.adelete_checkpoint("v1")).name == "v1"


def test_a_model_without_a_key_is_told(workflows: Path) -> None:
    with pytest.raises(SettingError, match="The manager's model is gpt-4, but there is no key for it"):
        WorkflowManager(model="gpt-4").list_checkpoints()
