import re
from pathlib import Path

from sessions.ports.checkpoints import RunStatus
from sessions.workflows.runner import Question
from tests.workflows.house import House

PAGE = (Path(__file__).parent.parent.parent / "docs" / "workflows.md").read_text("utf-8")


async def test_the_example_of_the_page_runs(house: House) -> None:
    examples = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)
    assert len(examples) == 1
    house.define(examples[0], "any")
    house.functions["count_words"] = lambda text: len(text.split())

    async def yes(_: Question) -> bool:
        return True

    result = await house.manager(yes).aexecute(
        "deploy-workflow", variables={"service": "shop", "environment": "production"}
    )
    assert result.status is RunStatus.DONE
    assert set(result.outputs) == {"build", "size", "lint", "sign-off", "deploy"}
    assert result.output == "<Announce that shop was deployed (8 words of notes).>"
