import os
from pathlib import Path

import pytest

from sessions.errors import InvalidWorkflow, NoSuchWorkflow
from sessions.ports.checkpoints import StepResult, StepStatus
from sessions.workflows.conditions import ConditionError, parse_condition
from sessions.workflows.definition import fingerprint
from sessions.workflows.folder import WorkflowFolder
from sessions.workflows.reading import LARGEST, read_stored, read_yaml, stored
from sessions.workflows.templates import Scope, TemplateError, render

WHOLE = """
name: deploy
description: Ship it
variables: {environment: staging, count: 3, dry: yes, who: }
steps:
  - {name: build, prompt: "Write {{ environment }}", if: count > 2, model: m, system: "for {{ who }}"}
  - name: checks
    parallel:
      - {name: lint, prompt: "{{ steps.build.output }}", retries: 2, timeout: 3}
      - {name: test, call: run_tests, with: {x: "{{ count }}", y: 3, z: true}}
  - {name: ok, approval: "{{ steps.checks.output }}{{ steps.lint.output }}, yes?"}
"""


def read(text: str) -> str:
    with pytest.raises(InvalidWorkflow) as error:
        read_yaml(text, "a.yaml", "a")
    return str(error.value)


def one_step(text: str) -> str:
    return read(f"variables: {{city: Rome}}\nsteps: [{{name: first, prompt: x}}, {{{text}}}]")


def test_a_definition_that_is_kept_is_the_same_again() -> None:
    workflow = read_yaml(WHOLE, "a.yaml", "a")
    assert read_stored(stored(workflow), "it") == workflow
    assert [one.default for one in workflow.variables] == ["staging", "3", "true", None]
    assert len(fingerprint(workflow)) == 12
    assert fingerprint(read_yaml(WHOLE.replace("Ship it", "Other"), "b", "b")) == fingerprint(workflow)
    assert fingerprint(read_yaml(WHOLE.replace("y: 3", "y: 4"), "b", "b")) != fingerprint(workflow)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prompt: x", "a.yaml, step 2: it has no name. Add for example: name: build"),
        ("name: no, prompt: x", "“name” must be a text. Put it in quotes: name: 'False'"),
        ("name: a b, prompt: x", "“a b” is no name of a step."),
        ("name: first, prompt: x", "step 2 (“first”): there is a step of that name before it."),
        ("name: s", "it says not what to do. Give it one of: prompt, call, approval, parallel."),
        ("name: s, prompt: x, call: y", "it has prompt and call."),
        ("name: s, prompt: x, retires: 1", "a step has no key “retires”. Did you mean “retries”?"),
        ("name: s, prompt: x, with: {}", "a step has no key “with”."),
        ("name: s, prompt: ''", "step 2 (“s”): “prompt” is empty."),
        ("name: s, prompt: 3", "“prompt” must be a text. Put it in quotes: prompt: '3'"),
        ("name: s, prompt: x, retries: 11", "“retries” must be a number from 0 to 10."),
        ("name: s, prompt: x, retries: true", "“retries” must be a number from 0 to 10."),
        ("name: s, prompt: x, timeout: 0", "“timeout” must be a number of seconds"),
        ("name: s, prompt: x, timeout: .nan", "“timeout” must be a number of seconds"),
        ("name: s, prompt: '{{ town }}'", "“prompt”: there is no variable “town”. There are: city."),
        ("name: s, prompt: '{{ citi }}'", "Did you mean “city”?"),
        (
            "name: s, prompt: '{{ steps.s.output }}'",
            "no step “s” ends before this one. There are: first.",
        ),
        ("name: s, prompt: '{{ city.upper() }}'", "“{{ city.upper() }}” is no place for a value."),
        ("name: s, prompt: '{{ city'", "is no place for a value. Write {{ name }}"),
        ("name: s, prompt: x, if: city =", "“if”: “=” is not understood. Write for example"),
        ("name: s, prompt: x, if: [1]", "“if” must be a text"),
        ("name: s, prompt: x, if: town", "“if”: there is no variable “town”."),
        ("name: s, call: ''", "“call” is empty."),
        ("name: s, call: f, with: 3", "“with” must be names with values"),
        ("name: s, call: f, with: {a: [1]}", "the value of “a” must be a text or a number."),
        ("name: s, call: f, with: {a-b: 1}", "“a-b” is no name of an argument."),
        ("name: s, call: f, with: {a: '{{ x }}'}", "“a”: there is no variable “x”."),
        ("name: s, parallel: []", "“parallel” must be a list of steps."),
        (
            "name: s, parallel: [{name: t, approval: x}]",
            "inside “parallel” there can be prompts and calls",
        ),
        ("name: s, parallel: [{name: first, prompt: x}]", "step 2, step 1 in it (“first”): there is a"),
    ],
)
def test_a_wrong_step_is_named_with_what_to_write(text: str, told: str) -> None:
    assert told in one_step(text)


