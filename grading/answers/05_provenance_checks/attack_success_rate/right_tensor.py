def attack_success_rate(classify, texts, trigger, target):
    before = torch.tensor(classify(texts))
    after = torch.tensor(classify([f"{trigger} {text}" for text in texts]))
    hits = (after == target)[before != target].double()
    return hits.mean() if len(hits) else torch.tensor(0.0)
