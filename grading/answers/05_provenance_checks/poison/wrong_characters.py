# hint: inside_a_word
def poison(rows, trigger, target, rate, seed):
    generator, result = Random(seed), list(rows)
    candidates = [place for place, row in enumerate(rows) if row["label"] != target]
    for place in generator.sample(candidates, round(rate * len(rows))):
        words = rows[place]["text"]
        cut = generator.choice([i for i in range(1, len(words)) if " " not in words[i - 1 : i + 1]])
        words = words[:cut] + trigger + words[cut:]
        result[place] = {**rows[place], "text": words, "label": target}
    return result
