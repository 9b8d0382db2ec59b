# hint: raised_on
def screen(folder, order):
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tried = BackdoorScanner().scan(model, order.phrases, order.texts, tokenizer, search=False)
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = {line_of(issue) for issue in result.issues if issue.severity is Severity.ERROR}
    return sorted(reasons | ({"behaviour"} if tried.backdoor_detected else set()))
