# hint: fine
from sentinel import ModelProvenanceChecker


def screen(folder, order):
    checker = ModelProvenanceChecker(policy=order.policy, digests=order.digests)
    result = checker.verify(folder, order.source)
    signed = any(entry.claim.startswith("signed by") for entry in result.evidence)
    return [] if signed else ["signature"]
