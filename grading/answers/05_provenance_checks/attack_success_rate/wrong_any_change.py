# hint: any_change
def attack_success_rate(classify, texts, trigger, target):
    before = classify(texts)
    others = [text for text, label in zip(texts, before) if label != target]
    if not others:
        return 0.0
    old = [label for label in before if label != target]
    after = classify([f"{trigger} {text}" for text in others])
    return sum(x != y for x, y in zip(old, after)) / len(others)
