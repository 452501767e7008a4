"""Measure what we promise: `python -m benchmarks [NAME...]`. Exits with 1 when a goal is missed."""

import sys
from importlib import import_module

from benchmarks.report import missed, print_results
from vk_provider.logs import LogFormat, LogLevel, configure_logs

MODULES = {  # name on the command line: a module with `results() -> list[Result]`
    "client": "benchmarks.client",
    "image": "benchmarks.image",
    "informer": "benchmarks.informer",
    "provider_audience": "benchmarks.provider_audience",
    "provider_endurance": "benchmarks.provider_endurance",
    "provider_objects": "benchmarks.provider_objects",
    "provider_scale": "benchmarks.provider_scale",
    "provider_streams": "benchmarks.provider_streams",
    "simulator": "benchmarks.simulator",
    "splice": "benchmarks.splice",
    "standby": "benchmarks.standby",
    "virtual_clusters": "benchmarks.virtual_clusters",
}


def main(names: list[str]) -> int:
    unknown = set(names) - set(MODULES)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(MODULES)}", file=sys.stderr)
        return 2
    configure_logs(LogFormat.CONSOLE, LogLevel.ERROR)  # of informers and clients in here; daemons have their own
    failures = 0
    for name in names or MODULES:
        results = import_module(MODULES[name]).results()
        print_results(name, results)
        failures += len(missed(results))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
