# hint: refuses_all
def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = {line_of(issue) for issue in result.issues}
    return sorted(reasons) or ["behaviour"]
