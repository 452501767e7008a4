"""What every reflector is made with."""

from dataclasses import dataclass

from kube.clock import Clock
from kube.metrics import Metrics
from reflectors.lag import Lags
from reflectors.sides import Sides
from reflectors.translation.context import Context


@dataclass(frozen=True, slots=True)
class Tools:
    sides: Sides
    context: Context
    clock: Clock
    metrics: Metrics
    lags: Lags
