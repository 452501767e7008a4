"""A process that stands for election and, while it leads, writes all the time; it says what it does, a line each.

    python -m tests.integration.kube.candidate KUBECONFIG NAMESPACE NAME LEASE_DURATION RENEW_DEADLINE

SIGTERM ends it in good order.
"""

import asyncio
import signal
import sys
from pathlib import Path

from kube.client import Client, PatchType
from kube.credentials import load_kubeconfig
from kube.errors import ApiError
from kube.leader_election import LeaderElector, LeaseTiming
from kube.objects import Key
from kube.resources import CONFIG_MAPS

LEASE = "leader"
WRITTEN = "written"
RETRY_PERIOD = 0.5


async def stand(kubeconfig: Path, namespace: str, name: str, timing: LeaseTiming) -> None:
    credentials = await load_kubeconfig(kubeconfig)
    async with Client(credentials, user_agent=name, field_manager=name) as leases:
        elector = LeaderElector(leases, Key(namespace, LEASE), name, timing=timing)
        may_write = elector.is_leader
        async with Client(credentials, user_agent=name, field_manager=name, may_write=may_write) as client:

            async def lead() -> None:
                say("leads")
                try:
                    await write_for_ever(client, namespace, name)
                finally:
                    say("stops")

            await elector.run(lead)


async def write_for_ever(client: Client, namespace: str, name: str) -> None:
    number = 0
    while True:
        number += 1
        change = {"data": {"writer": name, "number": str(number)}}
        try:
            await client.patch(CONFIG_MAPS, WRITTEN, change, namespace, patch_type=PatchType.MERGE)
        except ApiError as error:
            say(f"failed {type(error).__name__}")
        await asyncio.sleep(0.01)


def say(what: str) -> None:
    print(what, flush=True)  # noqa: T201 - this is how the test hears of it


async def main() -> None:
    kubeconfig, namespace, name, lease_duration, renew_deadline = sys.argv[1:]
    timing = LeaseTiming(int(lease_duration), float(renew_deadline), RETRY_PERIOD)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await stand(Path(kubeconfig), namespace, name, timing)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        say("ended")
