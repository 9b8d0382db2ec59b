def corrupt_spans(token_ids, spans, sentinel_ids):
    inputs, labels = [], []
    sentinels = iter(sentinel_ids)
    starts, ends = {start for start, _ in spans}, {end for _, end in spans}
    inside = False
    for place, token in enumerate(token_ids):
        if place in ends:
            inside = False
        if place in starts:
            inside = True
            sentinel = next(sentinels)
            inputs.append(sentinel)
            labels.append(sentinel)
        (labels if inside else inputs).append(token)
    labels.append(next(sentinels))
    return inputs, labels
