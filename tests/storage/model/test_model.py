"""Every backend answers as the plain model does.

``PARLEY_MODEL_STEPS`` asks for other histories than the usual ones, each that long, and
``PARLEY_MODEL_EXAMPLES`` for that many. Only then a counter-example is made smaller: that takes minutes.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.storage.conftest import BACKENDS
from tests.storage.model.machine import hot_path_on

EXAMPLES = {"memory": 30, "sqlite": 8, "redis": 10}
STEPS = 50


def profile(backend: str) -> settings:
    """The same histories in each run; others, if the environment says how long they are."""
    steps = int(os.environ.get("PARLEY_MODEL_STEPS", "0"))
    return settings(
        max_examples=int(os.environ.get("PARLEY_MODEL_EXAMPLES", EXAMPLES[backend])),
        stateful_step_count=steps or STEPS,
        derandomize=not steps,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, *((Phase.shrink,) if steps else ())),
    )


@pytest.mark.parametrize("backend", [name for name in EXAMPLES if name in BACKENDS])
def test_a_store_answers_as_the_model_does(backend: str) -> None:
    run_state_machine_as_test(hot_path_on(BACKENDS[backend]), settings=profile(backend))
