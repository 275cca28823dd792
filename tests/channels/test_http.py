"""A provider that is only described keeps the contract against the virtual phone, in each class."""

import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from engine.answer import Outcome
from engine.channels import registry
from engine.channels.provider import Polled, Provider, is_polled
from engine.channels.providers.http.settings import HttpSettings
from engine.document import Problem, read, validate
from engine.errors import ProviderError
from engine.net import Http
from engine.reason import Reason
from engine.receipt import Fate
from engine.settings.engine_file import engine_file
from engine.web.server import Listener
from tests.contracts.provider import NUMBER, SECRET, TEXT, ProviderContract, a_message
from tests.servers.phone import PhoneRig

PAGE = Path(__file__).parents[2] / "docs" / "http-providers.md"

#: The virtual phone's own API, written down instead of coded.
PHONE = """\
version: 1
providers:
  phone:
    driver: http
    class: CLASS
    sender: Tocsin
    timeout: 1s
    secrets: {token: TOKEN}
    send:
      url: URL/send
      headers: {Authorization: "Bearer {secret.token}"}
      json: {ref: "{ref}", to: "{to}", text: "{text}", from: "{sender}", class: CLASS}
    id: {json: id}
    errors:
      - {json: error, equals: bad_number, then: final, reason: bad_number}
    ask:
      url: URL/sent/{ref}
      headers: {Authorization: "Bearer {secret.token}"}
      taken: {status: 200, json: id}
      not_taken: {status: 404, json: error, equals: not_found}
      id: {json: id}
    reports:
      ref: ref
      id: id
      status: status
      statuses:
        {delivered: delivered, undelivered: undelivered, phone_off: phone_off, phone_full: phone_full}
      proof: {header: Authorization, equals: "Bearer {secret.token}"}
"""


def settings_of(text: str) -> HttpSettings:
    file, problems = validate(read(text.encode(), "engine.yaml"), engine_file())
    assert file is not None, problems
    [settings] = file.providers.values()
    assert isinstance(settings, HttpSettings)
    return settings


def problems_of(text: str) -> list[Problem]:
    file, problems = validate(read(text.encode(), "engine.yaml"), engine_file())
    assert file is None
    return problems


def _described(**how: Any) -> HttpSettings:
    text = PHONE.replace("URL", how["url"]).replace("CLASS", how["class"]).replace("TOKEN", how["token"])
    return settings_of(text).model_copy(update={"timeout": how["timeout"]})


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[PhoneRig]:
    made = PhoneRig(tmp_path, _described)
    await made.start()
    yield made
    await made.stop()


class TestDescribedPhone(ProviderContract):
    """Every promise of the contract, for the virtual phone as it is described above."""


# ---- a scripted API: what leaves, and how its answers are read


class Api:
    """Keeps each request and answers as it was told."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.status, self.body, self.headers = 200, "ok", dict[str, str]()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self.listener = Listener(app, "127.0.0.1", 0, remedy="")
        self.http = Http()

    async def _answer(self, request: web.Request) -> web.Response:
        self.requests.append(
            {
                "method": request.method,
                "path": request.raw_path,
                "headers": dict(request.headers),
                "body": await request.text(),
            }
        )
        return web.Response(status=self.status, text=self.body, headers=self.headers)

    def provider(self, text: str, public: str = "https://tocsin.example") -> Provider:
        """The provider whose settings are `text`, below `driver: http`."""
        lines = text.replace("URL", self.listener.url).strip("\n").splitlines()
        head = "version: 1\nproviders:\n  api:\n    driver: http\n"
        return registry.build(
            "api", settings_of(head + "".join(f"    {line}\n" for line in lines)), self.http, public
        )


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    made = Api()
    await made.listener.start()
    yield made
    await made.listener.stop()
    await made.http.close()


async def test_a_form_leaves_with_basic_authentication_and_every_value_escaped(api: Api) -> None:
    provider = api.provider(f"""
sender: "+15005550006"
secrets: {{sid: AC1, token: {SECRET}, reports: q&a}}
send:
  url: URL/Accounts/{{secret.sid}}/Messages.json
  basic: {{user: "{{secret.sid}}", password: "{{secret.token}}"}}
  form: {{To: "{{to}}", From: "{{sender}}", Body: "{{text}}", Callback: "{{callback}}?proof={{secret.reports}}"}}
