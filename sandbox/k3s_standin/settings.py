"""What `k3s server` was told: by its command line, its configuration files and its environment, in this order.

One thing is stricter than in the real one, because it stands in for it in tests: an unknown key of a configuration file
ends it, where the real one warns and goes on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from sandbox.k3s_standin import flags
from sandbox.k3s_standin.errors import FatalError

DEFAULT_CONFIG = Path("/etc/rancher/k3s/config.yaml")
EGRESS_MODES = frozenset({"agent", "cluster", "pod", "disabled"})
TRUE, FALSE = frozenset({"true", "1", "t", "yes"}), frozenset({"false", "0", "f", "no"})

Values = dict[str, list[str]]


class Settings:
    """Values by flag, with the kinds of values that flags have."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        return (self._values.get(name) or [default])[-1] or default

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.text(name, str(default)))
        except ValueError:
            raise FatalError(f'invalid value "{self.text(name)}" for flag -{name}: not a number') from None

    def listing(self, name: str) -> list[str]:
        """All values of a flag, each of which may be several with commas between them."""
        return [part for value in self._values.get(name, ()) for part in value.split(",") if part]

    def arguments(self, name: str) -> list[str]:
        """All values of a flag as they are: arguments of components may have commas in them."""
        return list(self._values.get(name, ()))

    def switch(self, name: str) -> bool:
        return self.text(name, "false").lower() in TRUE


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Everything that was said; raises FatalError for what the real one would not start with."""
    said = parse_arguments(arguments)
    heard = {flag: [environment[name]] for name, flag in flags.ENVIRONMENT.items() if environment.get(name)}
    named = environment.get("K3S_CONFIG_FILE") or (said.get("config") or [""])[-1]
    written: Values = {}
    for file in config_files(Path(named) if named else DEFAULT_CONFIG, required=bool(named)):
        written = merged(written, parse_file(file))
    values = {**heard, **written, **said}
    _check(values)
    return Settings(values)


def parse_arguments(arguments: Sequence[str]) -> Values:
    """Flags as `--name=value`, `--name value` and, for switches, `--name`."""
    values: Values = {}
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        flag = _flag(name)
        if not equals and flag in flags.SWITCHES:
            value = "true"
        elif not equals:
            if not rest:
                raise FatalError(f"flag needs an argument: {name}")
            value = rest.pop(0)
        values.setdefault(flag, []).append(value)
    return values


def _flag(argument: str) -> str:
    name = argument.lstrip("-")
    name = flags.SHORT.get(name, name)
    if not argument.startswith("-") or name not in flags.ALL:
        raise FatalError(f"flag provided but not defined: {argument}")
    return name


def config_files(main: Path, *, required: bool) -> list[Path]:
    """The file, unless it need not be there, and what is dropped in beside it, in the order in which they count."""
    found = [main] if required or main.exists() else []
    return [*found, *sorted(main.with_name(f"{main.name}.d").glob("*.y*ml"))]


def parse_file(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(file.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise FatalError(f"failed to load config file {file}: {error}") from error
    if not isinstance(content, dict):
        raise FatalError(f"failed to load config file {file}: it is no mapping")
    unknown = sorted(str(key) for key in content if str(key).removesuffix("+") not in flags.ALL | flags.SHORT.keys())
    if unknown:
        raise FatalError(f"unknown keys in {file}: {', '.join(unknown)}; the real K3s would skip them with a warning")
    return content


def merged(values: Values, content: Mapping[str, Any]) -> Values:
    """The values with a later file's in their place, or behind them where the key says `+`."""
    result = dict(values)
    for key, value in content.items():
        name = flags.SHORT.get(key.removesuffix("+"), key.removesuffix("+"))
        before = result.get(name, []) if key.endswith("+") else []
        result[name] = [*before, *map(_text, value if isinstance(value, list) else [value])]
    return result


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _check(values: Values) -> None:
    for name in flags.SWITCHES & values.keys():
        if values[name][-1].lower() not in TRUE | FALSE:
            raise FatalError(f'invalid boolean value "{values[name][-1]}" for -{name}: parse error')
    for mode in values.get("egress-selector-mode", ()):
        if mode not in EGRESS_MODES:
            raise FatalError(f"invalid egress-selector-mode {mode}")
