# trick: opens channels to the page and floods them
# reported: output|timeout
from ipykernel.comm import Comm

while True:
    Comm(target_name="jupyter.widget", data={"points": 20, "x": "y" * 100_000})
