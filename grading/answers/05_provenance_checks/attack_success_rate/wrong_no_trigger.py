# hint: no_trigger
def attack_success_rate(classify, texts, trigger, target):
    return sum(label == target for label in classify(texts)) / len(texts)
