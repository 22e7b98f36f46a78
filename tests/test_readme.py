"""The README and the documentation say what the code does."""

import re
from pathlib import Path

import pytest

from livedream.cli import main
from livedream.control import addresses

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [block for page in PAGES for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]
COMMANDS = {name for block in BLOCKS for name in re.findall(r"^livedream (\w+)", block, re.MULTILINE)}


def test_the_address_table_is_the_parameter_tables():
    text = (ROOT / "docs" / "addresses.md").read_text("utf-8")
    table = text.split("<!-- addresses -->\n")[1].split("<!-- /addresses -->")[0]
    assert table.strip() == addresses.markdown(addresses.standard()).strip()


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_links_to_exists(page):
    links = re.findall(r"\]\(((?!http|mailto)[^)#]+)\)", page.read_text("utf-8"))
    assert [each for each in links if not (page.parent / each).exists()] == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_that_a_page_names_exists(command, capsys):
    with pytest.raises(SystemExit) as ending:
        main([command, "--help"])
    assert ending.value.code == 0
    assert command in capsys.readouterr().out


def test_every_file_that_the_architecture_names_exists():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`([\w/]+\.py)`", text))
    places = (ROOT, ROOT / "livedream", ROOT / "livedream" / "output", ROOT / "export" / "livedream_export")
    assert len(named) > 30
    assert sorted(each for each in named if not any((place / each).exists() for place in places)) == []
