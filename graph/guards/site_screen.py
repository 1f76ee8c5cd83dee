"""The screen of one site: with a threshold of its own, or one that only records."""

from dataclasses import dataclass, replace

from graph.context import FloatArray, InjectionFinding, InjectionScreen


@dataclass(frozen=True, slots=True)
class SiteScreen:
    """Judges by another screen's score.

    Attributes:
        threshold: score from which a text is blocked; None: the other screen's own.
        shadow: block nothing, and note what would have been blocked.
    """

    screen: InjectionScreen
    threshold: float | None = None
    shadow: bool = False

    def judge(self, text: str, vector: FloatArray) -> InjectionFinding:
        """`vector` has shape `(dimensions,)`, from the encoder, of the same text."""
        finding = self.screen.judge(text, vector)
        blocked = finding.blocked if self.threshold is None else finding.score >= self.threshold
        return replace(finding, blocked=blocked and not self.shadow, only_noted=blocked and self.shadow)
