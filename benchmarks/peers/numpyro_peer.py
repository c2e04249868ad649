"""Stein's model with six random effects in NumPyro, sampled by NUTS; samples below the limit as M3.

Written as a user would write it: typical values and SDs with wide priors, standardised random
effects, the closed form in JAX. Raises ImportError where NumPyro is not installed.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.scipy.stats import norm
from numpyro.infer import MCMC, NUTS

jax.config.update("jax_enable_x64", True)


def model(t: Any, log_y: Any, below: Any, middle: Any) -> None:
    """Patients (N, 1), times (1, T)."""
    mu = numpyro.sample("mu", dist.Normal(middle, 2).to_event(1))
    sd = numpyro.sample("sd", dist.HalfNormal(2 * jnp.ones(6)).to_event(1))
    sigma = numpyro.sample("sigma", dist.HalfNormal(1))
    with numpyro.plate("patients", log_y.shape[0]):
        z = numpyro.sample("z", dist.Normal(jnp.zeros(6), 1).to_event(1))
    fold, tmax, cmax, alpha, share, beta = jnp.exp(mu + sd * z).T[:, :, None]
    rise = jnp.log(fold) / tmax * jnp.minimum(t, tmax)
    since = jnp.maximum(t - tmax, 0)
    share = jnp.minimum(share, 0.999)
    left = (1 - share) * jnp.exp(-alpha * since) + share * jnp.exp(-beta * since)
    f = jnp.log(cmax) - jnp.log(fold) + rise + jnp.log(left)
    each = jnp.where(below, norm.logcdf(log_y, f, sigma), norm.logpdf(log_y, f, sigma))
    numpyro.factor("samples", each.sum())


def run(study: Any, middle: np.ndarray, warmup: int, draws: int, seed: int) -> dict[str, Any]:
    """Posterior means of mu and sd, and the smallest effective number of draws among them."""
    sampler = MCMC(NUTS(model), num_warmup=warmup, num_samples=draws, progress_bar=False)
    sampler.run(
        jax.random.PRNGKey(seed), jnp.array(study.times[:1]), jnp.log(jnp.array(study.values)),
        jnp.array(study.censored), jnp.array(middle),
    )  # fmt: skip
    found = sampler.get_samples(group_by_chain=True)
    effective = min(
        float(numpyro.diagnostics.effective_sample_size(np.asarray(found[k])).min())
        for k in ("mu", "sd")
    )
    return {"mu": np.asarray(found["mu"]).mean(axis=(0, 1)), "effective": effective}
