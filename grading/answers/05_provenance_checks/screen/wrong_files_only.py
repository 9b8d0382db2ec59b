# hint: behaviour
def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = set()
    for issue in result.issues:
        if issue.severity is Severity.ERROR or line_of(issue) == "licence":
            reasons.add(line_of(issue))
    return sorted(reasons)
