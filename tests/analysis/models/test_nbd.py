"""NBD without drop-out: the yardstick."""

import numpy as np
import pytest
from scipy.stats import nbinom

from regulars.analysis.models import bg_nbd, nbd, pareto_nbd
from regulars.analysis.models.nbd import Nbd


def test_reference_parameters_come_out(history, golden):
    found = nbd.fit(*history)
    expected = golden["nbd_no_dropout"]
    assert [found.model.r, found.model.alpha] == pytest.approx([expected["r"], expected["alpha"]], abs=0.002)
    assert found.log_likelihood == pytest.approx(expected["LL"], abs=0.1)


def test_leaving_is_needed_and_bg_nbd_fits_cdnow_best(history):
    """Ordering of the likelihoods in Fader, Hardie & Lee (2005): BG/NBD above Pareto/NBD above NBD without drop-out."""
    bg, pareto, plain = (model.fit(*history).log_likelihood for model in (bg_nbd, pareto_nbd, nbd))
    assert bg > pareto > plain


def test_histogram_is_negative_binomial():
    histogram = Nbd(0.385, 12.07).histogram(np.array([39.0]), 5)[0]
    expected = nbinom.pmf(np.arange(5), 0.385, 12.07 / 51.07)
    assert histogram[:5] == pytest.approx(expected) and histogram.sum() == pytest.approx(1.0)


def test_nobody_leaves():
    one = (np.array([2.0]), np.array([5.0]), np.array([50.0]))
    assert Nbd(0.5, 10.0).probability_alive(*one).tolist() == [1.0]
    assert Nbd(0.5, 10.0).expected_future(*one, 12.0)[0] == pytest.approx(2.5 / 60.0 * 12.0)
    assert Nbd(0.5, 10.0).expected_repeats(np.array([10.0]))[0] == pytest.approx(0.5)
