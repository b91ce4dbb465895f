from contextlib import nullcontext

from sessions.llm import OpenAIModel
from sessions.ports.checkpoints import RunStatus
from sessions.workflows.programs import WorkflowManager
from tests.emulators.openai import ModelServer
from tests.workflows.house import House

AT_ONCE = """
steps:
  - name: both
    parallel: [{name: a, prompt: A, model: gpt-4}, {name: b, prompt: B}]
  - {name: last, prompt: "{{ steps.a.output }}"}
"""


async def test_the_model_is_opened_once_by_the_first_step_that_asks_it(house: House) -> None:
    """Steps at once ask it at once; the client is closed by the task that ends the run."""
    house.define(AT_ONCE)
    opened: list[OpenAIModel] = []
    async with ModelServer.start("key") as server:

        def model() -> OpenAIModel:
            opened.append(OpenAIModel(model="gpt-4o-mini", api_key="key", base_url=server.base_url))
            return opened[-1]

        manager = WorkflowManager(
            store=lambda: nullcontext(house.store), model=model, folder=house.folder
        )
        result = await manager.aexecute("deploy")
    assert (result.status, len(opened)) == (RunStatus.DONE, 1)
    assert all(result.outputs.values())
