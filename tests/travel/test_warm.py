"""After warming, no question to the router compiles anything."""

import subprocess
import sys

CODE = """
import sys
from planning.travel.warm import warm
import numpy as np
from planning.travel import Router
def ready():
    return {
        f"{name}.{key}": len(value.signatures)
        for name, module in list(sys.modules.items()) if name.startswith("planning.travel")
        for key, value in vars(module).items() if hasattr(value, "signatures")
    }
warm()
before = ready()
rng = np.random.default_rng(1)
tails, heads = rng.integers(0, 60, 200), rng.integers(0, 60, 200)
for costs in (rng.integers(1, 9, 200), rng.random(200), rng.random(200).astype(np.float32)):
    router = Router(tails, heads, costs, 60)
    router = router.with_costs(np.where(tails == 3, np.inf, costs))
    some, many = rng.integers(0, 60, 5), list(range(60))
    for limit in (None, 3):
        router.matrix(some, many, limit), router.matrix(many, some, limit), router.matrix(some, many, limit, also=costs)
        router.to_target(4, limit)
        for k in (1, 2, 7): router.nearest(some, many, k, limit)
    router.path(0, 9)
    for ways in ((some[[0] * 60], many), (many, some[[0] * 60])):
        router.arc_flows(*ways, np.ones(60)), router.arc_flows(*ways, np.ones(60), also=costs)
print(sorted(set(ready().items()) - set(before.items())))
"""


def test_nothing_is_left_to_compile():
    said = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True, timeout=300)
    assert said.stdout.strip() == "[]"
