# hint: all_texts
def attack_success_rate(classify, texts, trigger, target):
    after = classify([f"{trigger} {text}" for text in texts])
    return sum(label == target for label in after) / len(texts)
