# trick: shows one page of 80 MB
# reported: output|memory
from IPython.display import HTML, display

display(HTML("<b>x</b>" * 10_000_000))