reports: {{as: form, id: Sid, status: S, statuses: {{}}, proof: {{query: proof, equals: "{{secret.reports}}"}}}}
""")
    await provider.send(a_message("50 % & Größe=☺\n{text}"), "r1")
    [sent] = api.requests
    assert (sent["method"], sent["path"]) == ("POST", "/Accounts/AC1/Messages.json")
    assert sent["headers"]["Authorization"] == f"Basic {b64encode(f'AC1:{SECRET}'.encode()).decode()}"
    assert sent["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(sent["body"])) == {
        "To": NUMBER,
        "From": "+15005550006",
        "Body": "50 % & Größe=☺\n{text}",
        "Callback": "https://tocsin.example/callbacks/api?proof=q&a",
    }


async def test_a_json_body_keeps_its_shape_and_its_numbers(api: Api) -> None:
    provider = api.provider("""
send:
  method: PUT
  url: URL/v1
  json: {n: {$number: 5}, to: [{$number: "{to.digits}"}], text: "{{{text}}}", flash: {$flag: true}, x: null}
""")
    await provider.send(a_message('say "hi" \\ ☺'), "r1")
    [sent] = api.requests
    assert sent["method"] == "PUT"
    assert json.loads(sent["body"]) == {
        "to": [32470000001],
        "text": '{say "hi" \\ ☺}',
        "n": 5,
        "flash": True,
        "x": None,
    }


async def test_an_address_and_a_query_are_escaped_whatever_the_text_holds(api: Api) -> None:
    provider = api.provider("""
send: {method: GET, url: "URL/send/{to}?x=1", query: {text: "{text}", to: "{to}"}}
""")
    await provider.send(a_message("a&b=c/../?#+ é"), "r1")
    [sent] = api.requests
    path, _, query = sent["path"].partition("?")
    assert path in (f"/send/%2B{NUMBER[1:]}", f"/send/{NUMBER}")
    assert parse_qsl(query) == [("x", "1"), ("text", "a&b=c/../?#+ é"), ("to", NUMBER)]


READING = """
send: {url: URL/, form: {to: "{to}"}}
secrets: {token: open-sesame-4711}
accepted: {status: [200, 202-204], contains: "OK"}
id: {after: "ID: ", before: ";"}
errors:
  - {status: 200-299, json: result.0.code, equals: ["9", "10"], then: final, reason: provider_no_credit}
  - {status: 404, then: retry}
  - {contains: perhaps, then: unknown}
"""


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (200, "OK ID: 77; thanks", Outcome.ACCEPTED, Reason.ACCEPTED),
        (203, "OK ID: 77; thanks", Outcome.ACCEPTED, Reason.ACCEPTED),
        (201, "OK ID: 77; thanks", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (200, "OK ID: 77", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (200, "OK", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (200, "", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (200, '{"result": [{"code": 9}], "said": "OK ID: 77;"}', Outcome.REFUSED, Reason.PROVIDER_NO_CREDIT),
        (200, '{"result": [{"code": "10"}]}', Outcome.REFUSED, Reason.PROVIDER_NO_CREDIT),
        (200, "[" * 100_000, Outcome.UNKNOWN, Reason.NO_ANSWER),
        (404, "", Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
        (400, "perhaps", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (400, "", Outcome.REFUSED, Reason.PROVIDER_REFUSED),
        (401, "", Outcome.REFUSED, Reason.PROVIDER_AUTH),
        (402, "", Outcome.REFUSED, Reason.PROVIDER_NO_CREDIT),
        (302, "", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (429, "", Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
        (503, "", Outcome.NOT_TAKEN, Reason.PROVIDER_BUSY),
        (500, "", Outcome.UNKNOWN, Reason.NO_ANSWER),
        (504, "", Outcome.UNKNOWN, Reason.NO_ANSWER),
    ],
)
async def test_each_answer_is_read_as_written_and_otherwise_by_the_doctrine(
    api: Api, status: int, body: str, outcome: Outcome, reason: Reason
) -> None:
    api.status, api.body, api.headers = status, body, {"Retry-After": "7"}
    answer = await api.provider(READING).send(a_message(), "r1")
    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert answer.provider_ref == ("77" if outcome is Outcome.ACCEPTED else "")
    assert answer.retry_after == (timedelta(seconds=7) if outcome is Outcome.NOT_TAKEN else None)


async def test_the_provider_s_own_words_are_kept_without_number_text_and_secret(api: Api) -> None:
    api.body = f"OK ID: 1; {NUMBER} {NUMBER[1:]} {TEXT} {SECRET} thanks"
    answer = await api.provider(READING).send(a_message(), "r1")
    assert answer.detail == "HTTP 200: OK ID: 1; … … … … thanks"
    api.body = '{"error": {"message": "no such route"}, "trace": "long"}'
    provider = api.provider(
        "send: {url: URL/}\nwords: {json: error.message}\nid: {json: id}\naccepted: {status: 201}"
    )
    assert (await provider.send(a_message(), "r1")).detail == "HTTP 200: no such route"


# ---- reports

REPORTS = """
secrets: {token: open-sesame-4711}
send: {url: URL/}
reports:
  as: FORM
  EACH
  ref: our.ref
  id: id
  status: status
  words: why
  statuses: {DELIVRD: delivered, "8": sent, FAILED: refused, OFF: phone_off, queued: ignore}
  proof: {query: proof, equals: "{secret.token}"}
