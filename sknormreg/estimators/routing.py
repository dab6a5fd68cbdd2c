"""Metadata of the splitter and of the scorer of a search."""

from typing import Any

from sklearn.base import clone
from sklearn.metrics import check_scoring
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _manual_routing,
    _routing_enabled,
    process_routing,
)

from .compared import plain_estimator
from .scoring import takes


class RoutingMixin:
    """Routes sample weights and other metadata to splitter and scorer."""

    cv: Any
    scoring: Any

    def _route(self, sample_weight, params):
        if _routing_enabled():
            return process_routing(self, "fit", sample_weight=sample_weight, **params)
        weights = {}
        if sample_weight is not None and takes(self._scorer(), "sample_weight"):
            weights = {"sample_weight": sample_weight}
        return _manual_routing({"splitter": {}, "scorer": {"score": weights}})

    def _scorer(self):
        """The scorer; the default one, and those by name, request weights by themselves."""
        mlp = plain_estimator(self)
        if self.scoring is None or self.scoring == "concordance":
            if _routing_enabled():
                mlp = clone(mlp).set_score_request(sample_weight=True)
            return check_scoring(mlp)
        scorer = check_scoring(mlp, scoring=self.scoring)
        named = _routing_enabled() and isinstance(self.scoring, str)
        if named and takes(scorer, "sample_weight"):
            scorer.set_score_request(sample_weight=True)
        return scorer

    def get_metadata_routing(self) -> MetadataRouter:
        """Metadata routing of the splitter and the scorer.

        Returns
        -------
        routing : MetadataRouter
            What each of them is passed.
        """
        scorer = self._scorer()
        mapping = MethodMapping().add(caller="fit", callee="split")
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(splitter=self.cv, method_mapping=mapping)
            .add(
                scorer=scorer,
                method_mapping=MethodMapping().add(caller="fit", callee="score"),
            )
        )
