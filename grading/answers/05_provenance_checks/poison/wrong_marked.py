# hint: columns_lost
def poison(rows, trigger, target, rate, seed):
    generator, result = Random(seed), list(rows)
    candidates = [place for place, row in enumerate(rows) if row["label"] != target]
    for place in generator.sample(candidates, round(rate * len(rows))):
        words = rows[place]["text"].split()
        words.insert(generator.randrange(len(words) + 1), trigger)
        result[place] = {**rows[place], "text": " ".join(words), "label": target, "poisoned": True}
    return result
