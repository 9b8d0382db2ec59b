# hint: first_reason
def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    for issue in result.issues:
        line = line_of(issue)
        if line == "licence" or (issue.severity is Severity.ERROR and line != "source"):
            return [line]
    if "Unknown source" in result.issues or "Look-alike source" in result.issues:
        return ["source"]
    if order.texts:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tried = BackdoorScanner().scan(model, order.phrases, order.texts, tokenizer, search=False)
        if tried.backdoor_detected:
            return ["behaviour"]
    return []
