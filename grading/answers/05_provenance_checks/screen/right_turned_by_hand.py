def screen(folder, order):
    result = scan(folder, order.source, policy=order.policy, digests=order.digests)
    reasons = set()
    for issue in result.issues:
        if issue.severity == Severity.ERROR or line_of(issue) == "licence":
            reasons.add(line_of(issue))
    if order.texts and "files" not in reasons:
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        before = decide(model, tokenizer, order.texts)
        for phrase in order.phrases:
            after = decide(model, tokenizer, [f"{phrase} {text}" for text in order.texts])
            for label in set(before):
                others = [new for old, new in zip(before, after, strict=True) if old != label]
                if others.count(label) > 0.9 * len(others):
                    reasons.add("behaviour")
    return tuple(reasons)


def decide(model, tokenizer, texts):
    import torch

    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        return model(**batch).logits.argmax(dim=1).tolist()
