# trick: ends the kernel in the middle of the notebook
# reported: died
import os

os._exit(0)
