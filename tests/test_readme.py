"""The README says what the code does."""

import re
from pathlib import Path

import pytest

from livedream.cli import main
from livedream.control import addresses

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_address_table_is_the_parameter_tables():
    table = README.split("<!-- addresses -->\n")[1].split("<!-- /addresses -->")[0]
    assert table.strip() == addresses.markdown(addresses.standard()).strip()


def test_every_file_it_links_to_exists():
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    assert len(links) > 10
    assert [each for each in links if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^livedream (\w+)", README, re.MULTILINE))))
def test_every_command_it_names_exists(command, capsys):
    with pytest.raises(SystemExit) as ending:
        main([command, "--help"])
    assert ending.value.code == 0
    assert command in capsys.readouterr().out