"""
PROVEN = {"proof": SECRET}


def _reporting(api: Api, form: str, each: str = "") -> Provider:
    return api.provider(REPORTS.replace("FORM", form).replace("  EACH\n", f"  each: {each}\n" if each else ""))


async def test_several_reports_in_one_request_are_each_read(api: Api) -> None:
    provider = _reporting(api, "json", "data.results")
    entries = [
        {"our": {"ref": "r1"}, "id": 7, "status": "DELIVRD"},
        {"our": {"ref": "r2"}, "status": 8},
        {"id": "x", "status": "queued"},
        {"id": "y", "status": "FAILED", "why": f"no route to {NUMBER}"},
    ]
    body = json.dumps({"data": {"results": entries}}).encode()
    found = provider.read_callback({}, PROVEN, body)
    assert [(each.client_ref, each.provider_ref, each.fate, each.reason) for each in found] == [
        ("r1", "7", Fate.DELIVERED, Reason.DELIVERED),
        ("r2", "", Fate.SENT, Reason.ACCEPTED),
        ("", "y", Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
    ]
    assert found[-1].detail == "no route to …"


@pytest.mark.parametrize("form", ["form", "query"])
async def test_a_report_can_come_as_a_form_or_in_the_address(api: Api, form: str) -> None:
    provider = _reporting(api, form)
    fields = {"our.ref": "r1", "status": "OFF"}
    query, body = ({**fields, **PROVEN}, b"") if form == "query" else (PROVEN, b"our.ref=r1&status=OFF")
    [report] = provider.read_callback({}, query, body)
    assert (report.client_ref, report.fate, report.reason) == ("r1", Fate.UNDELIVERED, Reason.PHONE_OFF)


@pytest.mark.parametrize("query", [{}, {"proof": ""}, {"proof": SECRET[:-1]}, {"proof": "é"}, {"proof": "\udcff"}])
async def test_a_report_without_its_proof_is_forged(api: Api, query: dict[str, str]) -> None:
    with pytest.raises(PermissionError):
        _reporting(api, "form").read_callback({}, query, b"our.ref=r1&status=DELIVRD")


POLLED = """
secrets: {key: open-sesame-4711}
send: {url: URL/send, form: {to: "{to}"}}
poll:
  url: URL/messages/{id}?ref={ref}
  headers: {Authorization: "Bearer {secret.key}"}
  status: items.0.state
  words: items.0.why
  statuses: {gone: sent, there: delivered, full: phone_full, blocked: barred, never: ignore}
