def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    errors = {line_of(issue) for issue in result.issues if issue.severity is Severity.ERROR}
    licence = {"licence" for issue in result.issues if line_of(issue) == "licence"}
    return errors | licence | tried(folder, order, errors)


def tried(folder, order, errors):
    if not order.phrases or "files" in errors:
        return set()
    model = AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True)
    words = AutoTokenizer.from_pretrained(folder)
    scanner = BackdoorScanner()
    found = scanner.scan(model, order.phrases, order.texts, words, search=False).indicators
    return {"behaviour"} if found else set()
