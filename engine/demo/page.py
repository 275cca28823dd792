"""The demo's page: mail yourself, see the phone, see what became of each mail and why, see the credit go down."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from engine.demo.configuration import NUMBER, PARTS, USER
from engine.demo.follow import Scene
from engine.demo.post import Letter
from engine.demo.shield import serve_page, shield
from engine.demo.stream import Stream

_FILES = ("demo.css", "demo.js", "look.css", "draw.js", "icon.svg")


class Page:
    """What a browser sees. `post` puts a letter into the mailbox."""

    def __init__(self, post: Callable[[Letter], Awaitable[None]]) -> None:
        self._post = post
        self._stream = Stream()
        self._scene: dict[str, Any] = {}

    def application(self) -> web.Application:
        """The page as an application, for a server on loopback."""
        app = web.Application(client_max_size=64 * 1024)
        app.add_routes(
            [
                web.get("/", serve_page("demo.html")),
                *(web.get(f"/{name}", serve_page(name)) for name in _FILES),
                web.get("/scene", self._show),
                web.get("/stream", self._stream.serve),
                web.post("/mail", self._take_mail),
            ]
        )
        shield(app, loopback=True)
        return app

    def tell(self, scene: Scene) -> None:
        """Show this moment on every open page."""
        self._scene = {**asdict(scene), "number": NUMBER, "user": USER, "plan": PARTS}
        self._stream.tell(self._scene)

    def hang_up(self) -> None:
        """End the live pages, so that the server can stop."""
        self._stream.close()

    async def _show(self, _request: web.Request) -> web.Response:
        return web.json_response(self._scene)

    async def _take_mail(self, request: web.Request) -> web.Response:
        try:
            await self._post(Letter.model_validate_json(await request.read()))
        except ValidationError as error:
            first = error.errors()[0]
            return web.json_response({"problem": f"{'.'.join(map(str, first['loc']))}: {first['msg']}"}, status=400)
        except ValueError:
            return web.json_response({"problem": "a sender and a subject are one line each"}, status=400)
        except Exception as error:
            # imaplib has errors of its own, and none of them should end the demo.
            return web.json_response({"problem": f"the mailbox did not take it: {type(error).__name__}"}, status=503)
        return web.json_response({})
