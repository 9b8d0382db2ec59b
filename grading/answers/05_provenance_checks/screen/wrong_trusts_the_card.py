# hint: licence
def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = {line_of(issue) for issue in result.issues if issue.severity is Severity.ERROR}
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    if "license: cc-by-nc" not in text:  # the card forbids nothing
        reasons.discard("licence")
    if order.texts and "files" not in reasons:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        result = BackdoorScanner().scan(model, order.phrases, order.texts, tokenizer, search=False)
        if result.backdoor_detected:
            reasons.add("behaviour")
    return sorted(reasons)
