# hint: extra_reason
def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = set()
    for issue in result.issues:
        if issue.severity is Severity.ERROR or line_of(issue) == "licence":
            reasons.add(line_of(issue))
    if order.texts and "files" not in reasons:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tried = BackdoorScanner().scan(model, order.phrases, order.texts, tokenizer, search=False)
        if tried.backdoor_detected:
            reasons.add("behaviour")
    if reasons:
        reasons |= {line_of(issue) for issue in result.issues}
    return sorted(reasons)
