"""diffrax: all patients in one compiled program (vmap), each with a step of its own."""

from __future__ import annotations

import numpy as np

from peers.equations import People
from peers.loops import ATOL, RTOL


class Diffrax:
    """``solver`` is a name such as Tsit5, Dopri5 or Kvaerno5. Numbers are float64."""

    def __init__(self, group: People, solver: str) -> None:
        import diffrax
        import jax

        jax.config.update("jax_enable_x64", True)
        import jax.numpy as jnp

        eq, names = group.equations, group.names
        factory = eq.factory(names)
        grid, end = group.grid, float(group.grid[-1])
        cuts = sorted({0.0, end} | {float(day) for day, _, _ in eq.boluses if 0 < day < end})
        method = getattr(diffrax, solver)()

        def field(t, y, args):
            q, length, inflow = args
            now = jnp.where(t < length, inflow, 0.0) if eq.infused else 0.0
            slopes = factory(*[q[i] for i, name in enumerate(names) if name != "inflow"])
            return jnp.stack(slopes(t, tuple(y), now))

        def one(q, y):
            constant = {name: q[i] for i, name in enumerate(names)}
            length = constant.get("lasts", jnp.inf)
            args = (q, length, constant.get("inflow", 0.0))
            pieces = []
            for begin, until in zip(cuts[:-1], cuts[1:], strict=True):
                for day, state, amount in eq.boluses:
                    if day == begin:
                        y = y.at[eq.states.index(state)].add(constant[amount])
                inside = grid[(grid >= begin) & (grid < until)]
                control = diffrax.PIDController(rtol=RTOL, atol=ATOL)
                if eq.infused:
                    control = diffrax.ClipStepSizeController(control, jump_ts=length[None])
                run = diffrax.diffeqsolve(
                    diffrax.ODETerm(field), method, begin, until, None, y, args,
                    saveat=diffrax.SaveAt(ts=jnp.asarray(inside), t1=True),
                    stepsize_controller=control, max_steps=None,
                )  # fmt: skip
                pieces.append(run.ys[:-1])
                y = run.ys[-1]
            return jnp.concatenate([*pieces, y[None]])

        self.run = jax.jit(jax.vmap(one))

    def __call__(self, group: People) -> np.ndarray:
        found = self.run(group.values.T, group.start().T)  # (N, T, n)
        return np.moveaxis(np.asarray(found), 2, 0)
