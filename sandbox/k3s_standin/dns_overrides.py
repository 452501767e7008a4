"""What a cluster's owner adds to its DNS: the `template` plugin of CoreDNS, of what `coredns-custom` may say.

Source: the CoreDNS manual, plugins "template" and "import". What the server block has already cannot be said again.
"""

import ipaddress
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sandbox.dns_server import AAAA, ANY, A, Record

KINDS = {"A": A, "AAAA": AAAA, "ANY": ANY}
SAID_ALREADY = {"hosts", "kubernetes", "forward", "cache", "loop", "reload", "errors", "health", "ready", "prometheus"}


class BadOverrideError(Exception):
    """CoreDNS would not start with this, or the stand-in does not know it."""


@dataclass(frozen=True, slots=True)
class Template:
    """One `template` block."""

    kind: int
    zones: tuple[str, ...]
    matches: list[re.Pattern[str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    falls_through: list[bool] = field(default_factory=list)

    def concerns(self, name: str, kind: int) -> bool:
        in_zone = any(f".{name}".endswith(f".{zone}") or zone == "." for zone in self.zones)
        return in_zone and self.kind in {kind, ANY}

    def records(self, name: str) -> list[Record] | None:
        """The answer for a name with a dot at its end; None if no expression matches it."""
        if self.matches and not any(match.search(name) for match in self.matches):
            return None
        return [_record(answer.replace("{{ .Name }}", name).replace("{{.Name}}", name)) for answer in self.answers]


def parse(text: str) -> list[Template]:
    """The templates of a file; raises BadOverrideError."""
    lines = _lines(text)
    return [_template(words, lines) for words in lines]


def lookup(templates: Sequence[Template], name: str, kind: int) -> tuple[bool, list[Record] | None]:
    """Whether the templates decide about a name, and how: with records, or None for "no such name"."""
    dotted = f"{name.lower().rstrip('.')}."
    for template in templates:
        if template.concerns(dotted, kind):
            records = template.records(dotted)
            if records is not None:
                return True, records
            if not template.falls_through:
                return True, None
    return False, None


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True)
        lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", "#"
        try:
            words = list(lexer)
        except ValueError as error:
            raise BadOverrideError(f"{line.strip()}: {error}") from error
        if words:
            yield words


def _template(words: list[str], lines: Iterator[list[str]]) -> Template:
    if words[0] in SAID_ALREADY:
        raise BadOverrideError(f"plugin/{words[0]}: this plugin can only be used once per Server Block")
    if words[0] != "template" or words[-1] != "{" or len(words) < 4 or words[2].upper() not in KINDS:
        raise BadOverrideError(f"{' '.join(words)}: the stand-in knows only `template CLASS TYPE [ZONE...] {{`")
    zones = tuple(f"{zone.lower().strip('.')}." for zone in words[3:-1]) or (".",)
    template = Template(KINDS[words[2].upper()], zones)
    for inner in lines:
        if inner == ["}"]:
            return template
        _add(template, inner)
    raise BadOverrideError("a template without its closing brace")


def _add(template: Template, words: list[str]) -> None:
    match words:
        case ["match", *expressions] if expressions:
            template.matches.extend(map(re.compile, expressions))
        case ["answer", text]:
            _record(text.replace("{{ .Name }}", "name.").replace("{{.Name}}", "name."))
            template.answers.append(text)
        case ["fallthrough", *_]:
            template.falls_through.append(True)
        case _:
            raise BadOverrideError(f"template: unknown property {' '.join(words)}")


def _record(text: str) -> Record:
    match text.split():
        case [name, *_, kind, address] if kind in {"A", "AAAA"}:
            try:
                return Record(name.rstrip("."), KINDS[kind], ipaddress.ip_address(address).packed)
            except ValueError as error:
                raise BadOverrideError(f"answer {text}: {error}") from error
    raise BadOverrideError(f"answer {text}: the stand-in knows A and AAAA")
