"""docs/runbooks/: a page for each kind of alarm, with commands that there are."""

import re
import shlex
from pathlib import Path

import botocore.session
import click
import pytest

from postkeep_local.cli import main
from support.template import ROOT
from support.watching import ALARMS, RESOURCES, watched

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
WATCHING = (ROOT / "docs" / "watching.md").read_text("utf-8")
PARTS = ["What it means", "How to look", "What to do", "When it is over"]


def page_of(name: str) -> str:
    (page,) = re.findall(r" See docs/runbooks/([a-z-]+\.md)\.$", ALARMS[name]["AlarmDescription"])
    return str(page)


def test_each_alarm_has_a_page_and_each_page_alarms() -> None:
    assert {page_of(name) for name in ALARMS} == {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_its_alarms_and_no_others(page: Path) -> None:
    head = page.read_text("utf-8").partition("\n## ")[0]
    assert set(re.findall(r"`(\w+Alarm)`", head)) == {name for name in ALARMS if page_of(name) == page.name}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_its_four_parts(page: Path) -> None:
    parts = re.split(r"^## (.+)\n", page.read_text("utf-8"), flags=re.MULTILINE)
    assert parts[1::2] == PARTS
    assert all(part.strip() for part in parts[2::2])
    assert "    " in dict(zip(parts[1::2], parts[2::2], strict=True))["How to look"]


def test_the_overview_leads_to_each_page() -> None:
    assert sorted(set(re.findall(r"\]\(runbooks/([a-z-]+\.md)\)", WATCHING))) == [page.name for page in PAGES]


def lines() -> list[tuple[str, str]]:
    """The command lines of the pages and the overview."""
    found = []
    for page in [*PAGES, ROOT / "docs" / "watching.md", ROOT / "docs" / "deploying.md"]:
        text = page.read_text("utf-8").replace("\\\n", " ")
        found += [
            (page.name, line.strip()) for line in re.findall(r"^ {4,}(?:\w+\(\) \{ )?((?:postkeep|aws) .+)$", text, re.MULTILINE)
        ]
    return found


def waiters(service: str) -> list[str]:
    model = botocore.session.get_session().get_waiter_model(service)
    return [str(botocore.xform_name(name)) for name in model.waiter_names]


def test_there_are_commands_of_both_kinds() -> None:
    assert {line.split()[0] for _, line in lines()} == {"postkeep", "aws"}


@pytest.mark.parametrize(("page", "line"), [one for one in lines() if one[1].startswith("postkeep")])
def test_a_line_is_one_that_postkeep_takes(page: str, line: str) -> None:
    del page
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = main
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    # Below the real one: commands keep the help option that they are first asked for, and `-h` is the group's to name.
    parent = click.Context(main, info_name="postkeep", **main.context_settings)
    command.make_context("postkeep", [word.replace("POST", "a.md") for word in words], parent=parent)


@pytest.mark.parametrize(("page", "line"), [one for one in lines() if one[1].startswith("aws")])
def test_a_line_is_one_that_the_aws_cli_takes(page: str, line: str) -> None:
    """The CLI's operations and options are botocore's; what it names otherwise is little (awscli/customizations)."""
    del page
    words = shlex.split(line.partition(" ; }")[0].removesuffix("; }"), comments=True)
    service, operation = words[1:3]
    options = {word.removeprefix("--") for word in words if word.startswith("--")} - {"query", "output", "region", "profile"}
    if (service, operation) == ("logs", "tail"):
        assert options <= {"since", "follow", "filter-pattern", "format"}
        return
    if (service, operation) == ("cloudformation", "deploy"):
        assert options <= {"stack-name", "template-file", "capabilities", "parameter-overrides"}
        return
    if (service, operation) == ("cloudformation", "wait"):
        assert words[3] in {one.replace("_", "-") for one in waiters("cloudformation")}
        return
    options = {word.removeprefix("no-") for word in options}
    if (service, operation) == ("sns", "subscribe"):
        options = {word.replace("notification-endpoint", "endpoint") for word in options}
    model = botocore.session.get_session().get_service_model(service.replace("s3api", "s3"))
    (name,) = [one for one in model.operation_names if botocore.xform_name(one, "-") == operation]
    shape = model.operation_model(name).input_shape
    assert shape is not None
    assert options <= {botocore.xform_name(one, "-") for one in shape.members}


def test_the_resources_that_the_pages_ask_for_exist() -> None:
    asked = {name for _, line in lines() for name in re.findall(r"\$\(name (\w+)\)", line)}
    assert asked
    assert asked <= set(RESOURCES)


def test_the_overview_tells_what_alarms_cost() -> None:
    metrics = sum(len(watched(name)) for name in ALARMS)
    assert f"{len(ALARMS)} alarms watch {metrics} metrics" in WATCHING
    assert f"**${metrics * 0.1:.2f} a month**, or ${(metrics - 10) * 0.1:.2f} where" in WATCHING
