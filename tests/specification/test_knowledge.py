"""``--knowledge``: documents that were added are searched for the prompt, cited and counted."""

import json

from tests.specification.conftest import Page

QUESTION = "Search the docs: which port does the gateway use?"


def test_documents_that_were_added_are_searched_and_named(page: Page) -> None:
    docs = page.inside.folder / "docs"
    docs.mkdir()
    (docs / "gateway.md").write_text("# Gateway\n\nThe gateway listens on port 8443.\n")
    (docs / "garden.md").write_text("# Garden\n\nTomatoes like the sun.\n")
    none = page(QUESTION, "--session", "empty", "--knowledge")
    assert none.error == "📚 There are no documents yet. Add some: parley knowledge add docs\n"
    added = page("knowledge", "add", "docs")
    assert added.code == 0, added.error
    page.models.answer = lambda _: "Port 8443 [1]."
    result = page.answered(QUESTION, "--session", "project", "--knowledge")
    header, _, answer = result.out.partition("\n\n")
    assert header.startswith("📂 Session: project (1 message)\n📚 Knowledge: ")
    assert answer.startswith("Port 8443 [1].\n\nSources: [1] `")
    assert "gateway.md" in answer
    assert "listens on port 8443" in page.asked[-1][1]
    without = page.answered("Which port, again?", "--session", "other")
    assert "Knowledge" not in without.out
    assert "listens on port 8443" not in page.asked[-1][1]
    told = json.loads(page.answered(QUESTION, "--session", "third", "--knowledge", "--json").out)
    assert any("gateway.md" in source for source in told["used"]["sources"])
