"""Customers whose friends had their own arm, weighted by how unlikely that was."""

from __future__ import annotations

import numpy as np

from regulars.analysis.exposure import clustered_network, exposed, exposure_probabilities
from regulars.analysis.exposure_effects import Exposures
from regulars.analysis.interference import SHARE

from .reading import TREATMENT, Answer, Reading, Test


class Exposed(Reading):
    """Hajek means of treated customers with mostly treated friends and of untreated ones with mostly untreated friends.

    Friends are those of the market's network who are in the test too; mostly: three quarters of them or more.
    Source: `analysis.exposure_effects`; Ugander, Karrer, Backstrom & Kleinberg (2013), Eckles, Karrer & Ugander (2017).
    """

    name = "exposed"
    fits = ("individual", "cluster")
    uses_ties = True

    def read(self, test: Test) -> Answer:
        if test.ties is None:
            raise ValueError("the market has no network, so nobody is exposed to anybody")
        own = (test.assigned.arms[-1] == TREATMENT).astype(float)
        units, cluster = np.arange(len(own)), test.assigned.cluster
        code = units if cluster is None else np.unique(cluster, return_inverse=True)[1].reshape(-1)
        ends = test.ties

        def laid_out() -> tuple[object, ...]:
            arms = np.zeros(int(code.max()) + 1)
            arms[code] = own
            network = clustered_network(*ends, code, probability=float(arms.mean()))
            return network, exposed(network, own, share=SHARE), exposure_probabilities(network, share=SHARE)

        network, seen, chance = test.once("exposed", laid_out)
        everyone = np.ones(len(own), bool)
        found = Exposures(network, test.outcome, own, everyone, test.alpha, 0, 0).compare(seen, chance, "exposed customers", everybody=True)
        low, high = (None, None) if found.hajek.interval is None else found.hajek.interval
        return Answer(found.hajek.value, low, high, found.p_value, found.hajek.reason)
