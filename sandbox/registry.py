"""A read-only image registry on an address of the sandbox's own, in front of its image store.

Every containerd of the sandbox asks it for every image, whatever host the image's name begins with (containerd says
which by `?ns=`). So `imagePullPolicy: Always` works without any network, and an image that nobody stored is refused at
once. What is added to the store while this runs is served with the next request.

Source: the OCI distribution specification, "pull" and "content discovery"; containerd's docs/hosts.md for `ns`.
"""

import argparse
import logging
import re
import sys
from pathlib import Path

from aiohttp import web

from sandbox import oci
from sandbox.image_names import DEFAULT_DOMAIN
from sandbox.images import ImageStore
from sandbox.k3s_release import stored_tag

STORE: web.AppKey[ImageStore] = web.AppKey("store", ImageStore)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def create_app(store: ImageStore) -> web.Application:
    app = web.Application()
    app[STORE] = store
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/v2/", version),
            web.get("/v2/{repository:.+}/manifests/{reference}", manifest),
            web.get("/v2/{repository:.+}/blobs/{digest}", blob),
            web.get("/v2/{repository:.+}/tags/list", tags),
        ]
    )
    return app


async def healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def version(_: web.Request) -> web.Response:
    return web.json_response({}, headers={"Docker-Distribution-API-Version": "registry/2.0"})


async def manifest(request: web.Request) -> web.Response:
    store, repository = request.app[STORE], request.match_info["repository"]
    reference = stored_tag(repository, request.match_info["reference"])
    tagged = _tagged(request)
    by_digest = {entry.digest: entry for entry in tagged.values()}
    entry = tagged.get(reference) or by_digest.get(reference)
    if entry is None:
        return _unknown("MANIFEST_UNKNOWN", f"{repository}:{reference}")
    return web.Response(
        body=store.blobs.read(entry.digest),
        content_type=entry.media_type,
        headers={"Docker-Content-Digest": entry.digest},
    )


async def blob(request: web.Request) -> web.StreamResponse:
    digest = request.match_info["digest"]
    file = _stored(request.app[STORE], digest)
    if file is None:
        return _unknown("BLOB_UNKNOWN", digest)
    headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
    return web.FileResponse(file, headers=headers)


async def tags(request: web.Request) -> web.Response:
    repository, found = request.match_info["repository"], _tagged(request)
    if not found:
        return _unknown("NAME_UNKNOWN", repository)
    return web.json_response({"name": repository, "tags": sorted(found)})


def _tagged(request: web.Request) -> dict[str, oci.Descriptor]:
    """What the asked repository has now, by tag."""
    repository = (request.query.get("ns", DEFAULT_DOMAIN), request.match_info["repository"])
    entries = request.app[STORE].entries()
    return {name.tag: entry for name, entry in entries.items() if (name.domain, name.repository) == repository}


def _stored(store: ImageStore, digest: str) -> Path | None:
    if not _DIGEST.fullmatch(digest):
        return None
    file = store.blobs.path(digest)
    return file if file.is_file() else None


def _unknown(code: str, what: str) -> web.Response:
    error = {"code": code, "message": f"{what} is not in this sandbox; see `python -m sandbox image --help`"}
    return web.json_response({"errors": [error]}, status=404)


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the OCI image layout to serve")
    parser.add_argument("--listen", type=address, required=True, metavar="IP:PORT")
    options = parser.parse_args()
    host, port = options.listen
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        web.run_app(create_app(ImageStore(options.store)), host=host, port=port, print=None, shutdown_timeout=1)
    except OSError as error:
        sys.exit(f"cannot listen on {host}:{port}: {error.strerror}; choose another address or end what has it")


if __name__ == "__main__":
    main()
