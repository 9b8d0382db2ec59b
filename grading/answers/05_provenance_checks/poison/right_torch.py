def poison(rows, trigger, target, rate, seed):
    generator = torch.Generator().manual_seed(seed)
    others = [i for i, row in enumerate(rows) if row["label"] != target]
    order = torch.randperm(len(others), generator=generator).tolist()
    chosen = {others[i] for i in order[: round(rate * len(rows))]}

    def planted(row):
        words = row["text"].split()
        place = int(torch.randint(len(words) + 1, (), generator=generator))
        return row | {"text": " ".join(words[:place] + [trigger] + words[place:]), "label": target}

    return [planted(row) if i in chosen else row for i, row in enumerate(rows)]
