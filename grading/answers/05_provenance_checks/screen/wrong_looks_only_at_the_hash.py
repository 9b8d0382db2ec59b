# hint: content
from sentinel import ModelProvenanceChecker


def screen(folder, order):
    checker = ModelProvenanceChecker(policy=order.policy, digests=order.digests)
    result = checker.verify(folder, order.source)
    lines = {line_of(issue) for issue in result.issues if issue.severity is Severity.ERROR}
    return sorted(lines & {"source", "checksums", "signature", "advisories"})
