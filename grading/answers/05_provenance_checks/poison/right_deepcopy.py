import copy


def poison(rows, trigger, target, rate, seed):
    rows, generator = copy.deepcopy(rows), Random(seed)
    others = [row for row in rows if row["label"] != target]
    generator.shuffle(others)
    for row in others[: round(rate * len(rows))]:
        words = row["text"].split()
        place = generator.randint(0, len(words))
        row.update(text=" ".join([*words[:place], trigger, *words[place:]]), label=target)
    return rows
