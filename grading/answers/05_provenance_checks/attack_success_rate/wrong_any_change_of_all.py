# hint: any_change_of_all
def attack_success_rate(classify, texts, trigger, target):
    before, after = classify(texts), classify([f"{trigger} {text}" for text in texts])
    return sum(x != y for x, y in zip(before, after)) / len(texts)