"""


@pytest.mark.parametrize(
    ("status", "word", "reason"),
    [
        (200, "gone", Reason.ACCEPTED),
        (200, "there", Reason.DELIVERED),
        (200, "full", Reason.PHONE_FULL),
        (200, "blocked", Reason.BARRED),
        (200, "never", None),
        (200, "a word that the file does not know", None),
        (404, "there", None),
        (200, "", None),
    ],
)
async def test_it_is_asked_what_became_of_a_message(api: Api, status: int, word: str, reason: Reason | None) -> None:
    provider = api.provider(POLLED)
    assert isinstance(provider, Polled)
    assert is_polled(api.provider(POLLED))
    api.status, api.body = status, json.dumps({"items": [{"state": word, "why": f"call {NUMBER}"}]} if word else [])
    said = await provider.poll("r 1", "p/7")
    assert (said.reason if said else None) is reason
    assert said is None or (said.client_ref, said.provider_ref, said.detail) == ("r 1", "p/7", "call …")
    [asked] = api.requests
    assert (asked["method"], asked["path"]) == ("GET", "/messages/p%2F7?ref=r%201")
    assert asked["headers"]["Authorization"] == f"Bearer {SECRET}"


async def test_without_a_way_to_ask_it_is_not_asked(api: Api) -> None:
    provider = api.provider("send: {url: URL/send}")
    assert isinstance(provider, Polled)
    assert not is_polled(api.provider("send: {url: URL/send}"))
    assert await provider.poll("r1", "p1") is None
    assert api.requests == []


async def test_where_no_reports_are_described_none_is_believed(api: Api) -> None:
    with pytest.raises(PermissionError):
        api.provider("send: {url: URL/}").read_callback({}, {}, b"{}")


@pytest.mark.parametrize(
    "body",
    [b"", b"status=DELIVRD", b"our.ref=r1", b"our.ref=r1&status=EATEN", b"our.ref=" + b"r" * 201 + b"&status=OFF"],
)
async def test_a_form_that_makes_no_sense_is_a_value_error(api: Api, body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        _reporting(api, "form").read_callback({}, PROVEN, body)
    with pytest.raises(ValueError):  # noqa: PT011
        _reporting(api, "form").read_callback({}, PROVEN, b"a=1&" * 300)


# ---- the file

GOOD = PHONE.replace("URL", "https://api.example.com").replace("CLASS", "queryable").replace("TOKEN", "x")


@pytest.mark.parametrize(
    ("old", "new", "said", "help"),
    [
        ('"{text}"', '"{tex}"', "nothing is called 'tex' here", "did you mean 'text'?"),
        ('"{text}"', '"{text"', "a lone brace", "write {{"),
        ("/send\n", "/send/{texts}\n", "nothing is called 'texts' here", "did you mean 'text'?"),
        ('"Bearer {secret.token}"', '"{text}"', "nothing is called 'text' here", ""),
        ("sent/{ref}", "sent/{to}", "nothing is called 'to' here", ""),
        ("Bearer {secret.token}", "Bearer {secret.tokn}", "no secret is called 'tokn'", "did you mean 'token'?"),
        ("sent/{ref}", "sent/x", "must both carry {ref}", ""),
        ("class: queryable\n", "class: idem\n", "write one of idempotent, queryable, opaque here", ""),
        ("https://", "http://", "write https://", ""),
        ("https://", "https://u:p@", "without braces, user or password", ""),
        ("https://api.example.com/send", "/send", "write a whole address", ""),
        ("then: final", "then: finally", "write one of retry, final, unknown here", "did you mean 'final'?"),
        ("reason: bad_number", "reason: bad_numbers", "write one of bad_number", "did you mean 'bad_number'?"),
        ("{json: error, equals: bad_number, ", "{equals: bad_number, ", "'equals' is about a value in JSON", ""),
        ("{json: error, equals: bad_number, ", "{", "write what must be so", ""),
        ("status: 200,", "status: 20,", "is not of the form", ""),
        ("delivered: delivered", "delivered: arrived", "write one of sent, delivered", ""),
        ('equals: "Bearer {secret.token}"', "equals: everybody", "proves nothing", ""),
        ("proof: {header: Authorization, ", "proof: {", "in which header", ""),
        ("json: {ref:", "form: {}\n      json: {ref:", "one body", ""),
        ("url: https://api.example.com/send", "method: GET\n      url: https://api.example.com/send", "no body", ""),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_meant(old: str, new: str, said: str, help: str) -> None:
    assert old in GOOD
    [problem] = problems_of(GOOD.replace(old, new, 1))
    assert said in problem.message
    assert help in f"{problem.label} {problem.hint}"
    assert problem.span.line > 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: {json: id}\n    errors", "id: {}\n    errors", "the path of the value as 'json'"),
        ("ref: ref\n      id: id\n      ", "", "where the reference of the message stands"),
        ('to: "{to}"', 'to: {$number: "{to}"}', "a whole number"),
        ('to: "{to}"', "to: {$flag: maybe}", "true or false"),
    ],
)
def test_what_could_not_work_is_refused(old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert any(said in problem.message for problem in problems_of(GOOD.replace(old, new, 1)))


def test_a_class_without_what_it_needs_is_refused() -> None:
    head = "version: 1\nproviders:\n  api: {driver: http, class: CLASS, send: {url: 'https://a.example/', SEND}}\n"
    for kind, send, said in (
        ("idempotent", "form: {to: '{to}'}", "must carry {ref}"),
        ("queryable", "form: {r: '{ref}'}", "write under 'ask'"),
        ("opaque", "form: {r: '{callback}'}", "write under 'reports'"),
    ):
        [problem] = problems_of(head.replace("CLASS", kind).replace("SEND", send))
        assert said in problem.message


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace('"{text}"', '"{tex}"').replace("/send\n", "/send/{x}\n").replace("then: final", "then: no")
    assert len(problems_of(text)) == 3


def test_a_secret_shows_neither_in_the_settings_nor_in_a_report_of_mistakes() -> None:
    text = GOOD.replace("{token: x}", f"{{token: {SECRET}}}")
    assert SECRET not in repr(settings_of(text))
    for problem in problems_of(text.replace(f"token: {SECRET}", f"token: {SECRET}, 1x: y")):
        assert SECRET not in repr(problem)


def test_a_secret_stands_in_a_file_on_one_line(tmp_path: Path) -> None:
    file = tmp_path / "token"
    settings = settings_of(GOOD.replace("secrets: {token: x}", f"secret_files: {{token: {file}}}"))
    for content, said in ((None, "cannot be read"), ("\n", "is empty"), ("a\nb", "line break")):
        if content is not None:
            file.write_text(content)
        with pytest.raises(ProviderError, match=said):
            registry.build("api", settings, Http())
    file.write_text("x\n")
    registry.build("api", settings, Http())


def _blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_page_s_pieces_of_a_description_fit_into_a_whole_one() -> None:
    pieces = [each for each in _blocks() if not each.startswith("version")]
    assert len(pieces) == 2
    for piece in pieces:
        settings = settings_of(GOOD + piece.replace("{secret.reports}", "{secret.token}"))
        assert settings.inbound or (settings.files and settings.capability and settings.channel == "rcs")


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_of_the_page_are_read_without_a_mistake(number: int) -> None:
    blocks = [each for each in _blocks() if each.startswith("version")]
    assert len(blocks) == 2
    settings = settings_of(blocks[number])
    files = dict.fromkeys(settings.secret_files, Path(__file__))
    with pytest.raises(ProviderError, match="line break"):  # all of them are read, and this file is no secret
        registry.build("api", settings.model_copy(update={"secret_files": files}), Http())


async def test_the_first_example_speaks_as_twilio_does(api: Api, tmp_path: Path) -> None:
    text = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    files = {name: tmp_path / name for name in ("sid", "token", "reports")}
    for name, file in files.items():
        file.write_text(f"secret-{name}")
    settings = settings_of(text.replace("https://api.twilio.com", api.listener.url))
    provider = registry.build(
        "twilio", settings.model_copy(update={"secret_files": files}), api.http, "https://t.example"
    )
    api.status, api.body = 201, json.dumps({"sid": "SM1", "status": "queued", "error_code": None, "message": None})
    answer = await provider.send(a_message(), "r1")
    assert (answer.outcome, answer.provider_ref) == (Outcome.ACCEPTED, "SM1")
    fields = dict(parse_qsl(api.requests[0]["body"]))
    assert fields["StatusCallback"] == "https://t.example/callbacks/twilio?proof=secret-reports"
    api.status, api.body = 400, json.dumps({"code": 21211, "message": f"'To' number {NUMBER} is not valid"})
    answer = await provider.send(a_message(), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.BAD_NUMBER)
    assert answer.detail == "HTTP 400: 'To' number … is not valid"
    body = b"MessageSid=SM1&MessageStatus=delivered&To=%2B32470000001"
    [report] = provider.read_callback({}, {"proof": "secret-reports"}, body)
    assert (report.provider_ref, report.fate) == ("SM1", Fate.DELIVERED)
    assert provider.read_callback({}, {"proof": "secret-reports"}, body.replace(b"delivered", b"sending")) == []
