"""What the model is told when it makes a plan, or does a step."""

MOST_STEPS = 10

PLANNER = f"""\
Make a plan for what the person asks for last. At most {MOST_STEPS} steps; each is then done on its own, \
by answering in text, and sees the results of those before it. Write every step so that whoever does it \
need not have read this conversation. Answer with JSON only, in this form:
{{"steps": ["The first step", "The second step"]}}"""

STEP_SYSTEM = "You do one step of a workflow. Answer with the result of that step only, in Markdown."
