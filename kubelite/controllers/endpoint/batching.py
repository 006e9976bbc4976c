"""How endpoints gather events before they are written, and rest after that.

Many pods of a Service become ready at about the same time: each write is for all of what was heard for a
moment, and the more endpoints there are the longer it is until the next one.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Batching(NamedTuple):
    """How long events wait.

    Attributes:
        gather_s: Seconds for which events of a Service are gathered.
        rest_per_endpoint_s: Seconds per endpoint between two writes that events ask for.
        rest_max_s: The longest rest.
    """

    gather_s: float
    rest_per_endpoint_s: float
    rest_max_s: float

    def rest_s(self, endpoints: int) -> float:
        """The rest after a write of so many endpoints."""
        return min(self.rest_max_s, endpoints * self.rest_per_endpoint_s)


SLICES: Final = Batching(0.02, 1e-4, 1.0)
WHOLE: Final = Batching(0.03, 5e-4, 2.0)
"""Of Endpoints: the whole object is written again for each change."""
