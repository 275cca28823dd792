"""A file of rules that is as it was is not read again, and nothing that was a mistake passes for that."""

from engine.account import Contact
from engine.document import Problem
from engine.rules.book import Book, Books
from engine.rules.kept import Kept, Page
from engine.rules.load import RuleFolder, load
from engine.rules.ready import Owner
from engine.rules.ruleset import Ruleset
from tests.builders import an_account

BANK = "version: 1\nrules:\n  - {name: Bank, when: {subject: bank}, notify: {text: b}}\n"
SHOP = "version: 1\nrules:\n  - {name: Shop, when: {subject: shop}, notify: {text: s}}\n"
PAIR = SHOP + "  - {name: Sale, when: {subject: sale}, notify: {text: s}}\n"
TESTED = "tests:\n  - {mail: {subject: sale}, expect: {rule: Sale}}\n"
NOBODY = Book()


class Readings:
    """One reading after another, of the files a.yaml and b.yaml and of an account's own."""

    def __init__(self) -> None:
        self.kept = Kept()

    def read(
        self, a: str, b: str, own: str = "", book: Book = NOBODY
    ) -> tuple[Ruleset, list[Problem], tuple[bool, ...]]:
        """The rules, the problems, and which files were parsed."""
        pages = [Page("a.yaml", a.encode()), Page("b.yaml", b.encode())]
        mine = [Page("own.yaml", own.encode())] if own else []
        folders = [RuleFolder("global", "global", pages), RuleFolder("anna", "anna", mine)]
        owners = {"anna": Owner(an_account("anna"))}
        ruleset, problems = load(folders, ["anna"], books=Books(book), owners=owners, kept=self.kept)
        if not any(problem.severity == "error" for problem in problems):
            self.kept.in_force = ruleset
        return ruleset, problems, tuple("document" in vars(page) for page in [*pages, *mine])


def test_what_did_not_change_is_not_parsed_and_its_rules_are_the_same_objects() -> None:
    readings = Readings()
    first, _, parsed = readings.read(BANK, SHOP)
    assert parsed == (True, True)
    again, problems, parsed = readings.read(BANK.replace("bank", "bench"), SHOP)
    assert (problems, parsed) == ([], (True, False))
    assert again.scopes["global"][0] != first.scopes["global"][0]
    assert again.scopes["global"][1] is first.scopes["global"][1]


def test_an_unchanged_rule_of_a_changed_file_is_the_same_object() -> None:
    readings = Readings()
    first, _, _ = readings.read(BANK, PAIR)
    again, _, _ = readings.read(BANK, PAIR.replace("subject: sale", "subject: sold"))
    assert [one is other for one, other in zip(first.of(""), again.of(""), strict=True)] == [True, True, False]


def test_a_rule_that_moved_knows_its_new_place() -> None:
    readings = Readings()
    readings.read(BANK, PAIR)
    moved, _, _ = readings.read(BANK, PAIR.replace("rules:\n", "rules:\n\n"))
    assert [rule.place for rule in moved.of("")] == ["a.yaml:3", "b.yaml:4", "b.yaml:5"]


def test_a_changed_name_is_a_reason_to_read_all_again() -> None:
    told = BANK.replace("{text: b}", "{to: bert, text: b}")
    readings = Readings()
    book = Book(contacts={"bert": Contact(id="bert", numbers=("+32470000002",))})
    assert readings.read(told, SHOP, book=book)[1] == []
    _, [problem], parsed = readings.read(told, SHOP)
    assert problem.message == "there is no contact 'bert'"
    assert parsed == (True, True)


def test_other_caps_are_a_reason_to_read_the_accounts_rules_again() -> None:
    capped = BANK + "caps: {max_parts: 2}\n"
    own = SHOP.replace("{text: s}", "{text: s, max_parts: 2}")
    readings = Readings()
    assert readings.read(capped, PAIR, own)[1] == []
    ruleset, [problem], parsed = readings.read(capped.replace("2", "1"), PAIR, own)
    assert problem.code == "capped"
    assert parsed == (True, False, True)
    assert ruleset.scopes["anna"][0].actions[0].max_parts == 1


def test_a_warning_is_told_each_time() -> None:
    readings = Readings()
    long = BANK.replace("{text: b}", "{max_parts: 1, text: '{subject|400}'}")
    first = readings.read(long, SHOP)[1]
    assert [problem.code for problem in first] == ["too-long"]
    assert readings.read(long, SHOP)[1:] == (first, (False, False))


def test_an_id_that_another_file_took_is_seen_whichever_changed() -> None:
    twin = SHOP.replace("Shop", "Bank")
    for first, second in (((BANK, SHOP), (BANK, twin)), ((twin.replace("Bank", "X"), BANK), (twin, BANK))):
        readings = Readings()
        assert readings.read(*first)[1] == []
        [problem] = readings.read(*second)[1]
        assert (problem.code, problem.file) == ("duplicate-rule", "b.yaml")
        assert problem.related[0].file == "a.yaml"
        assert "Bank" in str(problem.related[0].excerpt)


def test_a_test_in_an_unchanged_file_whose_rule_is_gone_is_seen() -> None:
    readings = Readings()
    tested = BANK + TESTED
    assert readings.read(tested, PAIR)[1] == []
    assert readings.read(tested, PAIR.replace("sale}", "sold}"))[1:] == ([], (False, True))
    [problem] = readings.read(tested, SHOP)[1]
    assert problem.file == "a.yaml"
    assert "Sale" in problem.message


def test_a_mistake_is_told_until_it_is_mended() -> None:
    readings = Readings()
    first, _, _ = readings.read(BANK, SHOP)
    for _ in range(2):
        [problem] = readings.read(BANK, SHOP.replace("subject", "subjet"))[1]
        assert problem.code == "unknown-setting" or "subjet" in problem.message
    mended, problems, _ = readings.read(BANK, SHOP)
    assert problems == []
    assert [one is other for one, other in zip(first.of(""), mended.of(""), strict=True)] == [True, True]
