"""Settings of a daemon, from flags, environment and a file: the first that says something wins.

A setting is a field of a msgspec Struct. `node_name` is `--node-name` on the command line, `VKP_NODE_NAME` in the
environment and `nodeName` in the YAML file that `--config` or `VKP_CONFIG` names. All mistakes are told at once.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
import yaml
from msgspec.structs import FieldInfo, fields

S = TypeVar("S", bound=msgspec.Struct)
PREFIX = "VKP_"
Check = Callable[[Mapping[str, Any]], Iterable[str]]


class Help(str):
    """What a setting is for: `Annotated[int, Help("...")]`."""

    __slots__ = ()


class SettingsError(Exception):
    """Everything that is wrong, a line each: which setting, what is wrong with it, what to do."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


def read_settings(
    kind: type[S],
    command: str,
    arguments: Sequence[str],
    *,
    check: Check,
    environment: Mapping[str, str] = os.environ,
) -> S:
    """Read the settings of `command`. Raises SettingsError; `--help` and unknown flags end the program as usual.

    `check` yields what else is wrong with the values that could be read, by their settings' names.
    """
    flags = vars(_parser(kind, command).parse_args(arguments))
    file = flags.pop("config") or environment.get(f"{PREFIX}CONFIG")
    mistakes: list[str] = []
    in_file = _file(kind, file, mistakes) if file else {}
    values = {setting.name: setting.default for setting in fields(kind) if not setting.required}
    for setting in fields(kind):
        value, where = _first(setting, flags, environment, in_file)
        if where is None:
            if setting.required:
                places = f"{flag(setting.name)}, {variable(setting.name)}, or {setting.encode_name} in a file"
                mistakes.append(f"{flag(setting.name)}: missing ({_about(setting)}); give {places}")
            continue
        try:
            values[setting.name] = msgspec.convert(value, setting.type, strict=False, dec_hook=_convert)
        except msgspec.ValidationError as error:
            values.pop(setting.name, None)
            mistakes.append(f"{where}: {error}, and not {value!r} ({_about(setting)})")
    mistakes.extend(check(values))
    if mistakes:
        raise SettingsError(mistakes)
    return kind(**values)


def flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    return PREFIX + name.upper()


def _first(
    setting: FieldInfo, flags: Mapping[str, Any], environment: Mapping[str, str], in_file: Mapping[str, Any]
) -> tuple[Any, str | None]:
    """The value that counts, and where it stands; None as the place where nobody gave one."""
    name = setting.name
    if flags[name] is not None:
        return _listed(setting, flags[name]), flag(name)
    if variable(name) in environment:
        return _listed(setting, environment[variable(name)]), variable(name)
    if setting.encode_name in in_file:
        return in_file[setting.encode_name], setting.encode_name
    return None, None


def _listed(setting: FieldInfo, text: str) -> Any:
    """A list is written with commas on the command line and in the environment."""
    plain = get_args(setting.type)[0] if get_origin(setting.type) is Annotated else setting.type
    if get_origin(plain) is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _file(kind: type[msgspec.Struct], file: str, mistakes: list[str]) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(Path(file).read_text()) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mistakes.append(f"--config {file}: cannot be read: {' '.join(str(error).split())}")
        return {}
    if not isinstance(content, dict):
        mistakes.append(f"--config {file}: is no mapping of settings to values")
        return {}
    known = {setting.encode_name for setting in fields(kind)}
    mistakes.extend(
        f"{key}: no such setting in {file}; see `--help` for what there is" for key in content if key not in known
    )
    return content


def _parser(kind: type[msgspec.Struct], command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=command,
        description=kind.__doc__,
        epilog=f"Each setting may also be given by the environment variable {PREFIX}SETTING_NAME, or by the key "
        "settingName of the YAML file that --config names. Flags come first, then variables, then the file.",
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="YAML file with settings")
    for setting in fields(kind):
        default = "" if setting.required or setting.default in ("", ()) else f" (default {setting.default})"
        text = _about(setting) + default
        parser.add_argument(flag(setting.name), dest=setting.name, metavar="VALUE", help=text.replace("%", "%%"))
    return parser


def _about(setting: FieldInfo) -> str:
    notes = get_args(setting.type)[1:] if get_origin(setting.type) is Annotated else ()
    return " ".join(str(note) for note in notes if isinstance(note, Help))


def _convert(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)
