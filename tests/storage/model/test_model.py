"""Every backend answers as the plain model does. ``make chaos`` asks for longer and other histories."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.storage.conftest import BACKENDS
from tests.storage.model.machine import HotPath

EXAMPLES = {"memory": 60, "sqlite": 30, "redis": 30}
STEPS = 50


def profile(backend: str) -> settings:
    """The same histories in each run; others, if the environment says how long they are."""
    steps = os.environ.get("PARLEY_MODEL_STEPS", "")
    return settings(
        max_examples=int(os.environ.get("PARLEY_MODEL_EXAMPLES", "0")) or EXAMPLES[backend],
        stateful_step_count=int(steps or STEPS),
        derandomize=not steps,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        print_blob=True,
    )


@pytest.mark.parametrize("backend", [name for name in EXAMPLES if name in BACKENDS])
def test_a_store_answers_as_the_model_does(backend: str) -> None:
    run_state_machine_as_test(lambda: HotPath(BACKENDS[backend]), settings=profile(backend))
