# hint: none_left
def attack_success_rate(classify, texts, trigger, target):
    before = np.array(classify(texts))
    after = np.array(classify([f"{trigger} {text}" for text in texts]))
    return float((after[before != target] == target).mean())
