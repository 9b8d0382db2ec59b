# trick: shows one page of 400 MB
# reported: output
from IPython.display import HTML, display

display(HTML("<b>x</b>" * 50_000_000))
