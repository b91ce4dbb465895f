"""When a person asks for something to be remembered."""

import pytest

from sessions.facts.request import asks_to_remember, what_to_remember


@pytest.mark.parametrize(
    "text",
    [
        "Remember my preferences",
        "Remember my preferences: tea, no coffee",
        "remember that I work in Berlin",
        "please remember: the wifi is in the kitchen",
        "Please remember I am vegetarian.",
        "Hey @parley, remember I'm allergic to nuts",
        "I like tea. Please remember that.",
        "Could you please remember my birthday, it is in May?",
        "can you remember that I like tea?",
        "Don't forget that we moved to Rome",
        "Keep in mind that the sprint ends on Friday.",
        "Remember this for later: 42",
        "Merk dir, dass ich Tee mag",
        "Bitte merke dir bitte meine Adresse",
        "Kannst du dir bitte merken, dass ich in Wien wohne?",
        "Vergiss nicht, dass wir umziehen.",
    ],
)
def test_requests_are_heard(text: str) -> None:
    assert asks_to_remember(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Do you remember my name?",
        "I don't remember that song",
        "I remember my first computer",
        "Remember that movie we saw?",
        "Remember when we met?",
        "remember me?",
        "What did I ask you to remember?",
        "Please translate: remember that I love you",
        "How do computers remember things?",
        "Summarize this.\n\n--- From standard input: ---\nPlease remember to submit the form.",
        "> Please remember that I am away\nWhat does that mean?",
        "Fix this:\n```\nremember my_list\n```",
        "a long text\n" + "word " * 300 + ". Please remember that.",
    ],
)
def test_what_only_sounds_like_a_request_is_none(text: str) -> None:
    assert not asks_to_remember(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Remember that I like tea.", "I like tea."),
        ("Please remember: tea; no milk", "tea; no milk"),
        ("Remember my preferences", "my preferences"),
        ("I like tea. Please remember that.", "I like tea. ."),
        ("Merk dir, dass ich Tee mag", "ich Tee mag"),
    ],
)
def test_the_words_of_the_request_can_be_taken_away(text: str, left: str) -> None:
    assert what_to_remember(text) == left
