"""The later members of a cascade: each is asked about a document when it is needed, and what that takes is counted."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ocr_pipeline.errors import ProviderError
from ocr_pipeline.models.types import CallFacts
from ocr_pipeline.schemas import DocumentFailure, Extraction


@dataclass(frozen=True)
class MemberAnswer:
    """What a member says about a document: an extraction, or why there is none; what it took, its engine included, in
    seconds and US dollars (None: unknown). `stored`: whether it is kept, so that it is never paid for again."""

    extraction: Extraction | None
    failure: DocumentFailure | None
    seconds: float | None
    cost_usd: float | None
    calls: list[CallFacts]
    stored: bool


@dataclass
class LaterMembers:
    """The members after the first, of one document.

    `waited`: wall-clock seconds spent asking; `seconds`, `cost_usd` and `calls`: of the answers, whenever they were made.
    `failures`: a sentence for each member that was asked and has no result.
    """

    members: Mapping[str, Callable[[], MemberAnswer]]
    waited: float = 0.0
    seconds: float | None = 0.0
    cost_usd: float | None = 0.0
    calls: list[CallFacts] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def ask(self, member: str) -> Extraction | None:
        """The extraction of a member; None if it has none.

        Raises:
            ProviderError: its service failed temporarily; nothing is stored, and the next run asks again.
            ConfigurationError: it can never work, or the spending limit is reached.
        """
        started = time.perf_counter()
        try:
            answer = self.members[member]()
        finally:
            self.waited += time.perf_counter() - started
        self.seconds = plus(self.seconds, answer.seconds)
        self.cost_usd = plus(self.cost_usd, answer.cost_usd)
        self.calls += answer.calls
        if answer.failure and not answer.stored and answer.failure.reason == "provider_failed":
            raise ProviderError(answer.failure.message)
        if answer.failure:
            self.failures.append(f"{member} was asked and has no result: {answer.failure.message}")
        return answer.extraction


def plus(*numbers: float | None) -> float | None:
    """The sum; None if one of them is unknown."""
    return None if None in numbers else sum(number for number in numbers if number is not None)
