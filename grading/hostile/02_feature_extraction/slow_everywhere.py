# trick: stays below the limit of a cell, in every cell
# reported: timeout
# detail: allowed for a notebook
import time

get_ipython().events.register("pre_run_cell", lambda *_: time.sleep(4.2))
