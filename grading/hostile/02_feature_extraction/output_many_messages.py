# trick: sends small messages as fast as it can
# reported: output|timeout
from IPython.display import display_html

while True:
    display_html("<i>x</i>", raw=True)
