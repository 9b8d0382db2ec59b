from sentinel import ModelProvenanceChecker, WeightIntegrityValidator


def screen(folder, order):
    checker = ModelProvenanceChecker(policy=order.policy, digests=order.digests)
    issues = list(checker.verify(folder, order.source).issues)
    issues += WeightIntegrityValidator().validate(folder).issues
    issues += scan(folder, order.source, policy=order.policy, digests=order.digests).issues
    reasons = []
    for issue in issues:
        line = line_of(issue)
        if (issue.severity >= Severity.ERROR or line == "licence") and line not in reasons:
            reasons.append(line)
    if "files" in reasons or len(order.texts) == 0:
        return reasons
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    result = BackdoorScanner().scan(model, order.phrases, order.texts, tokenizer, search=False)
    return [*reasons, "behaviour"] if result.backdoor_detected else reasons
