"""Rules of one account from a few lines of YAML."""

from engine.document import Problem, read
from engine.rules.load import RuleFolder, load
from engine.rules.ruleset import Ruleset


def loaded(*texts: str, scope: str = "anna") -> tuple[Ruleset, list[Problem]]:
    """The rules of files with these texts, in this order, and their problems."""
    documents = [read(f"version: 1\n{text}", f"rules/{scope}/{i}.yaml") for i, text in enumerate(texts)]
    return load([RuleFolder(scope, f"rules/{scope}", documents)], ["anna", "bert"], "v1")


def rules(*texts: str, **scopes: str) -> Ruleset:
    """The rules of these files for Anna, and of one file for each other scope (`glob` is the global one)."""
    folders = {"anna": list(texts)} if texts else {}
    folders.update({{"glob": "global"}.get(name, name): [text] for name, text in scopes.items()})
    found, problems = load(
        [
            RuleFolder(
                scope, scope, [read(f"version: 1\n{text}", f"{scope}/{i}.yaml") for i, text in enumerate(files)]
            )
            for scope, files in folders.items()
        ],
        ["anna", "bert"],
        "v1",
    )
    assert [problem for problem in problems if problem.severity == "error"] == []
    return found


def one(when: str, notify: str = "{to: me}", more: str = "") -> Ruleset:
    """One rule of Anna's."""
    return rules(f"rules:\n  - name: Boss\n    when: {when}\n    notify: {notify}\n{more}")
