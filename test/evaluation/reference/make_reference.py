"""
Reference values for test/evaluation: the estimator, Wilson's interval, exact McNemar and quantiles, by SciPy,
statsmodels and NumPy. The estimator also by exact integers and as its authors compute it (Chen et al. 2021, figure 3).

    pip install numpy scipy statsmodels && python make_reference.py > reference.json
"""
import json
from math import comb
from fractions import Fraction

import numpy as np
import scipy
import statsmodels
from scipy.stats import binomtest, hypergeom
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint


def pass_at_k(n, c, k):
    exact = float(1 - Fraction(comb(n - c, k), comb(n, k)))
    # At least one of k drawn without replacement from n is among c.
    assert abs(hypergeom.sf(0, n, c, k) - exact) < 1e-9, (n, c, k)
    product = 1.0 if n - c < k else 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))
    assert abs(product - exact) < 1e-9, (n, c, k)
    return {"n": n, "c": c, "k": k, "value": exact}


def wilson(successes, trials):
    low, high = proportion_confint(successes, trials, alpha=0.05, method="wilson")
    return {"successes": successes, "trials": trials, "low": float(low), "high": float(high)}


def exact_mcnemar(gained, lost):
    value = float(mcnemar([[0, gained], [lost, 0]], exact=True).pvalue)
    if gained + lost > 0:
        assert abs(binomtest(gained, gained + lost).pvalue - value) < 1e-9, (gained, lost)
    return {"gained": gained, "lost": lost, "pValue": value}


def quantiles(values):
    at = [0.025, 0.25, 0.5, 0.95, 0.975]
    return {"values": values, "at": at, "quantiles": [float(np.quantile(values, q)) for q in at]}


rng = np.random.default_rng(1)
reference = {
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
    "passAtK": [
        pass_at_k(n, c, k)
        for n, c, k in [
            (1, 0, 1), (1, 1, 1), (16, 1, 8), (16, 3, 4), (16, 16, 16), (32, 5, 32), (64, 1, 32), (64, 2, 8),
            (128, 7, 32), (200, 3, 10), (200, 100, 100), (1024, 1, 128), (1024, 9, 512), (8192, 3, 1024),
        ]
    ],
    "wilson": [wilson(s, t) for s, t in [(1, 2), (27, 54), (15, 148), (81, 263), (159, 244), (221, 244), (656, 1045)]],
    "mcnemar": [
        exact_mcnemar(a, b)
        for a, b in [(0, 0), (5, 0), (6, 0), (0, 7), (5, 12), (12, 12), (25, 15), (121, 59), (1500, 1400)]
    ],
    "quantiles": [
        quantiles([1.0, 2.0, 4.0, 8.0]),
        quantiles(sorted(float(x) for x in rng.normal(size=37))),
        quantiles(sorted(float(x) for x in rng.integers(0, 5, size=200))),
    ],
}
print(json.dumps(reference, indent=1))
