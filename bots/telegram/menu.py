"""The commands in the menu beside the text field, with what each is for."""

MENU = {
    "session": "start, list, resume, show or delete a session",
    "plan": "make a plan, and run it when you agree",
    "workflow": "run, list, show, resume or delete a workflow",
    "memory": "show, add or forget what is remembered",
    "knowledge": "list, search or remove documents",
    "stop": "end the running answer",
    "retry": "run the last message again",
    "help": "what I can do",
}
