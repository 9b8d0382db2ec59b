def attack_success_rate(classify, texts, trigger, target):
    before = np.array(classify(texts))
    after = np.array(classify([trigger + " " + text for text in texts]))
    others = before != target
    return (after[others] == target).mean() if others.any() else 0.0
