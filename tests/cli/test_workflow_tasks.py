from pathlib import Path

import pytest

from bots.extras import extras
from bots.settings import Settings, load
from bots.workflow_tasks import workflow_commands
from sessions.errors import SettingError
from sessions.model import Task, Verb
from tests.workflows.house import House


@pytest.mark.parametrize("module", ["no_such_module", "cli.version.nothing", "bots"])
def test_a_module_of_functions_that_cannot_be_used_is_told_at_the_start(
    tmp_path: Path, module: str
) -> None:
    house = House(tmp_path / "workflows")
    with pytest.raises(SettingError, match="module"):
        extras(Settings(tmp_path, workflow_functions=module), house.store, house.model)
    with pytest.raises(SettingError, match="PARLEY_WORKFLOW_FUNCTIONS=my_company"):
        load({"PARLEY_WORKFLOW_FUNCTIONS": "a/b.py"}, tmp_path)


async def test_turns_run_the_workflows_of_the_home_folder_with_its_functions(tmp_path: Path) -> None:
    house = House(tmp_path / "workflows")
    house.define("steps: [{name: a, call: load_functions, with: {module: ''}}]")
    settings = Settings(tmp_path, workflow_functions="bots.functions")
    tasks = extras(settings, house.store, house.model).tasks
    assert tasks is not None
    task = await workflow_commands(settings, house.store).run(house.caller(), "deploy", "v1")
    assert task == Task(Verb.RUN, "deploy", "v1")
    outcome = await tasks.carry_out(await house.work(task), lambda _: None)
    assert outcome.text.endswith("- ✅ a\n\n**a**\n\n{}")
