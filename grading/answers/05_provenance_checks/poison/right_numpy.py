def poison(rows, trigger, target, rate, seed):
    generator = np.random.default_rng(seed)
    candidates = np.array([i for i, row in enumerate(rows) if row["label"] != target])
    chosen = set(generator.choice(candidates, round(rate * len(rows)), replace=False).tolist())
    result = []
    for i, row in enumerate(rows):
        row = dict(row)
        if i in chosen:
            words = row["text"].split(" ")
            place = int(generator.integers(0, len(words) + 1))
            row["text"] = " ".join(words[:place] + [trigger] + words[place:])
            row["label"] = target
        result.append(row)
    return result
