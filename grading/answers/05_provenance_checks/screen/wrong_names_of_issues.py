# hint: unknown_reason
def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    return [str(issue) for issue in result.issues if issue.severity is Severity.ERROR]
