# hint: permitted
def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = {line_of(issue) for issue in result.issues if issue.severity is Severity.ERROR}
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    known = ("apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0")
    if not any(f"license: {name}" in text for name in known):
        reasons.add("licence")
    if order.texts and "files" not in reasons:
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        result = BackdoorScanner().scan(model, order.phrases, order.texts, tokenizer, search=False)
        if result.backdoor_detected:
            reasons.add("behaviour")
    return sorted(reasons)
