"""What a process counts for its operator, in Prometheus' terms. It starts at zero with the process."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from app.db.ledger import Priced
from app.loading import load_of
from graph.context import ModelRoute
from graph.state import Recalled

DURATIONS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160)


@dataclass(frozen=True, slots=True)
class Billed:
    """What a turn cost its site, and how many shares of its budget were reached by that."""

    site: str
    tries: Sequence[Priced]
    alerts: int


class Metrics:
    """Counts what ends. Labels are names out of the configuration and fixed words: nothing of a visitor."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        by_turn = ("site", "outcome", "rung")
        self._turns = Counter("parley_turns", "Turns that ended.", by_turn, registry=registry)
        self._durations = Histogram(
            "parley_turn_duration_seconds",
            "Time from a message to the end of its turn.",
            by_turn,
            buckets=DURATIONS_S,
            registry=registry,
        )
        self._tries = Counter("parley_tries", "Tries of a model.", ("route", "outcome"), registry=registry)
        by_route = ("site", "route")
        self._tokens = Counter("parley_tokens", "Tokens of tries.", (*by_route, "direction"), registry=registry)
        self._cost = Counter("parley_cost_usd", "US dollars of tries of known price.", by_route, registry=registry)
        self._unpriced = Counter("parley_unpriced_tries", "Tries of unknown price.", by_route, registry=registry)
        self._alerts = Counter("parley_alerts", "Shares of budgets that were reached.", ("site",), registry=registry)
        self._open = Gauge(
            "parley_breaker_open", "1 while a route is not asked because of its faults.", ("route",), registry=registry
        )

        self._looked_up = Counter(
            "parley_answer_cache",
            "Answers that were looked for among those given before.",
            ("site", "found"),
            registry=registry,
        )
        self._local = Gauge(
            "parley_local_requests", "Requests in the local model's engine.", ("route", "state"), registry=registry
        )

    def turn(self, outcome: str, rung: str | None, duration_s: float, billed: Billed | None) -> None:
        """Count a turn that ended here; one that was taken over or replaced, and so not billed, is not counted."""
        if billed is None:
            return
        site = billed.site
        labels = (site, outcome, rung or "none")
        self._turns.labels(*labels).inc()
        self._durations.labels(*labels).observe(duration_s)
        for priced in billed.tries:
            used = priced.used
            route = used.route or used.model
            self._tries.labels(route, used.outcome).inc()
            self._tokens.labels(site, route, "input").inc(used.input_tokens)
            self._tokens.labels(site, route, "output").inc(used.output_tokens)
            if priced.cost_usd is None:
                self._unpriced.labels(site, route).inc()
            else:
                self._cost.labels(site, route).inc(float(priced.cost_usd))
        self._alerts.labels(site).inc(billed.alerts)

    def looked_up(self, site: str, recalled: Recalled | None) -> None:
        """Count an answer that was looked for in the cache, and found there or not."""
        found = "no" if recalled is None else "exact" if recalled.exact else "semantic"
        self._looked_up.labels(site, found).inc()

    def text(self, routes: Iterable[ModelRoute], open_breakers: Mapping[str, str] | None) -> bytes:
        """Everything, as Prometheus reads it.

        Args:
            routes: the models of this process.
            open_breakers: those that are not asked, with the reason; None: nobody knows just now.
        """
        self._open.clear()
        for route in routes:
            if open_breakers is not None:
                self._open.labels(route.name).set(route.name in open_breakers)
            if (load := load_of(route)) is not None:
                self._local.labels(route.name, "running").set(load.running)
                self._local.labels(route.name, "waiting").set(load.waiting)
        return generate_latest(self._registry)
