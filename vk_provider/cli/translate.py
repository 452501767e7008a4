"""`vkp translate`: what becomes of a manifest on the host, without a cluster."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from reflectors.translation.context import ApiServer, Context, Version
from reflectors.translation.preview import Preview, previews
from vk_provider.provider.grants import Grant, allowed

NEWEST = "1.36"


@click.command()
@click.option("-f", "--filename", required=True, metavar="FILE", help="Manifest in YAML or JSON; - for standard input.")
@click.option("-n", "--namespace", default="default", show_default=True, help="Virtual namespace of what names none.")
@click.option("--cluster", default="virtual", show_default=True, help="Name of the virtual cluster.")
@click.option("--host-namespace", help="Namespace on the host.  [default: k3k-CLUSTER]")
@click.option("--api-server", default="10.43.0.1:443", show_default=True, help="IP:PORT of the virtual API server.")
@click.option("--dns-address", help="IP address of the virtual cluster's DNS Service.")
@click.option("--host-version", default=NEWEST, show_default=True, help="Kubernetes release of the host.")
@click.option("--virtual-version", default=NEWEST, show_default=True, help="Kubernetes release of the virtual cluster.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice([grant.value for grant in Grant]),
    help="What tenants may use. May be repeated.",
)
def translate(filename: str, namespace: str, allow: tuple[str, ...], **options: Any) -> None:
    r"""Print the host objects that a manifest becomes, with what is refused or left out.

    Ends with 1 if something is refused. No cluster is asked, so what an API server fills in (defaults, the volume with
    the token) is not there unless the manifest has it: `kubectl get pod NAME -o yaml | vkp translate -f -` shows the
    whole of a live pod.
    """
    context = Context(
        cluster=options["cluster"],
        host_namespace=options["host_namespace"] or f"k3k-{options['cluster']}",
        api_server=_api_server(options["api_server"]),
        host_version=_version(options["host_version"], "--host-version"),
        virtual_version=_version(options["virtual_version"], "--virtual-version"),
        dns_address=options["dns_address"],
        allowed=allowed(map(Grant, allow)),
        namespaces={},
    )
    manifests = list(_manifests(filename))
    refused = 0
    for number, preview in enumerate(previews(manifests, namespace, context)):
        click.echo(_text(preview, first=number == 0), nl=False)
        refused += preview.refused is not None
    sys.exit(1 if refused else 0)


def _text(preview: Preview, *, first: bool) -> str:
    lines = [] if first else ["---"]
    lines += [f"# {line}" for note in preview.notes for line in note.splitlines()]
    text = "".join(f"{line}\n" for line in lines)
    if preview.host is not None:
        text += yaml.safe_dump(preview.host, sort_keys=False, allow_unicode=True, width=120)
    return text


def _manifests(filename: str) -> Iterator[dict[str, Any]]:
    where = "standard input" if filename == "-" else filename
    try:
        text = sys.stdin.read() if filename == "-" else Path(filename).read_text()
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except OSError as error:
        raise click.ClickException(f"{where}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise click.ClickException(f"{where}: is no YAML: {' '.join(str(error).split())}") from error
    if not documents:
        raise click.ClickException(f"{where}: there is nothing in it; give a manifest of one or more objects")
    for number, document in enumerate(documents, start=1):
        listed = document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else [document]
        for item in listed or ():
            if not isinstance(item, dict) or not item.get("kind") or not (item.get("metadata") or {}).get("name"):
                raise click.ClickException(
                    f"{where}, document {number}: is no Kubernetes object; it needs kind and metadata.name"
                )
            yield item


def _api_server(text: str) -> ApiServer:
    ip, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        raise click.ClickException(f"--api-server: {text!r} is not of the form IP:PORT, as in 10.43.0.1:443")
    return ApiServer(ip.strip("[]"), int(port))


def _version(text: str, option: str) -> Version:
    major, _, minor = text.removeprefix("v").partition(".")
    if not major.isdecimal() or not minor.isdecimal():
        raise click.ClickException(f"{option}: {text!r} is no release, as 1.36 is")
    return Version(int(major), int(minor))
