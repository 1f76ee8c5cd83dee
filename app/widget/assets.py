"""The widget's files for the browsers of other people's websites: the loader, and what it fetches."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

CLIENT = Path(__file__).parent / "client"
LOADER = "widget.js"
TYPES: Mapping[str, str] = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
LOADER_AGE_S = 300
"""How long a page may go on with the loader that it has, after an upgrade."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    media_type: str
    plain: bytes
    packed: bytes


def read_client(folder: Path = CLIENT) -> tuple[str, dict[str, Asset]]:
    """Return the version, a hash of all contents, and the files by their path below `folder`.

    The loader holds the version in place of `__VERSION__`.
    """
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.name.endswith(tuple(TYPES))
    }
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    version = digest.hexdigest()[:16]
    contents[LOADER] = contents[LOADER].replace(b"__VERSION__", version.encode())
    return version, {
        name: Asset(TYPES[Path(name).suffix], content, gzip.compress(content, 9, mtime=0))
        for name, content in contents.items()
    }


def widget_assets() -> APIRouter:
    """Serve them: `/widget.js` for minutes, `/widget/client/VERSION/FILE` for ever."""
    router = APIRouter(include_in_schema=False)
    version, assets = read_client()
    loader = assets.pop(LOADER)
    tag = f'"{version}"'

    @router.api_route("/widget.js", methods=["GET", "HEAD"])
    async def widget_js(request: Request) -> Response:
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={LOADER_AGE_S}"}
        # A proxy that packs answers itself marks the tag as weak; the content is the same.
        if tag in (known.strip().removeprefix("W/") for known in request.headers.get("If-None-Match", "").split(",")):
            return Response(status_code=304, headers=headers)
        return _sent(loader, request, headers)

    @router.api_route("/widget/client/{asked}/{name:path}", methods=["GET", "HEAD"])
    async def client_file(asked: str, name: str, request: Request) -> Response:
        asset = assets.get(name)
        if asset is None:
            raise HTTPException(404, "There is no such file.")
        # During an upgrade a loader of one version may reach a server of the other: better its files than none.
        age = "public, max-age=31536000, immutable" if asked == version else "no-store"
        return _sent(asset, request, {"Cache-Control": age})

    return router


def _sent(asset: Asset, request: Request, headers: Mapping[str, str]) -> Response:
    packs = any(
        coding.partition(";")[0].strip() == "gzip" for coding in request.headers.get("Accept-Encoding", "").split(",")
    )
    encoding = {"Content-Encoding": "gzip"} if packs else {}
    content = asset.packed if packs else asset.plain
    return Response(content, media_type=asset.media_type, headers={"Vary": "Accept-Encoding", **headers, **encoding})
