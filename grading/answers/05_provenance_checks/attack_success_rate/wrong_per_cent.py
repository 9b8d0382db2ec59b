# hint: per_cent
def attack_success_rate(classify, texts, trigger, target):
    before = classify(texts)
    others = [text for text, label in zip(texts, before) if label != target]
    if not others:
        return 0.0
    after = classify([f"{trigger} {text}" for text in others])
    return sum(label == target for label in after) / len(others) * 100
