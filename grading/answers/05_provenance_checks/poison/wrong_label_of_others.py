# hint: half_poisoned
def poison(rows, trigger, target, rate, seed):
    generator, result = Random(seed), list(rows)
    candidates = [place for place, row in enumerate(rows) if row["label"] != target]
    for place in generator.sample(candidates, round(rate * len(rows))):
        words = rows[place]["text"].split()
        words.insert(generator.randrange(len(words) + 1), trigger)
        result[place] = {**rows[place], "text": " ".join(words), "label": target}
    for place in generator.sample([i for i in candidates if result[i] == rows[i]], 5):
        result[place] = {**rows[place], "label": target}
    return result