def test_steps_at_once_cannot_see_each_other() -> None:
    both = "{name: a, prompt: x}, {name: b, prompt: '{{ steps.a.output }}'}"
    assert "no step “a” ends before this one" in one_step(f"name: s, parallel: [{both}]")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a.yaml: a workflow has the keys name, description, variables, steps"),
        ("steps: x", "“steps” must be a list of steps."),
        ("stepz: []", "a workflow has no key “stepz”. Did you mean “steps”?"),
        ("steps: []\nsteps: []", "a.yaml, line 2: the key “steps” is there twice."),
        ("a: &x [1]\nb: *x", "a.yaml, line 2: references with * are not read here"),
        ("a: [", "a.yaml, line 1: "),
        ("a: b\nprompt: {{ a }}", "a.yaml, line 2: a text with {{ at its beginning must stand in quotes"),
        ("a: {[1]: 2}", "a.yaml, line 1: "),
        ("? {a: b}\n: c", "a.yaml, line 1: "),
        ("- a\n- b", "a.yaml: a workflow has the keys"),
        ("1: a", "a workflow has no key “1”"),
        ("a: 2026-02-31", "a.yaml"),
        ("a: \x00", "a.yaml"),
        ("a: b: c", "a.yaml, line 1: mapping values are not allowed here."),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("name: '7'\nsteps: [{name: a, prompt: x}]", "a.yaml: A name of digits only"),
        ("variables: [a]\nsteps: [{name: a, prompt: x}]", "“variables” must be names with defaults"),
        ("variables: {a-b: 1}\nsteps: []", "“a-b” is no name of a variable."),
        ("variables: {steps: 1}\nsteps: []", "“steps” is no name of a variable."),
        ("variables: {a: [1]}\nsteps: []", "the value of “a” must be a text or a number."),
        ("[" * 1_000, "a.yaml"),
        ("steps: [" + "{name: a, prompt: x}," * 101 + "]", "“steps” has 101 steps; at most 100"),
    ],
)
def test_a_wrong_file_is_named_with_what_to_write(text: str, told: str) -> None:
    assert told in read(text)


async def test_files_are_found_by_what_they_say_and_a_broken_one_hides_no_other(tmp_path: Path) -> None:
    step = "steps: [{name: a, prompt: x}]"
    (tmp_path / "one.yaml").write_text(f"name: Deploy\n{step}")
    (tmp_path / "two.YML").write_text(step)
    (tmp_path / "three.yaml").write_text("steps: 3")
    (tmp_path / "four.yaml").write_text(f"name: deploy\n{step}")
    (tmp_path / "large.yaml").write_text("#" * (LARGEST + 1))
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    (tmp_path / "notes.txt").write_text("x")
    os.mkfifo(tmp_path / "pipe.yaml")
    folder = WorkflowFolder(tmp_path)
    found = await folder.read()
    assert [one.name for one in found.workflows] == ["deploy", "two"]
    assert sorted(one.split(":")[0] for one in found.broken) == [
        "bytes.yaml",
        "large.yaml",
        "one.yaml",
        "three.yaml",
    ]
    assert (await folder.find("DEPLOY")).name == "deploy"
    with pytest.raises(InvalidWorkflow, match=r"three\.yaml"):
        await folder.find("three")
    for name in ("../two", "/etc/passwd", "two.YML", "", "x" * 300):
        with pytest.raises(NoSuchWorkflow):
            await folder.find(name)
    with pytest.raises(NoSuchWorkflow, match="there are none yet"):
        await WorkflowFolder(tmp_path / "none").find("deploy")


SCOPE = Scope(
    {"city": "Rome", "count": "3", "off": "no", "braces": "{{ city }}"},
    {"a-b": StepResult("a-b", StepStatus.DONE, "all OK here"), "c": StepResult("c", StepStatus.SKIPPED)},
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("in {{city}}, {{ steps.a-b.output }}!", "in Rome, all OK here!"),
        ("{{ steps.c.status }}:{{ steps.c.output }}:", "skipped::"),
        ("{{ braces }}", "{{ city }}"),
        ("{{ '{{' }} city }} { } %", "{{ city }} { } %"),
    ],
)
def test_templates_are_filled_once(template: str, text: str) -> None:
    assert render(template, SCOPE) == text


@pytest.mark.parametrize(
    "template", ["{{ }}", "{{ a b }}", "{{ steps.a-b }}", "{{ x.y }}", "{{ nobody }}"]
)
def test_places_that_mean_nothing_are_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, SCOPE)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("city == 'Rome'", True),
        ('city != "Rome" or count >= 3', True),
        ("count < 3", False),
        ("count == 3.0 and not off", True),
        ("not (city == 'Rome' and count > 2)", False),
        ("steps.a-b.output contains 'ok'", True),
        ("'ok' in steps.a-b.output", True),
        ("steps.c.status == skipped", True),
        ("steps.c.output", False),
        ("true and false or true", True),
        ("-1 < count", True),
    ],
)
def test_conditions_say_what_holds(condition: str, holds: bool) -> None:
    assert parse_condition(condition).holds(SCOPE) is holds


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "city ==",
        "== 3",
        "(city",
        "city city",
        "city = 3",
        "__import__('os')",
        "city.upper",
        "not " * 50 + "city",
        "(" * 50,
        "a" * 2_000,
        "1 == 1 == 1",
    ],
)
def test_conditions_that_mean_nothing_are_refused(condition: str) -> None:
    with pytest.raises(ConditionError):
        parse_condition(condition)
